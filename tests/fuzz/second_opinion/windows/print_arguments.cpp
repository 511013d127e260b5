// Prints its arguments, each with a NUL behind it, as the C runtime's start-up code gave them: the helper of the other tests takes its
// line apart for itself.
#include "windows/wtf8.hpp"

#include <cstdio>
#include <string>

#include <fcntl.h>
#include <io.h>

// MinGW's start-up code would expand * and ? that stand outside quotes, which is why none may: left as it is.
extern "C" int wmain(int argc, wchar_t** argv) {
  _setmode(_fileno(stdout), _O_BINARY);
  std::string text;
  for (int index = 1; index < argc; ++index) (text += wtf8::narrow(argv[index])) += '\0';
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
