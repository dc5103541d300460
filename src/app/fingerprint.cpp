#include "fingerprint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "clientele/base/cancel.h"
#include "clientele/base/errors.h"
#include "clientele/base/files.h"
#include "clientele/base/json.h"
#include "job_resolve.h"
#include "version.h"

namespace clientele {
namespace {

constexpr int64_t kPieceBytes = int64_t{4} << 20;

[[noreturn]] void unreadable(const std::string& path, const char* what) {
  throw Error(ErrorKind::input, {.what = what,
                                 .where = path,
                                 .expected = "a file that can be read",
                                 .found = std::strerror(errno),
                                 .hint = "Check the path; paths in a job file are relative to the job file."});
}

/// A file that is open for reading while this lives.
class OpenInput {
 public:
  explicit OpenInput(const std::string& path) : path_(path), file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) unreadable(path, errno == ENOENT ? "the file does not exist" : "the file cannot be opened");
  }
  ~OpenInput() { close(file_); }
  OpenInput(const OpenInput&) = delete;
  OpenInput& operator=(const OpenInput&) = delete;

  struct stat facts() const {
    struct stat facts {};
    if (fstat(file_, &facts) != 0) unreadable(path_, "the file's size cannot be read");
    return facts;
  }

  void read(int64_t offset, std::span<std::byte> out) const {
    for (size_t done = 0; done < out.size();) {
      const ssize_t got =
          pread(file_, out.data() + done, out.size() - done, static_cast<off_t>(offset) + static_cast<off_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) unreadable(path_, "the file cannot be read");
      if (got == 0) {
        errno = ENODATA;
        unreadable(path_, "the file became shorter while it was read");
      }
      done += static_cast<size_t>(got);
    }
  }

 private:
  std::string path_;
  int file_;
};

InputFile print_of(const std::string& path, ThreadPool& pool) {
  const OpenInput input(path);
  const struct stat facts = input.facts();
  if (!S_ISREG(facts.st_mode)) {
    errno = S_ISDIR(facts.st_mode) ? EISDIR : EINVAL;
    unreadable(path, "the input is not a regular file");
  }
  InputFile print{path, facts.st_size, facts.st_mtim.tv_sec, ""};
  const int64_t pieces = (print.size + kPieceBytes - 1) / kPieceBytes;
  std::vector<std::string> sums(static_cast<size_t>(pieces));
  std::vector<std::vector<std::byte>> buffers(static_cast<size_t>(pool.threads()));
  pool.parallel_for(pieces, [&](int64_t piece, int worker) {
    check_cancel();
    const int64_t from = piece * kPieceBytes;
    std::vector<std::byte>& buffer = buffers[static_cast<size_t>(worker)];
    buffer.resize(static_cast<size_t>(std::min(kPieceBytes, print.size - from)));
    input.read(from, buffer);
    sums[static_cast<size_t>(piece)] = checksum_bytes(buffer);
  });
  std::string all;
  for (const std::string& sum : sums) all += sum;
  print.checksum = pieces == 1 ? sums[0] : checksum_text(all);
  return print;
}

std::vector<std::string> files_of(const Job& job) {
  std::vector<std::string> files;
  if (!job.input.file.empty()) files = input_files(job.input);
  files.insert(files.end(), job.events.file.begin(), job.events.file.end());
  if (job.cluster.given_start()) files.push_back(start_file(job.cluster.init).file);
  return files;
}

}  // namespace

std::vector<InputFile> fingerprint(const Job& job, ThreadPool& pool) {
  std::vector<InputFile> prints;
  for (const std::string& path : files_of(job)) prints.push_back(print_of(path, pool));
  return prints;
}

std::vector<InputFile> list_inputs(const Job& job) {
  std::vector<InputFile> files;
  for (const std::string& path : files_of(job)) {
    const struct stat facts = OpenInput(path).facts();
    files.push_back({path, facts.st_size, facts.st_mtim.tv_sec, ""});
  }
  return files;
}

std::string iso_time(int64_t utc_seconds) {
  const std::time_t time = static_cast<std::time_t>(utc_seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

void refuse_changed(const std::vector<InputFile>& files) {
  for (const InputFile& file : files) {
    const struct stat now = OpenInput(file.path).facts();
    if (now.st_size == file.size && now.st_mtim.tv_sec == file.modified) continue;
    throw Error(ErrorKind::input, {.what = "an input file changed while the job ran",
                                   .where = file.path,
                                   .expected = std::to_string(file.size) + " bytes, as at the start",
                                   .found = std::to_string(now.st_size) + " bytes or a newer time of change",
                                   .hint = "Run again when nothing writes the file."});
  }
}

std::string run_key(const Job& job, const std::vector<InputFile>& files) {
  Json known = {
      {"program", kProgramVersion}, {"job", job_values(job)}, {"csv", job.output.csv}, {"files", Json::array()}};
  for (const InputFile& file : files) known["files"].push_back({file.size, file.checksum});
  return checksum_text(known.dump());
}

bool up_to_date(const std::filesystem::path& folder, const std::string& key) {
  std::error_code fault;
  if (!std::filesystem::is_regular_file(folder / "run.json", fault)) return false;
  const Json run = Json::parse(read_text(folder / "run.json"), nullptr, false);
  if (!run.is_object() || !run.contains("run_key") || run["run_key"] != key || !run.contains("checksums")) return false;
  for (const auto& [name, sum] : run["checksums"].items())
    if (!std::filesystem::is_regular_file(folder / name, fault) || checksum_file(folder / name) != sum) return false;
  return true;
}

}  // namespace clientele
