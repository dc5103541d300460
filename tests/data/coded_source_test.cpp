// Numbers that a job declares to be categories.
#include <cmath>

#include "tests/data/reading.h"

namespace clientele {
namespace {

using test::H5Writer;
using test::kNaN;

class CodedSource : public testing::Test {
 protected:
  std::unique_ptr<Source> coded(const std::vector<double>& values, const std::string& type = "f8") {
    const auto path = folder_ / "t.h5";
    {
      H5Writer file(path);
      file.numbers("/clients/region", type, {static_cast<int64_t>(values.size())}, values);
      file.numbers("/clients/spend", "f4", {static_cast<int64_t>(values.size())},
                   std::vector<double>(values.size(), 2));
    }
    return code_categories(test::open_one(path, pool_), {"region", "unknown"}, pool_);
  }
  std::string refusal(const std::vector<double>& values) {
    try {
      coded(values);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      return error.what();
    }
    return "accepted";
  }

  test::TemporaryFolder folder_;
  ThreadPool pool_{3};
};

TEST_F(CodedSource, NamesEachNumberByItsTextInByteOrder) {
  const auto source = coded({10, 9, kNaN, -3, 10, 0, 9});
  const Column& region = source->schema().columns[static_cast<size_t>(source->schema().find("region"))];
  EXPECT_EQ(region.kind, ColumnKind::category);
  EXPECT_EQ(region.categories, (std::vector<std::string>{"-3", "0", "10", "9"}));
  EXPECT_TRUE(test::same_values(test::read_column(*source, "region"), {2, 3, kNaN, 0, 2, 1, 3}));
  EXPECT_TRUE(test::same_values(test::read_column(*source, "spend"), std::vector<double>(7, 2)));
  EXPECT_EQ(source->rows(), 7);
  EXPECT_EQ(source->read_ids(pool_).rows, 7);
  EXPECT_EQ(source->plan().layout, "columns");
}

TEST_F(CodedSource, LeavesTextsAndUnknownNamesAlone) {
  {
    H5Writer file(folder_ / "t.h5");
    file.texts("/clients/region", {"7", "north", "7"}, 6);
    file.integers("/clients/tariff", "i4", {9, 8, 7});
  }
  const auto source = code_categories(test::open_one(folder_ / "t.h5", pool_), {"region", "none"}, pool_);
  EXPECT_EQ(source->schema().columns[0].categories, (std::vector<std::string>{"7", "north"}));
  EXPECT_EQ(source->schema().columns[1].kind, ColumnKind::number);
}

TEST_F(CodedSource, RefusesWhatIsNoWholeNumberAndTooMany) {
  EXPECT_TRUE(test::says(refusal({1, 2, 2.5, 3.5}), "2.5"));
  EXPECT_TRUE(test::says(refusal({1, 2, 2.5, 3.5}), "row 2"));
  EXPECT_TRUE(test::says(refusal({1, INFINITY}), "inf"));
  EXPECT_TRUE(test::says(refusal({1, 1e17}), "row 1"));
  std::vector<double> many;
  for (int i = 0; i < 150'000; ++i) many.push_back(i);
  EXPECT_TRUE(test::says(refusal(many), "more"));
}

}  // namespace
}  // namespace clientele
