// One run at a time for an output folder: a locked file beside it that names its owner.
#pragma once

#include <filesystem>

namespace clientele {

/// Holds `.NAME.clientele-lock` beside the public folder until destroyed, then removes it. The lock dies with its
/// process, so a stale file never blocks.
class RunLock {
 public:
  /// Throws Error{files} naming the owner when another process holds it, or when the parent folder cannot be written.
  explicit RunLock(const std::filesystem::path& public_folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  std::filesystem::path path_;
  int file_ = -1;
};

/// The folder as an absolute path, links followed, without a trailing slash: as StagedFolder sees it.
std::filesystem::path absolute_folder(const std::filesystem::path& folder);

}  // namespace clientele
