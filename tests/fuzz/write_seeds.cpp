// write_seeds FOLDER: the seed corpora, FOLDER/read and FOLDER/job. The same bytes every time, so none is committed.
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/fuzz/job_seeds.h"
#include "tests/fuzz/read_seeds.h"

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder / "read");
  std::filesystem::create_directories(folder / "job");
  clientele::test::write_read_seeds((folder / "read").string());
  int number = 0;
  for (const std::string& text : clientele::test::job_seeds()) {
    std::ofstream file(folder / "job" / (std::to_string(number++) + ".toml"), std::ios::binary);
    if (!(file << text)) return 1;
  }
  return 0;
}
