// The page of a timeline: HTML, CSS and a script, all in one file, so that it can be sent around and opened without a
// network. In pieces, because compilers need not take longer strings.
#include "timeline.hpp"

namespace timeline_page {

const std::string_view before_title = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>)";

const std::string_view style = R"(</title>
<style>
:root {
  --page: #fcfcfb; --panel: #f2f1ee; --text: #1d1d1b; --quiet: #5d5c57; --line: #d8d6d0;
  --idle: #b9d3f0; --busy: #7fb0e6; --on-bar: #0d2238; --edge: #4f86c2;
  --failed: #f6b7ae; --failed-edge: #b3261e; --on-failed: #4a0904;
  --stopped: #dcd9d2; --stopped-edge: #77746b; --focus: #1a1a18;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #191918; --panel: #242422; --text: #ecebe6; --quiet: #a9a79f; --line: #3a3935;
    --idle: #23405f; --busy: #34689c; --on-bar: #e9f2fc; --edge: #6ea5dd;
    --failed: #6b211b; --failed-edge: #ff8a7d; --on-failed: #ffe4e0;
    --stopped: #403f3a; --stopped-edge: #a09d92; --focus: #ffffff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 1rem 1.25rem 2rem; background: var(--page); color: var(--text);
  font: 14px/1.45 system-ui, sans-serif;
}
h1 { margin: 0 0 .25rem; font-size: 1.25rem; }
#summary { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0 .75rem; padding: 0; list-style: none; }
#summary b { font-variant-numeric: tabular-nums; }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin-bottom: .5rem; }
.tools button, .tools input {
  min-height: 2rem; padding: 0 .7rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--panel); color: inherit; font: inherit;
}
.tools input { min-width: 14rem; }
.legend { margin-left: auto; color: var(--quiet); }
.legend i {
  display: inline-block; width: .9rem; height: .9rem; margin: 0 .25rem 0 .75rem; border: 1px solid var(--edge);
  border-radius: 3px; vertical-align: -2px;
  background: linear-gradient(to top, var(--busy) 60%, var(--idle) 0);
}
.legend .failed { border-color: var(--failed-edge); background: var(--failed); }
.legend .stopped { border-color: var(--stopped-edge); background: var(--stopped); }
#chart { position: relative; max-height: 62vh; overflow: auto; border: 1px solid var(--line); border-radius: 6px; }
#track { position: relative; min-width: 100%; }
#axis {
  position: sticky; top: 0; z-index: 3; overflow: hidden; height: 1.5rem; border-bottom: 1px solid var(--line);
  background: var(--panel);
}
.tick {
  position: absolute; top: 0; padding: .15rem 0 0 .25rem; border-left: 1px solid var(--line); height: 1.5rem;
  color: var(--quiet); font-size: 12px; white-space: nowrap;
}
.row { position: relative; height: 1.75rem; border-bottom: 1px solid var(--line); }
.slot {
  position: sticky; left: 0; z-index: 2; display: inline-block; width: 2.25rem; height: 100%;
  padding: .2rem .4rem; background: var(--panel); color: var(--quiet); text-align: right;
  font-variant-numeric: tabular-nums;
}
.lane { position: absolute; inset: 0 0 0 2.25rem; }
.bar {
  position: absolute; top: 2px; bottom: 2px; min-width: 3px; padding: 0 0 0 4px; overflow: hidden;
  border: 1px solid var(--edge); border-radius: 3px; color: var(--on-bar); font: 12px/1 system-ui, sans-serif;
  text-align: left; text-overflow: ellipsis; white-space: nowrap; cursor: pointer;
  background: linear-gradient(to top, var(--busy) calc(var(--cpu, 0) * 100%), var(--idle) 0);
}
.bar.narrow { padding: 0; color: transparent; }
.bar.failed {
  border-color: var(--failed-edge); border-width: 2px; background: var(--failed); color: var(--on-failed);
  font-weight: 600;
}
.bar.stopped {
  border-color: var(--stopped-edge); border-style: dashed; background: var(--stopped); color: var(--text);
}
.bar:hover, .bar[aria-pressed=true] { z-index: 1; filter: brightness(1.08); box-shadow: 0 0 0 1px var(--focus); }
.bar:focus-visible { z-index: 1; outline: 2px solid var(--focus); outline-offset: 1px; }
.bar.dim { opacity: .2; }
#details { min-height: 9.5rem; margin-top: .75rem; padding: .75rem 1rem; border-radius: 6px; background: var(--panel); }
#details h2 { margin: 0 0 .25rem; font-size: 1rem; overflow-wrap: anywhere; }
#details p { margin: 0 0 .5rem; }
#details pre {
  margin: 0; max-height: 12rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 12px/1.45 ui-monospace, monospace;
}
.hint { color: var(--quiet); }
details { margin-top: 1rem; }
summary { cursor: pointer; }
table { width: 100%; margin-top: .5rem; border-collapse: collapse; }
th, td {
  padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  font-variant-numeric: tabular-nums; white-space: nowrap;
}
th:first-child, td:first-child, th:last-child, td:last-child {
  text-align: left; overflow-wrap: anywhere; white-space: normal;
}
td.failed { color: var(--failed-edge); font-weight: 600; }
</style>
</head>
)";

