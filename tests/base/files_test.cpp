#include "clientele/base/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/base/expect_error.h"
#include "tests/base/temporary_folder.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

TEST(Files, TextComesBackByteForByte) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.txt";
  std::string text(300'000, 'x');
  text[1] = '\0';
  text[2] = '\n';
  write_text(path, text);
  EXPECT_EQ(read_text(path), text);
  write_text(path, "short");
  EXPECT_EQ(read_text(path), "short");
  write_text(path, "");
  EXPECT_EQ(read_text(path), "");
}

TEST(Files, FailuresNameThePathAndTheReason) {
  const TemporaryFolder folder;
  const fs::path absent = folder.path() / "absent";
  const Error error = error_of([&] { read_text(absent); });
  EXPECT_EQ(error.exit_code(), 4);
  EXPECT_EQ(error.complaint().where, absent.string());
  EXPECT_EQ(error.complaint().found, "No such file or directory");
  EXPECT_FALSE(error.complaint().hint.empty());
  EXPECT_EQ(error_of([&] { write_text(absent / "x", ""); }).kind(), ErrorKind::files);
  EXPECT_EQ(error_of([&] { read_text(folder.path()); }).complaint().found, "Is a directory");
  EXPECT_EQ(error_of([&] { reserve_space(absent, 10); }).kind(), ErrorKind::files);
  EXPECT_EQ(error_of([&] { sync_file(absent); }).kind(), ErrorKind::files);
  EXPECT_EQ(error_of([&] { sync_folder(absent); }).kind(), ErrorKind::files);
  EXPECT_EQ(error_of([&] { (void)checksum_file(absent); }).kind(), ErrorKind::files);
}

TEST(Files, AFullDiskIsReportedWhenWriting) {
  if (!fs::exists("/dev/full")) FAIL() << "this system has no /dev/full to stand for a full disk";
  const Error error = error_of([] { write_text("/dev/full", std::string(100'000, 'x')); });
  EXPECT_EQ(error.exit_code(), 4);
  EXPECT_EQ(error.complaint().found, "No space left on device");
  EXPECT_NE(error.complaint().hint.find("free some space"), std::string::npos);
}

TEST(Files, ReservingTakesTheSpaceNow) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "big";
  write_text(path, "head");
  reserve_space(path, 1 << 20);
  EXPECT_TRUE(fs::file_size(path) == 1 << 20 || fs::file_size(path) == 4);  // 4 where the file system cannot reserve
  EXPECT_EQ(read_text(path).substr(0, 4), "head");
  reserve_space(path, 0);
  sync_file(path);
  sync_folder(folder.path());
}

TEST(Files, ReservingMoreThanAllowedFails) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "big";
  write_text(path, "");
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Error error = error_of([&] { reserve_space(path, 1 << 20); });
  const Error torn = error_of([&] { write_text(path, std::string(10'000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(error.kind(), ErrorKind::files);
  EXPECT_EQ(error.complaint().found, "File too large");
  EXPECT_EQ(torn.kind(), ErrorKind::files);
}

// Values of XXH3_64bits with seed 0 as published in its specification's sanity tests (empty input) and by the xxhsum
// program (-H3).
TEST(Files, ChecksumsAreXxh3) {
  EXPECT_EQ(checksum_text(""), "2d06800538d394c2");
  EXPECT_EQ(checksum_text("a"), "e6c632b61e964e1f");
  EXPECT_EQ(checksum_text("abc"), "78af5f94892f3950");
}

TEST(Files, AFileHasTheChecksumOfItsBytes) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "data";
  for (const size_t size : {size_t{0}, size_t{1}, size_t{240}, size_t{241}, size_t{1} << 20, (size_t{5} << 19) + 3}) {
    std::string text(size, ' ');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * i >> 3);
    write_text(path, text);
    EXPECT_EQ(checksum_file(path), checksum_text(text)) << size;
  }
}

}  // namespace
}  // namespace clientele
