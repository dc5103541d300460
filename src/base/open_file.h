// A checked POSIX file descriptor. Every failure is Error{files} that names the path and the system's reason.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "clientele/base/errors.h"

namespace clientele {

/// Error{files} of a system call: what failed, on which path, with the text and a hint for `error_number`.
Error file_error(const std::string& what, const std::filesystem::path& path, int error_number);

class OpenFile {
 public:
  static OpenFile to_read(const std::filesystem::path& path);
  /// Truncates or creates (0666 less the umask).
  static OpenFile to_write(const std::filesystem::path& path);
  /// Writes into what exists.
  static OpenFile to_change(const std::filesystem::path& path);
  static OpenFile folder(const std::filesystem::path& path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  /// 0 at the end of the file.
  size_t read_some(std::span<std::byte> buffer) const;
  void write_all(std::string_view text) const;
  void sync() const;
  /// Some file systems report a failed write only here.
  void close();

 private:
  OpenFile(const std::filesystem::path& path, int flags, const char* purpose);
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace clientele
