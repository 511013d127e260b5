// Who inside lib/ wants to hear of progress at once, also during blocking calls: a job, of its child and its streams.
#ifndef SPAWNPIPE_LIB_PROGRESS_LISTENER_HPP
#define SPAWNPIPE_LIB_PROGRESS_LISTENER_HPP

namespace spawnpipe::detail {

class progress_listener {
 public:
  /// Something moved: bytes came or went, a stream or the child ended. Look.
  virtual void progress() noexcept = 0;

 protected:
  ~progress_listener() = default;
};

}  // namespace spawnpipe::detail

#endif
