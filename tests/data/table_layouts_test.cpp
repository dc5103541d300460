// Columns and compounds: every kind of column, ids, several files, row ranges.
#include "tests/data/reading.h"

namespace clientele {
namespace {

using test::H5Writer;
using test::kNaN;

class TableLayouts : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  ThreadPool pool_{3};
};

TEST_F(TableLayouts, ReadsAGroupOfColumns) {
  {
    H5Writer file(folder_ / "c.h5");
    file.numbers("/clients/spend", "f4", {4}, {1.5, 2, kNaN, -0.0});
    file.numbers("/clients/active", "bool", {4}, {1, 0, 0, 1}, {.chunk = {3}, .gzip = 1});
    file.numbers("/clients/mailed", "bits", {4}, {0, 1, 1, 0});
    file.texts("/clients/city", {"Rome", "Bonn", "", "Rome"}, 6);
    file.texts("/clients/channel", {"web", "app", "web", ""}, 0);
    file.texts("/clients/plan", {"b ", "a", "b", "a"}, 4, {}, "space");
    file.enumeration("/clients/tier", {"silver", "gold"}, {0, 1, -1, 0});
    file.integers("/clients/client_id", "i4", {9, 8, 7, 6});
  }
  const auto source = test::open_one(folder_ / "c.h5", pool_);
  EXPECT_EQ(source->plan().layout, "columns");
  std::string names;
  for (const Column& column : source->schema().columns) names += column.name + " ";
  EXPECT_EQ(names, "active channel city mailed plan spend tier ");
  const Schema& schema = source->schema();
  const auto column = [&](const char* name) { return schema.columns[static_cast<size_t>(schema.find(name))]; };
  EXPECT_EQ(column("active").kind, ColumnKind::flag);
  EXPECT_EQ(column("mailed").kind, ColumnKind::flag);
  EXPECT_EQ(column("spend").kind, ColumnKind::number);
  EXPECT_EQ(column("city").kind, ColumnKind::category);
  EXPECT_EQ(column("city").categories, (std::vector<std::string>{"Bonn", "Rome"}));
  EXPECT_EQ(column("plan").categories, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(column("tier").categories, (std::vector<std::string>{"gold", "silver"}));
  const auto same = [&](const char* name, const std::vector<double>& expected) {
    return test::same_values(test::read_column(*source, name), expected);
  };
  EXPECT_TRUE(same("active", {1, 0, 0, 1}));
  EXPECT_TRUE(same("mailed", {0, 1, 1, 0}));
  EXPECT_TRUE(same("spend", {1.5, 2, kNaN, 0}));
  EXPECT_TRUE(same("city", {1, 0, kNaN, 1}));
  EXPECT_TRUE(same("channel", {1, 0, 1, kNaN}));
  EXPECT_TRUE(same("plan", {1, 0, 1, 0}));
  EXPECT_TRUE(same("tier", {1, 0, kNaN, 1}));
  EXPECT_EQ(source->read_ids(pool_).integers, (std::vector<int64_t>{9, 8, 7, 6}));
}

TEST_F(TableLayouts, ReadsRecordsOnBothPaths) {
  const std::vector<test::RecordColumn> plain = {{"client_id", "i8", {5, 6, 7}},
                                                 {"spend", ">f4", {0.5, kNaN, 2}},
                                                 {"code", "", {}, {"bb", "a", "bb"}, 3},
                                                 {"active", "bool", {0, 1, 1}},
                                                 {"half", "f2", {0.25, 0.5, -1}}};
  std::vector<test::RecordColumn> mixed = plain;
  mixed.push_back({"note", "", {}, {"x", "", "y"}, 0});
  mixed.push_back({"odd", "i3", {-1, 2, 3}});
  for (const test::Stored& stored : {test::Stored{}, test::Stored{.chunk = {2}, .gzip = 1, .shuffle = true}}) {
    for (const bool library : {false, true}) {
      {
        H5Writer file(folder_ / "r.h5");
        file.records("/clients", library ? mixed : plain, stored);
      }
      const auto source = test::open_one(folder_ / "r.h5", pool_);
      EXPECT_EQ(source->plan().layout, "compound");
      EXPECT_EQ(test::says(source->plan().path, "library"), library);
      const auto same = [&](const char* name, const std::vector<double>& expected) {
        return test::same_values(test::read_column(*source, name), expected);
      };
      EXPECT_TRUE(same("spend", {0.5, kNaN, 2}));
      EXPECT_TRUE(same("code", {1, 0, 1}));
      EXPECT_TRUE(same("active", {0, 1, 1}));
      EXPECT_TRUE(same("half", {0.25, 0.5, -1}));
      EXPECT_EQ(source->schema().find("client_id"), -1);
      EXPECT_EQ(source->read_ids(pool_).integers, (std::vector<int64_t>{5, 6, 7}));
      if (!library) continue;
      EXPECT_TRUE(same("note", {0, kNaN, 1}));
      EXPECT_TRUE(same("odd", {-1, 2, 3}));
      const std::string empty =
          test::error_of([&] { test::open_one(folder_ / "r.h5", pool_, "/clients", "note")->read_ids(pool_); });
      EXPECT_TRUE(test::says(empty, "an id is empty") && test::says(empty, "note row 1")) << empty;
    }
  }
}

TEST_F(TableLayouts, ReadsTextsOfVariableLengthUnderLzf) {
  std::vector<std::string> names;
  std::vector<double> values;
  for (int i = 0; i < 250; ++i) {
    names.push_back("client " + std::to_string(i % 7));
    values.push_back(i);
  }
  const std::vector<test::RecordColumn> record = {{"x", "f4", values}, {"name", "", {}, names, 0}, {"y", "i2", values}};
  {
    H5Writer file(folder_ / "l.h5");
    file.texts("/raw/texts/name", names, 0, {.chunk = {100}});
    file.records("/raw/records", record, {.chunk = {100}});
    file.group("/packed/texts");
    file.lzf_copy("/raw/texts/name", "/packed/texts/name", 100);
    file.lzf_copy("/raw/records", "/packed/records", 100);
  }
  for (const char* place : {"/packed/texts", "/packed/records"}) {
    const auto plain = test::open_one(folder_ / "l.h5", pool_, std::string(place).replace(1, 6, "raw"));
    const auto packed = test::open_one(folder_ / "l.h5", pool_, place);
    EXPECT_TRUE(test::says(packed->plan().datasets[0], "lzf"));
    EXPECT_TRUE(test::same_values(test::read_all(*packed, 90), test::read_all(*plain))) << place;
    EXPECT_EQ(test::open_one(folder_ / "l.h5", pool_, "/packed/records", "name")->read_ids(pool_).text(249),
              "client 4");
  }
}

TEST_F(TableLayouts, FixedTextsAreIdsOfTheLongestOnesWidth) {
  {
    H5Writer file(folder_ / "f.h5");
    file.records("/t", {{"key", "", {}, {"abc", "de", "f"}, 12}, {"v", "f4", {1, 2, 3}}});
  }
  const IdColumn ids = test::open_one(folder_ / "f.h5", pool_, "", "key")->read_ids(pool_);
  EXPECT_EQ(ids.width, 3);
  EXPECT_EQ(ids.bytes, std::string("abcde\0f\0\0", 9));
}

TEST_F(TableLayouts, JoinsFilesAndMergesTheirDictionaries) {
  for (const int part : {0, 1}) {
    H5Writer file(folder_ / ("p" + std::to_string(part) + ".h5"));
    file.texts("/t/city",
               part == 0 ? std::vector<std::string>{"Rome", "Bonn"} : std::vector<std::string>{"Aachen", "", "Rome"},
               8);
    file.numbers("/t/v", "f4", {part == 0 ? 2 : 3},
                 part == 0 ? std::vector<double>{1, 2} : std::vector<double>{3, 4, 5});
    file.texts("/t/client_id",
               part == 0 ? std::vector<std::string>{"a", "b"} : std::vector<std::string>{"ccc", "d", "e"},
               part == 0 ? 1 : 3);
  }
  InputSpec spec;
  spec.file = {folder_ / "p0.h5", folder_ / "p1.h5"};
  const auto source = open_input(spec, pool_);
  EXPECT_EQ(source->rows(), 5);
  EXPECT_EQ(source->schema().columns[0].categories, (std::vector<std::string>{"Aachen", "Bonn", "Rome"}));
  const std::vector<double> expected = {2, 1, 0, kNaN, 2, 1, 2, 3, 4, 5};
  for (const int64_t piece : {1, 2, 3, 5})
    EXPECT_TRUE(test::same_values(test::read_all(*source, piece), expected)) << piece;
  const IdColumn ids = source->read_ids(pool_);
  EXPECT_EQ(ids.width, 3);
  EXPECT_EQ(ids.text(0) + ids.text(1) + ids.text(2) + ids.text(3) + ids.text(4), "abcccde");

  spec.rows = {1, 4};
  const auto part = open_input(spec, pool_);
  EXPECT_EQ(part->rows(), 3);
  EXPECT_TRUE(test::same_values(test::read_all(*part, 2), {1, 0, kNaN, 2, 3, 4}));
  EXPECT_EQ(part->read_ids(pool_).text(1), "ccc");
}

TEST_F(TableLayouts, RefusesFilesThatDoNotFitTogether) {
  for (const int part : {0, 1, 2}) {
    H5Writer file(folder_ / ("q" + std::to_string(part) + ".h5"));
    file.numbers(part == 1 ? "/t/other" : "/t/v", "f4", {2}, {1, 2});
    if (part == 2) file.numbers("/t/w", "f4", {2}, {1, 2});
  }
  for (const char* second : {"q1.h5", "q2.h5"}) {
    InputSpec spec;
    spec.file = {folder_ / "q0.h5", folder_ / second};
    EXPECT_TRUE(test::says(test::error_of([&] { open_input(spec, pool_); }), "different columns")) << second;
  }
}

TEST_F(TableLayouts, ChecksTheRangeOfRows) {
  {
    H5Writer file(folder_ / "g.h5");
    file.numbers("/m", "f4", {10, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  }
  InputSpec spec;
  spec.file = {folder_ / "g.h5"};
  spec.rows = {3, 7};
  const auto source = open_input(spec, pool_);
  EXPECT_TRUE(test::same_values(test::read_all(*source, 3), {3, 4, 5, 6}));
  EXPECT_EQ(source->read_ids(pool_).rows, 4);
  for (const std::vector<int64_t>& rows : std::vector<std::vector<int64_t>>{{5}, {5, 5}, {-1, 3}, {1, 2, 3}}) {
    spec.rows = rows;
    EXPECT_NE(test::error_of([&] { open_input(spec, pool_); }, ErrorKind::usage), "");
  }
  spec.rows = {0, 11};
  EXPECT_NE(test::error_of([&] { open_input(spec, pool_); }), "");
}

TEST_F(TableLayouts, LeavesOutWhatIsNoColumnAndSaysSo) {
  std::vector<std::string> many;
  for (int i = 0; i < 100'002; ++i) many.push_back(std::to_string(i));
  const std::vector<double> ones(many.size(), 1.0);
  {
    H5Writer file(folder_ / "o.h5");
    file.texts("/t/mail", many, 6);
    file.numbers("/t/v", "u1", {static_cast<int64_t>(many.size())}, ones);
    file.numbers("/t/wide", "u1", {2, 1, 2}, {1, 2, 3, 4});
  }
  const auto source = test::open_one(folder_ / "o.h5", pool_, "/t");
  EXPECT_EQ(source->schema().columns.size(), 1U);
  const std::vector<std::string> notes = source->plan().notes;
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_TRUE(test::says(notes[0], "'mail' is left out"));
  EXPECT_TRUE(test::says(notes[1], "/t/wide is left out"));
}

}  // namespace
}  // namespace clientele
