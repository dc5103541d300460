#include "machine.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "memory_limits.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The text after "key" and its separator, on the first line that starts with it.
std::string value_of(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    const size_t start = colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return {};
}

int64_t kibibytes_of(const char* path, const std::string& key) {
  int64_t amount = 0;
  std::istringstream(value_of(path, key)) >> amount;
  return amount * 1024;
}

int64_t kibibytes(const std::string& key) {
  return kibibytes_of("/proc/meminfo", key);
}

std::string file_system_name(const fs::path& folder) {
  static const std::map<uint64_t, std::string> kNames = {
      {0xEF53, "ext4"},       {0x01021994, "tmpfs"},   {0x58465342, "xfs"}, {0x9123683E, "btrfs"},
      {0x6969, "nfs"},        {0x794C7630, "overlay"}, {0x2FC12FC1, "zfs"}, {0x65735546, "fuse"},
      {0x0BD00BD0, "lustre"}, {0xFF534D42, "cifs"},    {0x01021997, "9p"},  {0xF2F52010, "f2fs"},
      {0x858458F6, "ramfs"}};
  struct statfs facts {};
  if (statfs(folder.c_str(), &facts) != 0) return "unknown";
  const auto found = kNames.find(static_cast<uint64_t>(facts.f_type) & 0xFFFFFFFF);
  if (found != kNames.end()) return found->second;
  char text[32];
  std::snprintf(text, sizeof text, "type 0x%lx", static_cast<unsigned long>(facts.f_type));
  return text;
}

/// Tries what publishing does.
void try_exchange(const fs::path& folder, FolderFacts& facts) {
  std::string first = (folder / ".clientele-doctor-XXXXXX").string(), second = first;
  if (mkdtemp(first.data()) == nullptr) {
    facts.reason = std::strerror(errno);
    return;
  }
  facts.writable = true;
  if (mkdtemp(second.data()) != nullptr) {
    facts.exchange = renameat2(AT_FDCWD, first.c_str(), AT_FDCWD, second.c_str(), RENAME_EXCHANGE) == 0;
    if (!facts.exchange) facts.reason = std::strerror(errno);
    rmdir(second.c_str());
  }
  rmdir(first.c_str());
}

}  // namespace

MemoryFacts memory_facts() {
  const GroupMemory group = group_memory();
  const int64_t scheduled = scheduler_memory([](const char* name) -> const char* { return std::getenv(name); });
  return {.total_bytes = kibibytes("MemTotal"),
          .available_bytes = kibibytes("MemAvailable"),
          .cgroup_limit_bytes = group.limit_bytes == kNoLimit ? 0 : group.limit_bytes,
          .allowed_bytes = std::min({group.free_bytes, scheduled, free_address_space()})};
}

int64_t resident_bytes() {
  return kibibytes_of("/proc/self/status", "VmRSS");
}

int64_t peak_memory_bytes() {
  return kibibytes_of("/proc/self/status", "VmHWM");
}

void return_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

std::string processor_name() {
  const std::string name = value_of("/proc/cpuinfo", "model name");
  return name.empty() ? "unknown" : name;
}

std::string huge_pages() {
  const std::string line = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  const size_t open = line.find('['), close = line.find(']');
  return open == std::string::npos || close == std::string::npos ? "" : line.substr(open + 1, close - open - 1);
}

Place place_of(const fs::path& folder) {
  std::error_code fault;
  fs::path place = fs::absolute(folder).lexically_normal();
  while (!fs::is_directory(place, fault) && place.has_relative_path()) place = place.parent_path();
  return {place.string(), file_system_name(place)};
}

FolderFacts folder_facts(const fs::path& folder) {
  FolderFacts facts;
  static_cast<Place&>(facts) = place_of(folder);
  struct statvfs space {};
  if (statvfs(facts.path.c_str(), &space) == 0)
    facts.free_bytes = static_cast<int64_t>(space.f_bavail) * static_cast<int64_t>(space.f_frsize);
  try_exchange(facts.path, facts);
  return facts;
}

}  // namespace clientele
