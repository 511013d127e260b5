#include "job.hpp"

#include <chrono>

namespace spawnpipe::platform {
namespace {

bool set_limits(HANDLE job, DWORD flags) noexcept {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags = flags;
  return sys::SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) != FALSE;
}

bool lists_none(HANDLE job) noexcept {
  JOBOBJECT_BASIC_PROCESS_ID_LIST list = {};
  return sys::QueryInformationJobObject(job, JobObjectBasicProcessIdList, &list, sizeof list, nullptr) != FALSE &&
         list.NumberOfProcessIdsInList == 0;
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

std::optional<job_count> count_of(HANDLE job) noexcept {
  JOBOBJECT_BASIC_ACCOUNTING_INFORMATION facts = {};
  if (sys::QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &facts, sizeof facts, nullptr) ==
      FALSE) {
    return std::nullopt;
  }
  const auto time = [](const LARGE_INTEGER& ticks) { return std::chrono::nanoseconds(ticks.QuadPart * 100); };
  job_count count;
  count.alive = facts.ActiveProcesses;
  count.unlisted = count.alive > 0 && lists_none(job);
  count.used = resource_usage{.user = time(facts.TotalUserTime), .system = time(facts.TotalKernelTime)};
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  if (sys::QueryInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits, nullptr) !=
          FALSE &&
      limits.PeakJobMemoryUsed > 0) {
    count.used.peak_memory = limits.PeakJobMemoryUsed;
  }
  return count;
}

void let_go(HANDLE job) noexcept { set_limits(job, 0); }

}  // namespace spawnpipe::platform
