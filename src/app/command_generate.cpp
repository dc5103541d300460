#include <cstdio>

#include "clientele/base/errors.h"
#include "clientele/base/files.h"
#include "commands.h"
#include "display.h"
#include "stdout_text.h"
#include "synthetic.h"

namespace clientele {
namespace {

/// A file that is being made under another name; removed unless it was kept.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(std::filesystem::path target)
      : target_(std::move(target)), path_(target_.string() + ".part") {}
  ~UnfinishedFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void keep() {
    sync_file(path_);
    std::error_code fault;
    std::filesystem::rename(path_, target_, fault);
    if (fault)
      throw Error(ErrorKind::files,
                  {.what = "the file cannot be put in its place", .where = target_.string(), .found = fault.message()});
  }

 private:
  std::filesystem::path target_, path_;
};

}  // namespace

int generate_command(const CommandLine& line) {
  const GenerateArguments& g = line.generate;
  if (std::filesystem::exists(g.out) && !line.force)
    throw Error(ErrorKind::files, {.what = "the file is already there",
                                   .where = g.out,
                                   .expected = "a new name",
                                   .found = "an existing file",
                                   .hint = "Give another name, or --force to replace it."});
  Display display(display_options(line.log_json, line.quiet), stderr);
  UnfinishedFile file(g.out);
  if (g.kind == "events") {
    generate_events(file.path(), g, display);
  } else {
    ThreadPool pool;
    generate_matrix(file.path(), g, pool, display);
  }
  file.keep();
  display.finish({{"status", "done"}, {"exit_code", 0}, {"file", g.out}, {"clients", g.clients}},
                 {"done: " + readable_count(g.clients) + " clients"});
  write_stdout(g.out + '\n');
  return 0;
}

}  // namespace clientele
