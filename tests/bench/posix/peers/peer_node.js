#!/usr/bin/env node
// child_process of Node: spawn() and the events of the child and its streams. Speaks the protocol of driver.hpp by itself.
//
//   node peer_node.js BENCH_CHILD
//
// Node cannot pin itself: taskset does it, for the thread that runs this, where there is one. Node raises its limit of descriptors
// when it starts, and has no way to set it.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const readline = require('node:readline');
const v8 = require('node:v8');
const vm = require('node:vm');

const child_program = process.argv[2];
const child_line = 'a short line\n';
const child_cpu = '1';

class Unsupported extends Error {}

function expect(holds, what) {
  if (!holds) throw new Error(what);
}

const now = () => Number(process.hrtime.bigint()) / 1e9;

function taskset(...args) {
  return spawnSync('taskset', ['-p', ...args, String(process.pid)], { encoding: 'utf8' }).stdout ?? '';
}

async function on_first_processor(act) {
  const before = taskset().match(/: ([0-9a-f,]+)\s*$/)?.[1];
  if (before) taskset('1');
  try {
    return await act();
  } finally {
    if (before) taskset(before);
  }
}

function memory_of(field) {
  return Number(fs.readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${field}:\\s+(\\d+)`, 'm'))[1]);
}

// What a child ends with: its exit, and with 'close' the end of its streams too.
function end_of(child, event = 'close') {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once(event, (code) => resolve(code));
  });
}

function expect_success(code) {
  expect(code === 0, 'the child did not succeed');
}

function start(args, ...stdio) {
  return spawn(child_program, args, { stdio });
}

// The median time of one, in microseconds.
async function each(count, act) {
  const times = [];
  for (let i = 0; i < count; ++i) {
    const began = now();
    await act();
    times.push((now() - began) * 1e6);
  }
  times.sort((one, other) => one - other);
  return times[Math.floor(times.length / 2)];
}

async function spawn_one() {
  expect_success(await end_of(start(['exit'], 'ignore', 'ignore', 'ignore')));
}

async function capture_one() {
  const child = start(['line'], 'ignore', 'pipe', 'pipe');
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.resume();
  expect_success(await end_of(child));
  return Buffer.concat(chunks).toString();
}

async function expect_line() {
  expect((await capture_one()) === child_line, 'the line is another one');
}

async function stream(total, block) {
  return on_first_processor(async () => {
    const began = now();
    const child = start(['write', total, block, child_cpu], 'ignore', 'pipe', 'ignore');
    let came = 0;
    child.stdout.on('data', (chunk) => { came += chunk.length; });
    expect_success(await end_of(child));
    expect(came === Number(total), 'bytes are missing');
    return came / 1e9 / (now() - began);
  });
}

let input = Buffer.alloc(0);

// Keeps what echo() feeds, and says how much that is.
function input_of(total) {
  if (input.length !== Number(total)) input = Buffer.alloc(Number(total), 'x');
  return input.length;
}

async function echo(total) {
  input_of(total);
  return on_first_processor(async () => {
    const began = now();
    const child = start(['cat', child_cpu], 'pipe', 'pipe', 'ignore');
    let came = 0;
    child.stdout.on('data', (chunk) => { came += chunk.length; });
    child.stdin.end(input);
    expect_success(await end_of(child));
    expect(came === Number(total), 'bytes are missing');
    return came / 1e9 / (now() - began);
  });
}

async function ping(rounds) {
  return on_first_processor(async () => {
    const child = start(['cat'], 'pipe', 'pipe', 'ignore');
    const ended = end_of(child);
    const marks = [];
    let good = true;
    let turns = 0;
    child.stdout.on('data', (chunk) => {
      good &&= chunk.length === 1;
      ++turns;
      if (turns === 100 || turns === 100 + rounds) marks.push(now());
      if (turns === 100 + rounds) child.stdin.end();
      else child.stdin.write('x');
    });
    child.stdin.write('x');
    expect_success(await ended);
    expect(good && turns === 100 + rounds, 'the byte did not come back');
    return ((marks[1] - marks[0]) * 1e6) / rounds;
  });
}

async function many(count, width) {
  const began = now();
  let started = 0;
  let right = 0;
  const worker = async () => {
    while (started < count) {
      ++started;
      if ((await capture_one()) === child_line) ++right;
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  expect(right === count, 'not every child was right');
  return count / (now() - began);
}

function cpu_time() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function alive(count, samples) {
  let ended = 0;
  let told = () => {};
  const exits = [];
  const children = [];
  for (let i = 0; i < count; ++i) {
    const child = start(['wait'], 'pipe', 'ignore', 'ignore');
    child.once('exit', (code) => {
      if (code === 0) ++ended;
      told();
    });
    exits.push(end_of(child));
    children.push(child);
  }
  await new Promise(setImmediate);
  const began = cpu_time();
  for (let i = 0; i < samples; ++i) {
    const next = new Promise((resolve) => { told = resolve; });
    children[i].stdin.end();
    await next;
  }
  const used = cpu_time() - began;
  const ended_then = ended;
  for (const child of children) child.stdin.end();
  await Promise.all(exits);
  expect(ended_then === samples, 'another child ended');
  return used / samples;
}

async function hold(count) {
  const before = memory_of('VmRSS');
  const children = [];
  const exits = [];
  for (let i = 0; i < count; ++i) {
    const child = start(['wait'], 'pipe', 'pipe', 'pipe');
    child.stdout.resume();
    child.stderr.resume();
    exits.push(end_of(child));
    children.push(child);
  }
  await new Promise(setImmediate);
  const held = memory_of('VmRSS');
  for (const child of children) child.stdin.end();
  const codes = await Promise.all(exits);
  expect(codes.every((code) => code === 0), 'not every child succeeded');
  return (held - before) / count;
}

v8.setFlagsFromString('--expose-gc');
const collect_garbage = vm.runInNewContext('gc');
let taken = [];

// Memory that a fork would have to copy the tables of. Node cannot say that it wants no huge pages.
async function memory(mebibytes) {
  taken = [];
  collect_garbage();
  for (let left = mebibytes; left > 0; left -= 256) {
    const part = Buffer.allocUnsafeSlow(Math.min(left, 256) * 1024 * 1024);
    for (let at = 0; at < part.length; at += 4096) part[at] = 1;
    taken.push(part);
  }
  return mebibytes;
}

let opened = [];

async function open_descriptors(count) {
  opened.forEach((descriptor) => fs.closeSync(descriptor));
  opened = [];
  while (opened.length < count) opened.push(fs.openSync('/dev/null'));
  return count;
}

async function limit(how) {
  const [, soft, hard] = fs.readFileSync('/proc/self/limits', 'utf8').match(/^Max open files\s+(\S+)\s+(\S+)/m);
  if ((how === 'highest' ? hard : how) !== soft) throw new Unsupported();
  return Number(soft);
}

// The peak of this process's memory while it does the request, over what it had before, in KiB.
async function peak(...request) {
  fs.writeFileSync('/proc/self/clear_refs', '5');
  const before = memory_of('VmRSS');
  await answer(request);
  return memory_of('VmHWM') - before;
}

const requests = {
  memory: (mebibytes) => memory(Number(mebibytes)),
  open: (count) => open_descriptors(Number(count)),
  limit,
  peak,
  input: input_of,
  hold: (count) => hold(Number(count)),
  spawn: (count) => each(Number(count), spawn_one),
  capture: (count) => each(Number(count), expect_line),
  stream,
  echo,
  ping: (rounds) => ping(Number(rounds)),
  many: (count, width) => many(Number(count), Number(width)),
  alive: (count, samples) => alive(Number(count), Number(samples)),
};

async function answer(words) {
  expect(Object.hasOwn(requests, words[0]), `no such request: ${words.join(' ')}`);
  return requests[words[0]](...words.slice(1));
}

async function main() {
  for await (const request of readline.createInterface({ input: process.stdin })) {
    try {
      console.log(String(Number((await answer(request.split(' '))).toPrecision(9))));
    } catch (wrong) {
      console.log(wrong instanceof Unsupported ? 'unsupported' : `wrong ${wrong.message}`);
    }
  }
}

main();
