// A host without the rights of root, for a scenario.
#ifndef SPAWNPIPE_TESTS_POSIX_OWN_FOLDER_HPP
#define SPAWNPIPE_TESTS_POSIX_OWN_FOLDER_HPP

#include "../children.hpp"
#include "../scenario.hpp"

#include <filesystem>
#include <string>
#include <string_view>

#include <unistd.h>

namespace harness {

// The host gives up the rights of root: a folder that is its own then, with the helper program in it.
class own_folder {
 public:
  own_folder() {
    std::filesystem::copy_file(child_program(), program());
    std::filesystem::permissions(program(), std::filesystem::perms{0755});
    constexpr unsigned nobody = 65534;
    if (::geteuid() == 0) EXPECT(::chown(folder_.path().c_str(), nobody, nobody) == 0);
    host_os::drop_rights();
  }

  [[nodiscard]] std::string operator/(std::string_view name) const { return folder_ / name; }
  [[nodiscard]] std::string program() const { return folder_ / "child"; }

 private:
  temp_dir folder_;
};

}  // namespace harness

#endif
