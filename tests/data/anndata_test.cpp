#include "tests/data/reading.h"

namespace clientele {
namespace {

using test::H5Writer;
using test::kNaN;

constexpr int64_t kRows = 4;

class AnnData : public testing::Test {
 protected:
  /// The root, obs with an index of `ids`, var with three names.
  void write_frames(H5Writer& file, const std::vector<std::string>& columns, bool variable) {
    file.text_attribute("/", "encoding-type", "anndata");
    file.text_attribute("/", "encoding-version", "0.1.0");
    for (const char* frame : {"/obs", "/var"}) {
      file.group(frame);
      file.text_attribute(frame, "encoding-type", "dataframe");
      file.text_attribute(frame, "encoding-version", "0.2.0");
      file.text_attribute(frame, "_index", "_index");
    }
    if (columns.empty()) {
      file.empty_attribute("/obs", "column-order");
    } else {
      file.texts_attribute("/obs", "column-order", columns, variable);
    }
    file.empty_attribute("/var", "column-order");
    file.texts("/obs/_index", {"c1", "c2", "c3", "c4"}, variable ? 0 : 2);
    file.texts("/var/_index", {"x", "y", "z"}, variable ? 0 : 3);
  }

  test::TemporaryFolder folder_;
  ThreadPool pool_{2};
};

const std::vector<double> kDense = {1, 0, 2, 0, 0, 0, -3, 0, 0.5, 0, 7, 0};
const std::vector<double> kColumnMajor = {1, 0, -3, 0, 0, 0, 0, 7, 2, 0, 0.5, 0};

TEST_F(AnnData, ReadsDenseAndSparseAlike) {
  for (const bool sparse : {false, true}) {
    for (const bool variable : {false, true}) {
      for (const test::Stored& stored : {test::Stored{}, test::Stored{.chunk = {2}, .gzip = 1}}) {
        {
          H5Writer file(folder_ / "a.h5ad");
          write_frames(file, {}, variable);
          if (sparse) {
            file.group("/X");
            file.text_attribute("/X", "encoding-type", "csr_matrix");
            file.integers_attribute("/X", "shape", {kRows, 3});
            file.numbers("/X/data", "f4", {5}, {1, 2, -3, 0.5, 7}, stored);
            file.integers("/X/indices", "i4", {0, 2, 0, 2, 1}, stored);
            file.integers("/X/indptr", "i8", {0, 2, 2, 4, 5}, stored);
          } else {
            file.numbers("/X", "f4", {kRows, 3}, kDense);
          }
        }
        const auto source = test::open_one(folder_ / "a.h5ad", pool_);
        EXPECT_EQ(source->plan().layout, "anndata");
        EXPECT_EQ(source->schema().columns[0].name + source->schema().columns[2].name, "xz");
        for (const int64_t piece : {1, 3, 4})
          EXPECT_TRUE(test::same_values(test::read_all(*source, piece), kColumnMajor)) << piece;
        EXPECT_TRUE(test::same_values(test::read_column(*source, "z"), {2, 0, 0.5, 0}));
        const IdColumn ids = source->read_ids(pool_);
        EXPECT_EQ(ids.name + ids.text(0) + ids.text(3), "client_idc1c4");
      }
    }
  }
}

TEST_F(AnnData, ReadsEveryKindOfObsColumn) {
  {
    H5Writer file(folder_ / "o.h5ad");
    write_frames(file, {"city", "level", "spend", "active", "orders", "vip", "x", "odd"}, true);
    file.numbers("/X", "f4", {kRows, 3}, kDense);
    file.group("/obs/city");
    file.text_attribute("/obs/city", "encoding-type", "categorical");
    file.integers("/obs/city/codes", "i1", {1, -1, 0, 1});
    file.texts("/obs/city/categories", {"Rome", "Bonn"}, 0);
    file.group("/obs/level");
    file.text_attribute("/obs/level", "encoding-type", "categorical");
    file.integers("/obs/level/codes", "u1", {2, 1, 0, 0});
    file.numbers("/obs/level/categories", "f8", {3}, {1.5, 10, 2});
    file.numbers("/obs/spend", "f8", {kRows}, {1.25, kNaN, 3, 4});
    file.numbers("/obs/active", "bool", {kRows}, {1, 0, 1, 1});
    file.group("/obs/orders");
    file.text_attribute("/obs/orders", "encoding-type", "nullable-integer");
    file.integers("/obs/orders/values", "i8", {5, 6, 7, 8});
    file.numbers("/obs/orders/mask", "bool", {kRows}, {0, 1, 0, 0});
    file.group("/obs/vip");
    file.text_attribute("/obs/vip", "encoding-type", "nullable-boolean");
    file.numbers("/obs/vip/values", "bool", {kRows}, {1, 1, 0, 0});
    file.numbers("/obs/vip/mask", "bool", {kRows}, {1, 0, 0, 0});
    file.texts("/obs/x", {"u", "v", "u", ""}, 0);
    file.group("/obs/odd");
    file.text_attribute("/obs/odd", "encoding-type", "awkward");
  }
  const auto source = test::open_one(folder_ / "o.h5ad", pool_);
  const auto same = [&](const char* name, const std::vector<double>& expected) {
    return test::same_values(test::read_column(*source, name), expected);
  };
  const auto column = [&](const char* name) {
    return source->schema().columns[static_cast<size_t>(source->schema().find(name))];
  };
  EXPECT_EQ(column("city").categories, (std::vector<std::string>{"Bonn", "Rome"}));
  EXPECT_TRUE(same("city", {0, kNaN, 1, 0}));
  EXPECT_EQ(column("level").categories, (std::vector<std::string>{"1.5", "10", "2"}));
  EXPECT_TRUE(same("level", {2, 1, 0, 0}));
  EXPECT_TRUE(same("spend", {1.25, kNaN, 3, 4}));
  EXPECT_EQ(column("active").kind, ColumnKind::flag);
  EXPECT_TRUE(same("active", {1, 0, 1, 1}));
  EXPECT_TRUE(same("orders", {5, kNaN, 7, 8}));
  EXPECT_EQ(column("vip").kind, ColumnKind::flag);
  EXPECT_TRUE(same("vip", {kNaN, 1, 0, 0}));
  EXPECT_TRUE(same("x", {1, 0, -3, 0}));
  EXPECT_TRUE(same("obs/x", {0, 1, 0, kNaN}));
  const std::vector<std::string> notes = source->plan().notes;
  const auto noted = [&](const std::string& part) {
    return std::any_of(notes.begin(), notes.end(), [&](const std::string& n) { return test::says(n, part); });
  };
  EXPECT_TRUE(noted("is called 'obs/x'"));
  EXPECT_TRUE(noted("'odd' is left out"));
}

TEST_F(AnnData, ReadsObsWithoutX) {
  {
    H5Writer file(folder_ / "n.h5ad");
    write_frames(file, {"spend"}, true);
    file.numbers("/obs/spend", "f4", {kRows}, {1, 2, 3, 4});
  }
  EXPECT_TRUE(test::same_values(test::read_all(*test::open_one(folder_ / "n.h5ad", pool_)), {1, 2, 3, 4}));
  EXPECT_TRUE(
      test::says(test::error_of([&] { test::open_one(folder_ / "n.h5ad", pool_, "", "nobody"); }), "does not exist"));
}

TEST_F(AnnData, RefusesSparseMatricesThatDoNotFitTogether) {
  const auto message = [&](const std::vector<int64_t>& shape, const std::vector<int64_t>& indices,
                           const std::vector<int64_t>& indptr, const std::string& encoding = "csr_matrix") {
    {
      H5Writer file(folder_ / "b.h5ad");
      write_frames(file, {}, true);
      file.group("/X");
      file.text_attribute("/X", "encoding-type", encoding);
      file.integers_attribute("/X", "shape", shape);
      file.numbers("/X/data", "f4", {3}, {1, 2, 3});
      file.integers("/X/indices", "i4", indices);
      file.integers("/X/indptr", "i8", indptr);
    }
    return test::error_of([&] { test::read_all(*test::open_one(folder_ / "b.h5ad", pool_)); });
  };
  EXPECT_EQ(message({4, 3}, {0, 1, 2}, {0, 1, 2, 2, 3}), "");
  EXPECT_TRUE(test::says(message({4, 3}, {0, 1, 3}, {0, 1, 2, 2, 3}), "columns below 3"));
  EXPECT_TRUE(test::says(message({4, 3}, {0, -1, 2}, {0, 1, 2, 2, 3}), "columns below 3"));
  EXPECT_TRUE(test::says(message({4, 3}, {0, 1, 2}, {0, 2, 1, 2, 3}), "ascending"));
  EXPECT_TRUE(test::says(message({4, 3}, {0, 1, 2}, {0, 1, 2, 2, 4}), "4 cells"));
  EXPECT_TRUE(test::says(message({4, 3}, {0, 1}, {0, 1, 2, 2, 3}), "2 columns"));
  EXPECT_TRUE(test::says(message({4, 3}, {0, 1, 2}, {0, 1, 2, 3}), "4 + 1 positions"));
  EXPECT_TRUE(test::says(message({5, 3}, {0, 1, 2}, {0, 1, 2, 2, 3, 3}), "does not fit obs"));
  EXPECT_TRUE(test::says(message({4, 3}, {0, 1, 2}, {0, 1, 2, 2, 3}, "csc_matrix"), "X cannot be read"));
  EXPECT_TRUE(test::says(message({4, -3}, {0, 1, 2}, {0, 1, 2, 2, 3}), "does not fit obs"));
}

}  // namespace
}  // namespace clientele