const std::string_view body = R"(<body>
<h1 id="title"></h1>
<ul id="summary"></ul>
<div class="tools" role="toolbar" aria-label="Zoom and search">
<button type="button" id="out" aria-label="Zoom out">&minus;</button>
<button type="button" id="fit">Fit</button>
<button type="button" id="in" aria-label="Zoom in">+</button>
<input id="find" type="search" placeholder="Find a command" aria-label="Find a command">
<span id="found" class="hint" role="status"></span>
<span class="legend"><i></i>ran (filled: share of CPU)<i class="failed"></i>failed<i class="stopped"></i>stopped</span>
</div>
<div id="chart" role="group" aria-label="Timeline: a row for each slot, a bar for each command" tabindex="-1">
<div id="track"><div id="axis" aria-hidden="true"></div></div>
</div>
<div id="details" aria-live="polite">
<p class="hint">Point at a bar, or use the arrow keys on one: its times, CPU, memory and command line show here; a click
keeps them. + and &minus; zoom, 0 shows all; Ctrl and the wheel zoom where the pointer is.</p>
</div>
<details id="all"><summary>All commands, the longest first</summary>
<table>
<thead><tr><th scope="col">Command<th scope="col">Slot<th scope="col">Start<th scope="col">Took<th scope="col">CPU
<th scope="col">Peak memory<th scope="col">Status</tr></thead>
<tbody id="rows"></tbody>
</table>
</details>
<noscript><p>This picture is drawn by a script in this file, which the browser has been told not to run.</p></noscript>
<script type="application/json" id="data">)";

const std::string_view script = R"(</script>
<script>
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const byId = (id) => document.getElementById(id);
const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const seconds = (ms) => ms < 1000 ? ms.toFixed(0) + ' ms' : (ms / 1000).toFixed(ms < 100000 ? 2 : 1) + ' s';
const bytes = (count) => {
  if (count === undefined) return 'not known';
  if (count < 1e3) return count + ' B';
  if (count < 1e6) return (count / 1e3).toFixed(0) + ' kB';
  return count < 1e9 ? (count / 1e6).toFixed(1) + ' MB' : (count / 1e9).toFixed(2) + ' GB';
};
const took = (bar) => bar.end - bar.begin;
const cpu = (bar) => bar.user === undefined ? undefined : bar.user + bar.system;
const cpuText = (bar) => cpu(bar) === undefined ? 'not known' : seconds(cpu(bar));
const sum = (values) => values.reduce((all, each) => all + each, 0);

