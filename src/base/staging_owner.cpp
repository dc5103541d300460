#include "staging_owner.h"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <system_error>

#include "clientele/base/files.h"

namespace clientele {

namespace {

std::string this_host() {
  std::array<char, 256> name = {};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  std::error_code ignored;
  const std::string space = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
  return checksum_text(std::string(name.data()) + '\n' + space).substr(0, 8);
}

/// Field 22 of /proc/PID/stat; empty when there is no such process. The second field may hold spaces and parentheses.
std::string start_time(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  if (!std::getline(file, line)) return {};
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  std::string word;
  for (int field = 3; field <= 22; ++field) rest >> word;
  return word;
}

bool all_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::string staging_prefix(const std::filesystem::path& public_folder) {
  std::string prefix = ".";
  prefix += public_folder.filename().string();
  prefix += ".clientele-";
  return prefix;
}

std::string owner_of_this_process() {
  const std::string pid = std::to_string(::getpid());
  return this_host() + "-" + pid + "-" + start_time(pid);
}

bool owner_is_dead(const std::string& owner) {
  std::istringstream parts(owner);
  std::string host, pid, start, random, more;
  std::getline(parts, host, '-');
  std::getline(parts, pid, '-');
  std::getline(parts, start, '-');
  std::getline(parts, random, '-');
  if (std::getline(parts, more) || random.size() != 6 || !all_digits(pid) || !all_digits(start)) return false;
  // Without a readable /proc nothing can be said about anybody.
  if (host != this_host() || start_time("self").empty()) return false;
  return start_time(pid) != start;
}

}  // namespace clientele
