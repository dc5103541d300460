// Whole-file reading and writing, and the atomic publication of an output folder. Every call is checked; a failure is
// Error{files}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace clientele {

std::string read_text(const std::filesystem::path& path);
/// Writes, fsyncs and closes; the name is only complete when this returns.
void write_text(const std::filesystem::path& path, std::string_view text);
/// Reserves the file's first `bytes` bytes (ENOSPC now instead of a torn file later); a file system that cannot reserve
/// is no error.
void reserve_space(const std::filesystem::path& path, int64_t bytes);
void sync_file(const std::filesystem::path& path);
void sync_folder(const std::filesystem::path& path);

/// XXH3-64 of a file's bytes, as 16 hexadecimal digits.
std::string checksum_file(const std::filesystem::path& path);
std::string checksum_bytes(std::span<const std::byte> bytes);
std::string checksum_text(std::string_view text);

/// Looks at a folder that holds the marker; throws Error{files} when it may not be replaced all the same.
using FolderCheck = std::function<void(const std::filesystem::path& folder)>;

/// A result folder under construction: a hidden sibling of the public one (`.NAME.clientele-OWNER-XXXXXX`, OWNER naming
/// host and process). Destroyed without publish(), it is removed. Links in the public folder's path are followed.
class StagedFolder {
 public:
  /// `marker` is the name of a file that a folder written by this program holds (run.json); `check` says whether such a
  /// folder may be replaced (none: it may). Throws Error{files} when the public folder is not empty and lacks the
  /// marker (foreign), what the check throws, when the folder is a mount point, or holds an earlier run where the file
  /// system cannot exchange folders, and when the parent cannot be written. Creates missing parents; removes stale
  /// staging.
  StagedFolder(std::filesystem::path public_folder, std::string marker, FolderCheck check = {});
  ~StagedFolder();
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const std::filesystem::path& path() const { return staged_; }
  /// Name -> checksum of every file in the staged folder now.
  std::map<std::string, std::string> checksums() const;
  /// fsync of files and folder, then rename; an earlier run is exchanged in one step (renameat2 RENAME_EXCHANGE, else
  /// Error{files}) and the old one then removed. The public name always holds the old or the new complete result.
  /// Looks at the public folder once more, as the constructor did. Throws Error{internal} when the marker is
  /// missing or on a second call.
  void publish();

 private:
  /// Finds out before the work, not after it, whether the file system can do what publish() needs.
  void try_exchange() const;

  std::filesystem::path public_;
  std::string marker_;
  FolderCheck check_;
  std::filesystem::path staged_;
  bool published_ = false;
};

/// Throws as StagedFolder does when the folder is foreign or the check refuses it; changes nothing.
void refuse_foreign(const std::filesystem::path& public_folder, const std::string& marker, const FolderCheck& check);

/// Removes staged folders left behind by dead processes of this host (and process namespace) for this public folder.
/// Those of other users that may not be removed stay.
void remove_stale_staging(const std::filesystem::path& public_folder);

}  // namespace clientele
