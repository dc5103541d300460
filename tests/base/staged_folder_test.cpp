#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "clientele/base/files.h"
#include "src/base/staging_owner.h"
#include "tests/base/expect_error.h"
#include "tests/base/temporary_folder.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

void publish_run(const fs::path& folder, const std::string& content) {
  StagedFolder staged(folder, "run.json");
  write_text(staged.path() / "run.json", content);
  staged.publish();
}

TEST(StagedFolder, PublishesUnderTheNameAndLeavesNothingElse) {
  const TemporaryFolder parent;
  const fs::path out = parent.path() / "out";
  {
    StagedFolder staged(out, "run.json");
    EXPECT_EQ(staged.path().parent_path(), fs::canonical(parent.path()));
    EXPECT_TRUE(staged.path().filename().string().starts_with(".out.clientele-"));
    write_text(staged.path() / "run.json", "{}");
    fs::create_directory(staged.path() / "sub");
    write_text(staged.path() / "sub" / "x", "y");
    EXPECT_FALSE(fs::exists(out));
    const auto sums = staged.checksums();
    ASSERT_EQ(sums.size(), 2u);
    EXPECT_EQ(sums.at("run.json"), checksum_text("{}"));
    EXPECT_EQ(sums.at("sub/x"), checksum_text("y"));
    staged.publish();
    EXPECT_EQ(error_of([&] { staged.publish(); }).kind(), ErrorKind::internal);
  }
  EXPECT_EQ(read_text(out / "sub" / "x"), "y");
  EXPECT_EQ(entries(parent.path()), 1u);
}

TEST(StagedFolder, IsRemovedWhenNotPublished) {
  const TemporaryFolder parent;
  {
    const StagedFolder staged(parent.path() / "out", "run.json");
    write_text(staged.path() / "half", "written");
    EXPECT_EQ(entries(parent.path()), 1u);
  }
  EXPECT_EQ(entries(parent.path()), 0u);
}

TEST(StagedFolder, RefusesToPublishWithoutTheMarker) {
  const TemporaryFolder parent;
  StagedFolder staged(parent.path() / "out", "run.json");
  write_text(staged.path() / "other", "");
  EXPECT_EQ(error_of([&] { staged.publish(); }).kind(), ErrorKind::internal);
  EXPECT_FALSE(fs::exists(parent.path() / "out"));
}

TEST(StagedFolder, AnEarlierRunIsExchangedAndAnEmptyFolderFilled) {
  const TemporaryFolder parent;
  const fs::path out = parent.path() / "out";
  fs::create_directory(out);
  publish_run(out, "first");
  EXPECT_EQ(read_text(out / "run.json"), "first");
  write_text(out / "stray", "of the first run");
  publish_run(out, "second");
  EXPECT_EQ(read_text(out / "run.json"), "second");
  EXPECT_FALSE(fs::exists(out / "stray"));
  EXPECT_EQ(entries(parent.path()), 1u);
}

TEST(StagedFolder, AForeignFolderIsLeftUntouched) {
  const TemporaryFolder parent;
  const fs::path out = parent.path() / "out";
  fs::create_directory(out);
  write_text(out / "thesis.txt", "years of work");
  const Error error = error_of([&] { StagedFolder staged(out, "run.json"); });
  EXPECT_EQ(error.exit_code(), 4);
  EXPECT_NE(std::string(error.what()).find("left untouched"), std::string::npos);
  EXPECT_EQ(read_text(out / "thesis.txt"), "years of work");
  EXPECT_EQ(entries(parent.path()), 1u);
  write_text(parent.path() / "file", "");
  EXPECT_EQ(error_of([&] { StagedFolder staged(parent.path() / "file", "run.json"); }).kind(), ErrorKind::files);
  EXPECT_EQ(error_of([&] { StagedFolder staged("/", "run.json"); }).kind(), ErrorKind::files);
}

TEST(StagedFolder, TheCheckCanRefuseAFolderWithTheMarker) {
  const TemporaryFolder parent;
  const fs::path out = parent.path() / "out";
  fs::create_directory(out);
  write_text(out / "run.json", "of another program");
  bool refuse = true;
  const FolderCheck check = [&](const fs::path& folder) {
    EXPECT_EQ(folder, fs::canonical(out));
    if (refuse) throw Error(ErrorKind::files, {.what = "not this one"});
  };
  EXPECT_EQ(error_of([&] { StagedFolder staged(out, "run.json", check); }).complaint().what, "not this one");
  EXPECT_EQ(error_of([&] { refuse_foreign(out, "run.json", check); }).complaint().what, "not this one");
  refuse_foreign(parent.path() / "none", "run.json", check);
  refuse = false;
  refuse_foreign(out, "run.json", check);
  StagedFolder staged(out, "run.json", check);
  write_text(staged.path() / "run.json", "mine");
  refuse = true;  // as if somebody had put a file there meanwhile
  EXPECT_EQ(error_of([&] { staged.publish(); }).complaint().what, "not this one");
  EXPECT_EQ(read_text(out / "run.json"), "of another program");
}

TEST(StagedFolder, AFolderThatBecameForeignMeanwhileIsLeftUntouched) {
  const TemporaryFolder parent;
  const fs::path out = parent.path() / "out";
  StagedFolder staged(out, "run.json");
  write_text(staged.path() / "run.json", "mine");
  fs::create_directory(out);
  write_text(out / "thesis.txt", "years of work");
  EXPECT_EQ(error_of([&] { staged.publish(); }).kind(), ErrorKind::files);
  EXPECT_EQ(read_text(out / "thesis.txt"), "years of work");
}

