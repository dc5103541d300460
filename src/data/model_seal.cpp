#include "model_seal.h"

#include <fstream>
#include <string>
#include <string_view>

#include "clientele/base/errors.h"
#include "clientele/base/files.h"

namespace clientele {

namespace {

constexpr std::string_view kMark = "\nclientele model, xxh3 ";
constexpr size_t kDigits = 16;

std::string seal_of(std::string_view bytes) {
  std::string seal(kMark);
  seal += checksum_text(bytes);
  seal += '\n';
  return seal;
}

}  // namespace

void seal_model(const std::filesystem::path& path) {
  const std::string seal = seal_of(read_text(path));
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file << seal;
  file.close();
  if (!file)
    throw Error(ErrorKind::files,
                {"cannot write", path.string(), "", "", "free some space or choose another output folder"});
  sync_file(path);
}

bool has_model_seal(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string tail(kMark.size() + kDigits + 1, '\0');
  file.seekg(-static_cast<std::streamoff>(tail.size()), std::ios::end);
  file.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  return file.good() && tail.compare(0, kMark.size(), kMark) == 0;
}

void check_model_seal(const std::filesystem::path& path) {
  const std::string whole = read_text(path);
  const size_t seal = kMark.size() + kDigits + 1;
  const std::string_view bytes = std::string_view(whole).substr(0, whole.size() > seal ? whole.size() - seal : 0);
  if (bytes.empty() || std::string_view(whole).substr(bytes.size()) != seal_of(bytes)) {
    throw Error(ErrorKind::input, {"model is damaged", path.string(), "a checksum that fits its bytes",
                                   "another one or none", "copy it again from its run folder, or run the job again"});
  }
}

}  // namespace clientele
