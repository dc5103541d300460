#include <gtest/gtest.h>

#include <csignal>

#include "clientele/base/cancel.h"
#include "clientele/base/errors.h"
#include "clientele/env/env.h"

namespace clientele {
namespace {

TEST(SilentProgress, SaysNothingButHearsACancel) {
  SilentProgress silent;
  Progress& progress = silent;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  progress.stage("clean", 100, "rows");
  progress.advance(10);
  progress.note("half");
  EXPECT_EQ(testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr(), "");
  request_cancel(SIGTERM);
  EXPECT_THROW(progress.stage("cluster", 0, "iterations"), Error);
  EXPECT_THROW(progress.advance(1), Error);
  EXPECT_THROW(progress.note("x"), Error);
  request_cancel(0);
  EXPECT_NO_THROW(progress.advance(1));
}

}  // namespace
}  // namespace clientele
