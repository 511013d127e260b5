#include "job.hpp"

namespace spawnpipe::platform {
namespace {

bool set_limits(HANDLE job, DWORD flags) noexcept {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags = flags;
  return sys::SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) != FALSE;
}

}  // namespace

unique_handle make_job() noexcept {
  unique_handle job(sys::CreateJobObjectW(nullptr, nullptr));
  if (job && !set_limits(job.get(), JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)) {
    const DWORD code = ::GetLastError();
    job.reset();
    ::SetLastError(code);
  }
  return job;
}

void let_go(HANDLE job) noexcept { set_limits(job, 0); }

}  // namespace spawnpipe::platform