TEST(StagedFolder, FollowsALinkInsteadOfReplacingIt) {
  const TemporaryFolder parent;
  const fs::path real = parent.path() / "disk" / "real";
  fs::create_directories(real);
  fs::create_directory_symlink(real, parent.path() / "out");
  publish_run(parent.path() / "out", "first");
  publish_run(parent.path() / "out" / "", "second");
  EXPECT_TRUE(fs::is_symlink(parent.path() / "out"));
  EXPECT_EQ(read_text(real / "run.json"), "second");
}

TEST(StagedFolder, ALinkThatLeadsNowhereIsForeign) {
  const TemporaryFolder parent;
  fs::create_directory_symlink(parent.path() / "gone", parent.path() / "out");
  EXPECT_EQ(error_of([&] { StagedFolder staged(parent.path() / "out", "run.json"); }).kind(), ErrorKind::files);
  EXPECT_TRUE(fs::is_symlink(parent.path() / "out"));
}

TEST(StagedFolder, AMountPointIsRefusedBeforeTheWork) {
  // /proc is one on every Linux, and holds a file that can stand for the marker.
  const Error error = error_of([] { StagedFolder staged("/proc", "version"); });
  EXPECT_EQ(error.exit_code(), 4);
  EXPECT_NE(std::string(error.what()).find("mount point"), std::string::npos) << error.what();
}

TEST(StagedFolder, MissingParentsAreMadeAndTheUmaskIsRespected) {
  const TemporaryFolder parent;
  const mode_t before = ::umask(027);
  publish_run(parent.path() / "a" / "b" / "out", "x");
  ::umask(before);
  EXPECT_EQ(fs::status(parent.path() / "a" / "b" / "out").permissions(), fs::perms(0750));
}

TEST(StagedFolder, AParentThatCannotBeWrittenIsAnError) {
  const TemporaryFolder parent;
  ASSERT_EQ(::chmod(parent.path().c_str(), 0555), 0);
  const bool superuser = ::geteuid() == 0;
  if (superuser) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const Error error = error_of([&] { StagedFolder staged(parent.path() / "out", "run.json"); });
  if (superuser) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(error.exit_code(), 4);
  EXPECT_EQ(error.complaint().found, "Permission denied");
  EXPECT_NE(error.complaint().hint.find("permissions"), std::string::npos);
  ::chmod(parent.path().c_str(), 0755);
  EXPECT_EQ(entries(parent.path()), 0u);
}

TEST(StagedFolder, AReaderSeesAlwaysAWholeResult) {
  const TemporaryFolder parent;
  const fs::path out = parent.path() / "out";
  publish_run(out, "0");
  std::atomic<bool> stop{false};
  std::atomic<int> looks{0}, gaps{0};
  std::thread reader([&] {
    while (!stop) {
      struct stat status = {};
      if (::stat(out.c_str(), &status) != 0) ++gaps;
      if (::stat((out / "run.json").c_str(), &status) != 0) {
        // The old folder may vanish between the two steps of one look-up, but never from under the name.
        if (::stat((out / "run.json").c_str(), &status) != 0) ++gaps;
      }
      ++looks;
    }
  });
  for (int run = 1; run <= 20; ++run) publish_run(out, std::to_string(run));
  stop = true;
  reader.join();
  EXPECT_GT(looks, 0);
  EXPECT_EQ(gaps, 0);
  EXPECT_EQ(read_text(out / "run.json"), "20");
}

TEST(StagedFolder, WhatADeadProcessLeftIsRemovedAndTheRestIsNot) {
  const TemporaryFolder parent;
  const fs::path out = parent.path() / "out";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    StagedFolder staged(out, "run.json");
    ::_exit(fs::exists(staged.path()) ? 7 : 8);  // as a killed process: no destructor runs
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 7);
  ASSERT_EQ(entries(parent.path()), 1u);

  const StagedFolder alive(out, "run.json");  // removes the stale one
  EXPECT_EQ(entries(parent.path()), 1u);
  const fs::path stranger = parent.path() / ".out.clientele-00000000-1-1-abcdef";  // another host's
  const fs::path unreadable = parent.path() / ".out.clientele-backup";
  const fs::path other_run = parent.path() / ".out2.clientele-x";
  for (const fs::path& folder : {stranger, unreadable, other_run}) fs::create_directory(folder);
  remove_stale_staging(out);
  for (const fs::path& folder : {stranger, unreadable, other_run, alive.path()})
    EXPECT_TRUE(fs::exists(folder)) << folder;
}

TEST(StagedFolder, AReusedPidIsNotTakenForTheOwner) {
  const std::string me = owner_of_this_process();
  EXPECT_FALSE(owner_is_dead(me + "-abcdef"));
  const std::string before = me.substr(0, me.rfind('-'));
  EXPECT_TRUE(owner_is_dead(before + "-1-abcdef"));
  EXPECT_FALSE(owner_is_dead(me));
  EXPECT_FALSE(owner_is_dead(me + "-abcdef-more"));
  EXPECT_FALSE(owner_is_dead(""));
}

}  // namespace
}  // namespace clientele
