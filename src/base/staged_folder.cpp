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
  if (status.type() == fs::file_type::not_found) return Standing::absent;
  if (failed) throw file_error("cannot look at the output folder", folder, failed.value());
  if (status.type() != fs::file_type::directory) return Standing::foreign;
  const fs::directory_iterator entries(folder, failed);
  if (failed) throw file_error("cannot look into the output folder", folder, failed.value());
  if (entries == fs::directory_iterator()) return Standing::empty;
  return fs::is_regular_file(folder / marker, failed) ? Standing::ours : Standing::foreign;
}

[[noreturn]] void refuse_foreign(const fs::path& folder, const std::string& marker) {
  throw Error{ErrorKind::files,
              {.what = "the output folder holds something else and is left untouched",
               .where = folder.string(),
               .expected = "an empty folder, or one of an earlier run (with " + marker + ")",
               .found = fs::is_directory(folder) ? "a folder without " + marker : "a file",
               .hint = "choose another output folder, or empty this one"}};
}

/// Absolute, links followed, no trailing slash: renaming must act on the folder itself, not on a link to it.
fs::path resolved(const fs::path& folder) {
  std::error_code failed;
  fs::path full = fs::weakly_canonical(fs::absolute(folder), failed);
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

void sync_tree(const fs::path& folder) {
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; entry != end; entry.increment(failed)) {
    if (failed) break;
    if (entry->is_directory()) {
      sync_folder(entry->path());
    } else if (entry->is_regular_file()) {
      sync_file(entry->path());
    }
  }
  if (failed) throw file_error("cannot list the finished files", folder, failed.value());
  sync_folder(folder);
}

}  // namespace

StagedFolder::StagedFolder(fs::path public_folder, std::string marker)
    : public_(resolved(public_folder)), marker_(std::move(marker)) {
  if (standing_of(public_, marker_) == Standing::foreign) refuse_foreign(public_, marker_);
  std::error_code failed;
  fs::create_directories(public_.parent_path(), failed);
  if (failed)
    throw file_error("cannot create the folder above the output folder", public_.parent_path(), failed.value());
  remove_stale_staging(public_);
  staged_ = make_staging(public_);
}

StagedFolder::~StagedFolder() {
  if (published_) return;
  // A destructor cannot report; what stays is stale as soon as this process ends, and the next run removes it.
  std::error_code ignored;
  fs::remove_all(staged_, ignored);
}

std::map<std::string, std::string> StagedFolder::checksums() const {
  std::map<std::string, std::string> sums;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(staged_)) {
    if (entry.is_regular_file())
      sums[entry.path().lexically_relative(staged_).generic_string()] = checksum_file(entry.path());
  }
  return sums;
}

void StagedFolder::publish() {
  if (published_ || !fs::is_regular_file(staged_ / marker_)) {
    throw Error{ErrorKind::internal,
                {.what = published_ ? "published twice" : "nothing to publish",
                 .where = staged_.string(),
                 .expected = "a staged folder with " + marker_}};
  }
  sync_tree(staged_);
  const Standing standing = standing_of(public_, marker_);
  if (standing == Standing::foreign) refuse_foreign(public_, marker_);
  const bool exchange = standing == Standing::ours;
  // A plain rename replaces nothing but an empty folder, whatever happened since the look above.
  const int result = exchange ? ::renameat2(AT_FDCWD, staged_.c_str(), AT_FDCWD, public_.c_str(), RENAME_EXCHANGE)
                              : ::rename(staged_.c_str(), public_.c_str());
  if (result != 0) {
    throw file_error(exchange ? "cannot exchange the earlier run for the new one (RENAME_EXCHANGE)"
                              : "cannot publish the output folder",
                     public_, errno);
  }
  published_ = true;
  sync_folder(public_.parent_path());
  if (exchange) {
    // The new result stands; what cannot be removed of the old one bears a staging name, which the next run tries
    // again.
    std::error_code ignored;
    fs::remove_all(staged_, ignored);
  }
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
    if (failed) throw file_error("cannot remove what a dead run left behind", folder, failed.value());
  }
}

}  // namespace clientele
