// A fuzzer's bytes as a file with a path. A real one: HDF5 1.10 asks for the real path of what it opens, which a file
// that lives in memory only (memfd) does not have.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace clientele::test {

class InputFile {
 public:
  InputFile(const uint8_t* data, size_t size)
      : path_((std::filesystem::temp_directory_path() / "clientele-fuzz-XXXXXX").string()) {
    const int descriptor = mkstemp(path_.data());
    while (size > 0) {
      const ssize_t written = write(descriptor, data, size);
      if (written <= 0) abort();  // a full disk must not pass for a clean run
      data += written;
      size -= static_cast<size_t>(written);
    }
    close(descriptor);
  }
  ~InputFile() { unlink(path_.c_str()); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace clientele::test