const bars = data.bars;
const first = bars.reduce((least, bar) => Math.min(least, bar.begin), Infinity);
const wall = Math.max(bars.reduce((most, bar) => Math.max(most, bar.end), 0) - (bars.length ? first : 0), 0.001);
const failed = bars.filter((bar) => bar.state === 'failed').length;
const stopped = bars.filter((bar) => bar.state === 'stopped').length;
const known = bars.filter((bar) => cpu(bar) !== undefined);
const allCpu = sum(known.map(cpu));

byId('title').textContent = document.title;
const fact = (name, value) => {
  const item = make('li', '', name + ' ');
  item.append(make('b', '', value));
  byId('summary').append(item);
};
fact('commands', String(bars.length));
fact('failed', String(failed));
if (stopped) fact('stopped', String(stopped));
fact('from first to last', seconds(wall));
if (known.length) {
  fact('CPU', seconds(allCpu));
  fact('CPUs busy on average', (allCpu / wall).toFixed(2));
  fact('most memory in one', bytes(known.reduce((most, bar) => Math.max(most, bar.memory || 0), 0)));
}

// ---- the rows and bars
const chart = byId('chart'), track = byId('track'), axis = byId('axis');
const lanes = [];
for (let slot = 0; slot < data.slots; ++slot) {
  const row = make('div', 'row');
  const lane = make('div', 'lane');
  row.append(make('span', 'slot', String(slot + 1)), lane);
  row.setAttribute('role', 'group');
  row.setAttribute('aria-label', 'slot ' + (slot + 1));
  track.append(row);
  lanes.push({lane, elements: []});
}
const describe = (bar) => bar.label + ', ' + bar.status + ', took ' + seconds(took(bar)) + ', CPU ' + cpuText(bar) +
  ', peak memory ' + bytes(bar.memory);
let pinned = null;
const show = (bar) => {
  const split = cpu(bar) === undefined ? '' : ' (' + seconds(bar.user) + ' user, ' + seconds(bar.system) + ' system)';
  const facts = bar.status + '. Slot ' + (bar.slot + 1) + ', from ' + seconds(bar.begin - first) + ' to ' +
    seconds(bar.end - first) + ', took ' + seconds(took(bar)) + '. CPU ' + cpuText(bar) + split + ', peak memory ' +
    bytes(bar.memory) + ', output ' + bytes(bar.output) + '.';
  byId('details').replaceChildren(make('h2', '', bar.label), make('p', '', facts), make('pre', '', bar.line));
};
const elements = bars.map((bar) => {
  const name = bar.label.slice(bar.label.lastIndexOf('/') + 1);
  const element = make('button', 'bar ' + bar.state, (bar.state === 'failed' ? '\u2715 ' : '') + name);
  element.type = 'button';
  element.tabIndex = -1;
  element.setAttribute('aria-label', describe(bar));
  element.style.left = (bar.begin - first) / wall * 100 + '%';
  element.style.width = took(bar) / wall * 100 + '%';
  if (cpu(bar) > 0 && took(bar) > 0) element.style.setProperty('--cpu', Math.min(1, cpu(bar) / took(bar)).toFixed(3));
  element.addEventListener('pointerenter', () => { if (!pinned) show(bar); });
  element.addEventListener('focus', () => { chosen(element); show(bar); });
  element.addEventListener('click', () => {
    if (pinned) pinned.removeAttribute('aria-pressed');
    pinned = pinned === element ? null : element;
    if (pinned) pinned.setAttribute('aria-pressed', 'true');
    show(bar);
  });
  element.bar = bar;
  lanes[bar.slot].lane.append(element);
  lanes[bar.slot].elements.push(element);
  return element;
});
for (const each of lanes) each.elements.sort((left, right) => left.bar.begin - right.bar.begin);

