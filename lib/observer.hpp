// Who inside lib/ wants to hear of progress at once, also during blocking calls: a job, of its child and its streams.
#ifndef SPAWNPIPE_LIB_OBSERVER_HPP
#define SPAWNPIPE_LIB_OBSERVER_HPP

namespace spawnpipe::detail {

class observer {
 public:
  /// Something moved: bytes came or went, a stream or the child ended. Look.
  virtual void progress() noexcept = 0;

 protected:
  ~observer() = default;
};

}  // namespace spawnpipe::detail

#endif
