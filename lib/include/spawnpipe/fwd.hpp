// The names of spawnpipe, declared and no more: for headers that only mention them.
#ifndef SPAWNPIPE_FWD_HPP
#define SPAWNPIPE_FWD_HPP

namespace spawnpipe {

class cancellation;
class child;
class command;
class deadline;
class environment;
class event_loop;
class exit_status;
class forward_interrupts;
class interrupter;
class job;
class pipe_reader;
class pipe_writer;
template <class T>
class result;

struct capture_limit;
struct completed;
struct error;
struct native_handle;
struct resource_usage;
struct run_options;
struct signal_report;
struct stop_policy;
struct stop_report;
struct tree_report;
struct write_books;

enum class ended_by;
enum class errc;
enum class mechanism;
enum class overflow;
enum class process_group;
enum class process_tree;
enum class stage;
enum class stop_phase;

}  // namespace spawnpipe

#endif
