#include "clientele/base/errors.h"

#include <gtest/gtest.h>

namespace clientele {
namespace {

TEST(Errors, AFullComplaintSaysAllFiveThings) {
  const Error error{ErrorKind::input,
                    {.what = "dataset has the wrong rank",
                     .where = "clients.h5:/matrix",
                     .expected = "2 dimensions",
                     .found = "3",
                     .hint = "name another dataset"}};
  EXPECT_STREQ(
      error.what(),
      "dataset has the wrong rank (clients.h5:/matrix): expected 2 dimensions, found 3\n  hint: name another dataset");
  EXPECT_EQ(error.exit_code(), 3);
  EXPECT_EQ(error.kind(), ErrorKind::input);
  EXPECT_EQ(error.complaint().found, "3");
}

TEST(Errors, EmptyFieldsLeaveNoTrace) {
  EXPECT_EQ(format({.what = "w"}), "w");
  EXPECT_EQ(format({.what = "w", .where = "p"}), "w (p)");
  EXPECT_EQ(format({.what = "w", .expected = "e"}), "w: expected e");
  EXPECT_EQ(format({.what = "w", .found = "f"}), "w: found f");
  EXPECT_EQ(format({.what = "w", .where = "p", .found = "f", .hint = "h"}), "w (p): found f\n  hint: h");
  EXPECT_EQ(format({}), "");
}

}  // namespace
}  // namespace clientele