// ---- one bar is in the order of the tab key; arrows go to the others
let current = null;
const chosen = (element) => {
  if (current) current.tabIndex = -1;
  current = element;
  current.tabIndex = 0;
};
if (elements.length) chosen(lanes.find((each) => each.elements.length).elements[0]);
const nearest = (slot, time) => {
  const distance = (element) => Math.abs(element.bar.begin - time);
  return lanes[slot].elements.reduce((best, each) => !best || distance(each) < distance(best) ? each : best, null);
};
chart.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '+' || event.key === '=') zoomBy(1.5);
  else if (event.key === '-') zoomBy(1 / 1.5);
  else if (event.key === '0') zoomTo(1, 0.5);
  else {
    if (!current) return;
    const row = lanes[current.bar.slot].elements, at = row.indexOf(current);
    let next = null;
    if (event.key === 'ArrowRight') next = row[at + 1];
    else if (event.key === 'ArrowLeft') next = row[at - 1];
    else if (event.key === 'Home') next = row[0];
    else if (event.key === 'End') next = row[row.length - 1];
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const from = current.bar;
      for (let slot = from.slot + step; !next && lanes[slot]; slot += step) next = nearest(slot, from.begin);
    } else return;
    if (next) next.focus();
  }
  event.preventDefault();
});

// ---- zoom
let zoom = 1;
const drawAxis = () => {
  const width = axis.clientWidth - 36, steps = Math.max(1, Math.floor(width / 90));
  const rough = wall / steps, power = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const name = (time) => step < 100 ? time.toFixed(step < 1 ? 2 : 0) + ' ms' :
    (time / 1000).toFixed(step < 1000 ? 1 : 0) + ' s';
  const ticks = [];
  for (let time = 0; time <= wall && ticks.length < 5000; time += step) {
    const tick = make('div', 'tick', name(time));
    tick.style.left = 'calc(2.25rem + (100% - 2.25rem) * ' + time / wall + ')';
    ticks.push(tick);
  }
  axis.replaceChildren(...ticks);
  for (const element of elements) element.classList.toggle('narrow', took(element.bar) / wall * width < 24);
};
const zoomTo = (factor, where) => {
  const before = (chart.scrollLeft + chart.clientWidth * where) / track.offsetWidth;
  zoom = Math.min(Math.max(factor, 1), 2000);
  track.style.width = zoom * 100 + '%';
  chart.scrollLeft = before * track.offsetWidth - chart.clientWidth * where;
  drawAxis();
};
const zoomBy = (factor) => zoomTo(zoom * factor, 0.5);
byId('in').addEventListener('click', () => zoomBy(1.5));
byId('out').addEventListener('click', () => zoomBy(1 / 1.5));
byId('fit').addEventListener('click', () => zoomTo(1, 0.5));
chart.addEventListener('wheel', (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const where = (event.clientX - chart.getBoundingClientRect().left) / chart.clientWidth;
  zoomTo(zoom * Math.exp(-event.deltaY / 400), where);
}, {passive: false});
addEventListener('resize', drawAxis);
drawAxis();

// ---- search, and the table
byId('find').addEventListener('input', (event) => {
  const wanted = event.target.value.toLowerCase();
  let count = 0;
  for (const element of elements) {
    const fits = (element.bar.label + '\n' + element.bar.line).toLowerCase().includes(wanted);
    element.classList.toggle('dim', !fits);
    if (fits) ++count;
  }
  byId('found').textContent = wanted ? count + ' found' : '';
});
const fillTable = () => {
  if (byId('rows').childElementCount) return;
  for (const bar of [...bars].sort((left, right) => took(right) - took(left))) {
    const row = make('tr');
    const times = [seconds(bar.begin - first), seconds(took(bar)), cpuText(bar)];
    const cells = [bar.label, bar.slot + 1, ...times, bytes(bar.memory)];
    row.append(...cells.map((text) => make('td', '', String(text))), make('td', bar.state, bar.status));
    byId('rows').append(row);
  }
};
byId('all').addEventListener('toggle', fillTable);
</script>
</body>
</html>
)";

}  // namespace timeline_page
