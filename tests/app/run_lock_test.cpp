// One run at a time for an output folder.
#include "src/app/run_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "clientele/base/errors.h"

namespace clientele {
namespace {

std::filesystem::path scratch() {
  const auto folder = std::filesystem::temp_directory_path() / ("clientele-lock-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(RunLock, SecondOwnerIsRefusedByName) {
  const auto folder = scratch() / "out";
  const std::string owner = "process " + std::to_string(getpid());
  {
    const RunLock lock(folder);
    try {
      const RunLock again(folder);
      FAIL() << "two owners";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::files);
      EXPECT_EQ(error.complaint().found, owner);
    }
  }
  EXPECT_NO_THROW(RunLock(folder / ""));  // free again, and a trailing slash names the same folder
  EXPECT_TRUE(std::filesystem::is_empty(scratch()));
  std::filesystem::remove_all(scratch());
}

TEST(RunLock, DiesWithItsProcess) {
  const auto folder = scratch() / "out";
  const pid_t child = fork();
  if (child == 0) {
    (void)std::make_unique<RunLock>(folder).release();  // never destroyed: as if killed
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(std::filesystem::is_empty(folder.parent_path()));
  EXPECT_NO_THROW(RunLock{folder});
  std::filesystem::remove_all(scratch());
}

TEST(RunLock, ParentThatCannotBe) {
  EXPECT_THROW(RunLock("/proc/none/out"), Error);
}

}  // namespace
}  // namespace clientele
