// All of spawnpipe that is portable, but for <spawnpipe/stop_token.hpp>, which is dear to include.
#ifndef SPAWNPIPE_SPAWNPIPE_HPP
#define SPAWNPIPE_SPAWNPIPE_HPP

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/child.hpp>
#include <spawnpipe/command.hpp>
#include <spawnpipe/deadline.hpp>
#include <spawnpipe/environment.hpp>
#include <spawnpipe/error.hpp>
#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/exit_status.hpp>
#include <spawnpipe/forward_interrupts.hpp>
#include <spawnpipe/fwd.hpp>
#include <spawnpipe/observer.hpp>
#include <spawnpipe/pipe_reader.hpp>
#include <spawnpipe/pipe_writer.hpp>
#include <spawnpipe/resource_usage.hpp>
#include <spawnpipe/result.hpp>
#include <spawnpipe/run.hpp>
#include <spawnpipe/stdio.hpp>
#include <spawnpipe/stop_policy.hpp>
#include <spawnpipe/trace_events.hpp>
#include <spawnpipe/which.hpp>

#endif
