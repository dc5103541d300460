// A file without a name: room on the disk for what does not fit in memory. It is gone with the process, however that
// ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace clientele {

class ScratchFile {
 public:
  /// What reads and writes begin at and are a multiple of, in the file and in memory, so that they can pass by the
  /// page cache: 4096 bytes.
  static constexpr int64_t kUnit = 4096;

  /// Reserves `bytes` bytes in `folder`, which must exist. Throws Error{files} when there is no room, no permission or
  /// the file system cannot hold so large a file.
  ScratchFile(const std::filesystem::path& folder, int64_t bytes);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  /// Offset, length and address are multiples of kUnit. Thread-safe for disjoint ranges. Throw Error{files}; a file
  /// that ends early is one.
  void read(int64_t offset, std::span<std::byte> to) const;
  void write(int64_t offset, std::span<const std::byte> from) const;

  int64_t bytes() const { return bytes_; }
  /// Reads and writes pass by the page cache. Where the file system cannot do that, they go through it, and what was
  /// read is let go of at once.
  bool direct() const { return direct_; }

 private:
  std::filesystem::path folder_;
  int64_t bytes_ = 0;
  int descriptor_ = -1;
  bool direct_ = false;
};

}  // namespace clientele
