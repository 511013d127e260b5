#include "process_attributes.hpp"

namespace spawnpipe::platform {

bool process_attributes::create() {
  constexpr DWORD count = 2;
  SIZE_T size = 0;
  sys::InitializeProcThreadAttributeList(nullptr, count, 0, &size);  // fails, and says how much it needs
  if (size == 0) return false;
  memory_.resize(size);
  auto* const list = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data());
  if (sys::InitializeProcThreadAttributeList(list, count, 0, &size) == FALSE) return false;
  list_ = list;
  return true;
}

process_attributes::~process_attributes() {
  if (list_ != nullptr) sys::DeleteProcThreadAttributeList(list_);
}

bool process_attributes::inherit(std::span<HANDLE> handles) noexcept {
  return sys::UpdateProcThreadAttribute(list_, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles.data(),
                                        handles.size_bytes(), nullptr, nullptr) != FALSE;
}

bool process_attributes::born_into(HANDLE& job) noexcept {
  return sys::UpdateProcThreadAttribute(list_, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &job, sizeof job, nullptr, nullptr) !=
         FALSE;
}

}  // namespace spawnpipe::platform
