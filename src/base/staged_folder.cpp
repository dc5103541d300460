#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>
#include <vector>

#include "clientele/base/files.h"
#include "open_file.h"
#include "staging_owner.h"

namespace clientele {

namespace fs = std::filesystem;

namespace {

enum class Standing { absent, empty, ours, foreign };

Standing standing_of(const fs::path& folder, const std::string& marker) {
  std::error_code failed;
  const fs::file_status status = fs::status(folder, failed);
  const std::error_code status_failed = failed;
  // Links were followed before: one that is still there leads nowhere, and a rename would replace it.
  if (fs::is_symlink(fs::symlink_status(folder, failed))) return Standing::foreign;
  if (status.type() == fs::file_type::not_found) return Standing::absent;
  if (status_failed) throw file_error("cannot look at the output folder", folder, status_failed.value());
  if (status.type() != fs::file_type::directory) return Standing::foreign;
  const fs::directory_iterator entries(folder, failed);
  if (failed) throw file_error("cannot look into the output folder", folder, failed.value());
  if (entries == fs::directory_iterator()) return Standing::empty;
  return fs::is_regular_file(folder / marker, failed) ? Standing::ours : Standing::foreign;
}

/// Throws when the folder is foreign, or ours but not to be replaced.
Standing checked_standing(const fs::path& folder, const std::string& marker, const FolderCheck& check) {
  const Standing standing = standing_of(folder, marker);
  if (standing == Standing::ours && check) check(folder);
  if (standing != Standing::foreign) return standing;
  std::error_code ignored;
  throw Error{ErrorKind::files,
              {.what = "the output folder holds something else and is left untouched",
               .where = folder.string(),
               .expected = "an empty folder, or one of an earlier run (with " + marker + ")",
               .found = fs::is_directory(folder, ignored) ? "a folder without " + marker : "no folder",
               .hint = "choose another output folder, or empty this one"}};
}

/// A mount point can be neither renamed nor exchanged: say so before the work, not after it.
void refuse_mount_point(const fs::path& folder) {
  struct statx facts = {};
  if (::statx(AT_FDCWD, folder.c_str(), 0, 0, &facts) != 0 || (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
    return;
  throw Error{ErrorKind::files,
              {.what = "the output folder is a mount point, which cannot be exchanged for the new result",
               .where = folder.string(),
               .hint = "name a folder inside it"}};
}

/// Absolute, links followed, no trailing slash: renaming must act on the folder itself, not on a link to it.
fs::path resolved(const fs::path& folder) {
  std::error_code failed;
  fs::path full = fs::absolute(folder, failed);
  if (!failed) full = fs::weakly_canonical(full, failed);
  if (failed) throw file_error("cannot resolve the output folder", folder, failed.value());
  if (!full.has_filename()) full = full.parent_path();
  if (!full.has_filename() || full == full.root_path()) {
    throw Error{ErrorKind::files,
                {.what = "not a usable output folder",
                 .where = folder.string(),
                 .expected = "the name of a folder",
                 .found = full.string(),
                 .hint = "name a folder inside this one"}};
  }
  return full;
}

fs::path make_staging(const fs::path& public_folder) {
  const std::string prefix = staging_prefix(public_folder) + owner_of_this_process();
  std::random_device random;
  const std::string letters = "0123456789abcdefghijklmnopqrstuv";
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = prefix + "-";
    for (int i = 0; i < 6; ++i) name += letters[random() % letters.size()];
    const fs::path staged = public_folder.parent_path() / name;
    // Not mkdtemp, whose folder nobody else could read once it is published.
    if (::mkdir(staged.c_str(), 0777) == 0) return staged;
    if (errno != EEXIST) throw file_error("cannot create a folder beside the output folder", staged, errno);
  }
  throw file_error("cannot create a folder beside the output folder", public_folder, EEXIST);
}

/// Every entry below the folder.
std::vector<fs::directory_entry> tree_of(const fs::path& folder) {
  std::vector<fs::directory_entry> all;
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) all.push_back(*entry);
  if (failed) throw file_error("cannot list the finished files", folder, failed.value());
  return all;
}

void sync_tree(const fs::path& folder) {
  std::error_code ignored;  // what is neither a file nor a folder has nothing to flush
  for (const fs::directory_entry& entry : tree_of(folder)) {
    if (entry.is_directory(ignored)) {
      sync_folder(entry.path());
    } else if (entry.is_regular_file(ignored)) {
      sync_file(entry.path());
    }
  }
  sync_folder(folder);
}

void exchange(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return;
  const int reason = errno;
  Error error = file_error("cannot exchange the earlier run for the new one in one step", b, reason);
  if (reason != EINVAL && reason != ENOSYS) throw error;
  Complaint complaint = error.complaint();
  complaint.hint =
      "this file system lacks RENAME_EXCHANGE: remove the earlier run first, or choose a folder on another one";
  throw Error{ErrorKind::files, complaint};
}

}  // namespace

StagedFolder::StagedFolder(fs::path public_folder, std::string marker, FolderCheck check)
    : public_(resolved(public_folder)), marker_(std::move(marker)), check_(std::move(check)) {
  const Standing standing = checked_standing(public_, marker_, check_);
  refuse_mount_point(public_);
  std::error_code failed;
  fs::create_directories(public_.parent_path(), failed);
  if (failed)
    throw file_error("cannot create the folder above the output folder", public_.parent_path(), failed.value());
  remove_stale_staging(public_);
  staged_ = make_staging(public_);
  if (standing == Standing::ours) try_exchange();
}

void StagedFolder::try_exchange() const {
  const fs::path other = make_staging(public_);
  std::error_code ignored;
  try {
    exchange(staged_, other);
  } catch (const Error&) {
    fs::remove(other, ignored);
    fs::remove(staged_, ignored);
    throw;
  }
  fs::remove(other, ignored);
}

StagedFolder::~StagedFolder() {
  if (published_) return;
  // A destructor cannot report; what stays is stale as soon as this process ends, and the next run removes it.
  std::error_code ignored;
  fs::remove_all(staged_, ignored);
}

std::map<std::string, std::string> StagedFolder::checksums() const {
  std::map<std::string, std::string> sums;
  std::error_code ignored;
  for (const fs::directory_entry& entry : tree_of(staged_)) {
    if (!entry.is_regular_file(ignored)) continue;
    sums[entry.path().lexically_relative(staged_).generic_string()] = checksum_file(entry.path());
  }
  return sums;
}

void StagedFolder::publish() {
  std::error_code ignored;
  if (published_ || !fs::is_regular_file(staged_ / marker_, ignored)) {
    throw Error{ErrorKind::internal,
                {.what = published_ ? "published twice" : "nothing to publish",
                 .where = staged_.string(),
                 .expected = "a staged folder with " + marker_}};
  }
  sync_tree(staged_);
  const Standing standing = checked_standing(public_, marker_, check_);
  if (standing == Standing::ours) {
    exchange(staged_, public_);
  } else if (::rename(staged_.c_str(), public_.c_str()) != 0) {
    // A plain rename replaces nothing but an empty folder, whatever happened since the look above.
    throw file_error("cannot publish the output folder", public_, errno);
  }
  published_ = true;
  sync_folder(public_.parent_path());
  // The new result stands; what cannot be removed of the old one bears a staging name, which the next run tries again.
  if (standing == Standing::ours) fs::remove_all(staged_, ignored);
}

void refuse_foreign(const fs::path& public_folder, const std::string& marker, const FolderCheck& check) {
  const fs::path full = resolved(public_folder);
  checked_standing(full, marker, check);
  refuse_mount_point(full);
}

void remove_stale_staging(const fs::path& public_folder) {
  const fs::path full = resolved(public_folder);
  const std::string prefix = staging_prefix(full);
  std::vector<fs::path> stale;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(full.parent_path(), failed)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && owner_is_dead(name.substr(prefix.size()))) stale.push_back(entry.path());
  }
  if (failed) throw file_error("cannot list the folder above the output folder", full.parent_path(), failed.value());
  for (const fs::path& folder : stale) {
    fs::remove_all(folder, failed);
    // Another user's remains in a shared folder must not stop this run.
    if (failed == std::errc::permission_denied || failed == std::errc::operation_not_permitted) continue;
    if (failed) throw file_error("cannot remove what a dead run left behind", folder, failed.value());
  }
}

}  // namespace clientele
