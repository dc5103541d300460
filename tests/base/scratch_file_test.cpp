#include "clientele/base/scratch_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "clientele/base/page_buffer.h"
#include "tests/base/expect_error.h"
#include "tests/base/temporary_folder.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

constexpr size_t kUnit = ScratchFile::kUnit;

std::span<std::byte> bytes_of(const PageBuffer& buffer) {
  return {buffer.as<std::byte>(), buffer.bytes()};
}

/// A descriptor of the file without a name, as a fault of the machine might reach it.
int descriptor_of_scratch(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code fault;
    const std::string target = fs::read_symlink(entry.path(), fault).string();
    if (target.starts_with(folder.string()) && target.ends_with("(deleted)"))
      return std::stoi(entry.path().filename().string());
  }
  return -1;
}

TEST(ScratchFile, GivesBackWhatItWasGiven) {
  const TemporaryFolder folder;
  const ScratchFile file(folder.path(), 10 * kUnit - 1);
  EXPECT_EQ(file.bytes(), static_cast<int64_t>(10 * kUnit));
  PageBuffer out(3 * kUnit, "out"), in(3 * kUnit, "in");
  for (size_t i = 0; i < out.bytes(); ++i) out.as<unsigned char>()[i] = static_cast<unsigned char>(i * 7 + i / 256);
  file.write(5 * kUnit, bytes_of(out));
  file.read(5 * kUnit, bytes_of(in));
  EXPECT_TRUE(std::equal(out.as<char>(), out.as<char>() + out.bytes(), in.as<char>()));
}

TEST(ScratchFile, HasNoName) {
  const TemporaryFolder folder;
  const ScratchFile file(folder.path(), kUnit);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(ScratchFile, RefusesAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  const Error error = error_of([&] { ScratchFile(folder.path() / "absent", kUnit); });
  EXPECT_EQ(error.kind(), ErrorKind::files);
  EXPECT_EQ(error.complaint().where, (folder.path() / "absent").string());
}

TEST(ScratchFile, RefusesAFolderThatCannotBeWritten) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TemporaryFolder folder;
  ::chmod(folder.path().c_str(), 0500);
  EXPECT_EQ(error_of([&] { ScratchFile(folder.path(), kUnit); }).kind(), ErrorKind::files);
}

TEST(ScratchFile, RefusesWhatTheDiskHasNoRoomFor) {
  const TemporaryFolder folder;
  const Error error = error_of([&] { ScratchFile(folder.path(), int64_t{1} << 55); });
  EXPECT_EQ(error.kind(), ErrorKind::files);
  EXPECT_NE(error.complaint().hint.find("run.scratch"), std::string::npos);
}

TEST(ScratchFile, RefusesWhatALimitForbids) {
  const TemporaryFolder folder;
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &ignore, &before);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{4 * kUnit, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Error error = error_of([&] { ScratchFile(folder.path(), 16 * kUnit); });
  setrlimit(RLIMIT_FSIZE, &old);
  sigaction(SIGXFSZ, &before, nullptr);
  EXPECT_EQ(error.kind(), ErrorKind::files);
  EXPECT_EQ(error.complaint().found, "File too large");
}

TEST(ScratchFile, SaysThatItWasCut) {
  const TemporaryFolder folder;
  const ScratchFile file(folder.path(), 8 * kUnit);
  const int descriptor = descriptor_of_scratch(folder.path());
  if (descriptor < 0) GTEST_SKIP() << "this system does not list files without a name";
  ASSERT_EQ(::ftruncate(descriptor, 2 * kUnit), 0);
  PageBuffer in(4 * kUnit, "in");
  const Error error = error_of([&] { file.read(0, bytes_of(in)); });
  EXPECT_EQ(error.kind(), ErrorKind::files);
  EXPECT_NE(error.complaint().what.find("ends early"), std::string::npos);
}

}  // namespace
}  // namespace clientele
