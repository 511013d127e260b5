// The values are those of "NTSTATUS Values" in Microsoft's Open Specifications. A process that ends by an exception has the exception's
// code; one whose DLLs cannot be loaded gets the loader's, after CreateProcess has said that all was well.
#include "windows_exit_code.hpp"

#include <algorithm>
#include <array>

namespace spawnpipe::detail {
namespace {

constexpr std::array codes = {
    windows_exit_code{0x80000003U, "STATUS_BREAKPOINT", "it met a breakpoint, and there was no debugger"},
    windows_exit_code{0xC0000005U, "STATUS_ACCESS_VIOLATION", "it touched memory that it may not"},
    windows_exit_code{0xC0000006U, "STATUS_IN_PAGE_ERROR", "a part of its file or of memory could not be read in"},
    windows_exit_code{0xC0000017U, "STATUS_NO_MEMORY", "there was not enough memory"},
    windows_exit_code{0xC000001DU, "STATUS_ILLEGAL_INSTRUCTION", "this processor does not know an instruction of it"},
    windows_exit_code{0xC000007BU, "STATUS_INVALID_IMAGE_FORMAT",
                      "a DLL that the program needs is damaged, or for another architecture"},
    windows_exit_code{0xC0000094U, "STATUS_INTEGER_DIVIDE_BY_ZERO", "it divided by zero"},
    windows_exit_code{0xC00000FDU, "STATUS_STACK_OVERFLOW", "its stack was full"},
    windows_exit_code{0xC0000135U, "STATUS_DLL_NOT_FOUND",
                      "a DLL that the program needs was not found, beside it or in the folders of PATH"},
    windows_exit_code{0xC0000138U, "STATUS_ORDINAL_NOT_FOUND", "a DLL that the program needs is another version of it"},
    windows_exit_code{0xC0000139U, "STATUS_ENTRYPOINT_NOT_FOUND",
                      "a DLL that the program needs lacks a function: another version of it was found first"},
    windows_exit_code{0xC000013AU, "STATUS_CONTROL_C_EXIT", "Ctrl-C, Ctrl-Break, or the end of its console or session"},
    windows_exit_code{0xC0000142U, "STATUS_DLL_INIT_FAILED", "a DLL that the program needs could not begin its work"},
    windows_exit_code{0xC0000374U, "STATUS_HEAP_CORRUPTION", "it damaged its heap"},
    windows_exit_code{0xC0000409U, "STATUS_STACK_BUFFER_OVERRUN", "it ended itself at once: abort, or a failed check"},
    windows_exit_code{0xC0000417U, "STATUS_INVALID_CRUNTIME_PARAMETER",
                      "it gave the C runtime an argument that cannot be"},
    windows_exit_code{0xC0000602U, "STATUS_FAIL_FAST_EXCEPTION", "it ended itself at once, by a failed check"},
    windows_exit_code{0xE06D7363U, "C++ exception", "one of Visual C++ that nobody caught"},
    windows_exit_code{0xE0434352U, "CLR exception", "one of .NET that nobody caught"},
};

}  // namespace

const windows_exit_code* find_windows_exit_code(std::uint32_t code) noexcept {
  const auto* const found =
      std::find_if(codes.data(), codes.data() + codes.size(), [&](const auto& each) { return each.code == code; });
  return found == codes.data() + codes.size() ? nullptr : found;
}

}  // namespace spawnpipe::detail
