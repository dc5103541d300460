#include "clientele/base/cancel.h"

#include <gtest/gtest.h>

#include <csignal>

#include "tests/base/expect_error.h"

namespace clientele {
namespace {

class Cancel : public testing::Test {
 protected:
  void TearDown() override {
    request_cancel(0);
    std::signal(SIGTERM, SIG_DFL);
  }
};

TEST_F(Cancel, NothingHappensUnasked) {
  EXPECT_EQ(cancel_requested(), 0);
  EXPECT_NO_THROW(check_cancel());
}

TEST_F(Cancel, TheSignalDecidesTheExitCode) {
  request_cancel(SIGINT);
  EXPECT_EQ(cancel_requested(), SIGINT);
  EXPECT_EQ(error_of(check_cancel).exit_code(), 130);
  request_cancel(SIGTERM);
  EXPECT_EQ(error_of(check_cancel).exit_code(), 143);
  request_cancel(0);
  EXPECT_NO_THROW(check_cancel());
}

TEST_F(Cancel, WorksFromAHandler) {
  std::signal(SIGTERM, [](int number) { request_cancel(number); });
  ASSERT_EQ(std::raise(SIGTERM), 0);
  EXPECT_EQ(cancel_requested(), SIGTERM);
  EXPECT_EQ(error_of(check_cancel).kind(), ErrorKind::terminated);
}

}  // namespace
}  // namespace clientele
