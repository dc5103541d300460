#include "clientele/prep/clean.h"

#include "tests/prep/workbench.h"

namespace clientele {
namespace {

constexpr double kGap = NAN;

CleanRows clean_on_one(const Table& table, const CleanSpec& spec) {
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  MemorySource source = table.source();
  return clean(source, ids_of(table), spec, bench.env);
}

Json check_named(const CleanRows& rows, const std::string& name) {
  for (const Json& check : rows.report["checks"])
    if (check["check"] == name) return check;
  ADD_FAILURE() << "no check " << name;
  return {};
}

Json column_named_in(const CleanRows& rows, const std::string& name) {
  for (const Json& column : rows.report["columns"])
    if (column["name"] == name) return column;
  ADD_FAILURE() << "no column " << name;
  return {};
}

TEST(Clean, KeepsEverythingThatIsFine) {
  Table table;
  table.add("a", {1, 2, 3, 4});
  table.add("b", {0, kGap, 2, 2});
  const CleanRows rows = clean_on_one(table, {});
  EXPECT_TRUE(rows.all_kept());
  EXPECT_EQ(rows.kept, 4);
  EXPECT_EQ(rows.columns, (std::vector<int>{0, 1}));
  EXPECT_EQ(rows.moments[1].missing, 1);
  EXPECT_EQ(rows.moments[1].present, 3);
  EXPECT_EQ(rows.moments[0].mean, 2.5);
  EXPECT_EQ(rows.report["source_rows"], 4);
  EXPECT_EQ(check_named(rows, "missing")["found"], 1);
  EXPECT_EQ(column_named_in(rows, "b")["status"], "used");
  EXPECT_EQ(column_named_in(rows, "b")["max"], 2);
}

TEST(Clean, DropsConstantColumnsOfTheClusteringOnly) {
  Table table;
  table.add("a", {1, 2, 3});
  table.add("same", {7, 7, 7});
  table.add("same with a gap", {7, kGap, 7});
  table.add("described", {5, 5, 5}).role = ColumnRole::profile;
  table.add("seen gap", {7, kGap, 7}).missing_indicator = true;
  table.add("zeroed gap", {7, kGap, 7}).missing = MissingPolicy::zero;
  const CleanRows rows = clean_on_one(table, {});
  EXPECT_EQ(rows.columns, (std::vector<int>{0, 4, 5}));
  EXPECT_EQ(rows.dropped_columns, (std::vector<std::string>{"same", "same with a gap"}));
  EXPECT_EQ(check_named(rows, "constant")["found"], 2);
  EXPECT_EQ(column_named_in(rows, "described")["status"], "profile");
  EXPECT_EQ(column_named_in(rows, "same")["status"], "dropped: constant");
  CleanSpec keep;
  keep.constant = CleanSpec::Constant::keep;
  EXPECT_EQ(clean_on_one(table, keep).columns.size(), 5u);
  CleanSpec fail;
  fail.constant = CleanSpec::Constant::fail;
  EXPECT_EQ(error_of([&] { clean_on_one(table, fail); }).kind(), ErrorKind::input);
}

TEST(Clean, WarnsOfColumnsLeftOut) {
  Table table;
  table.add("a", {1, 2, 3});
  table.add("same", {7, 7, 7});
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  MemorySource source = table.source();
  clean(source, ids_of(table), {}, bench.env);
  EXPECT_EQ(bench.env.warnings,
            std::vector<std::string>{"Left out of the clustering, constant or without values: same."});
}

TEST(Clean, RefusesAColumnWithoutValuesUnlessToldToDropIt) {
  Table table;
  table.add("a", {1, 2, 3});
  table.add("empty", {kGap, kGap, kGap});
  table.add("described", {kGap, kGap, kGap}).role = ColumnRole::profile;
  const Error error = error_of([&] { clean_on_one(table, {}); });
  EXPECT_EQ(error.kind(), ErrorKind::input);
  EXPECT_EQ(error.complaint().where, "column empty");
  CleanSpec drop;
  drop.missing = CleanSpec::Missing::drop;
  const CleanRows rows = clean_on_one(table, drop);
  EXPECT_EQ(rows.columns, std::vector<int>{0});
  EXPECT_EQ(column_named_in(rows, "empty")["status"], "dropped: all missing");
  table.schema.columns[1].missing = MissingPolicy::drop;
  EXPECT_EQ(clean_on_one(table, {}).columns, std::vector<int>{0});
  CleanSpec drop_row;
  drop_row.missing = CleanSpec::Missing::drop_row;
  table.schema.columns[1].missing = MissingPolicy::automatic;
  EXPECT_EQ(error_of([&] { clean_on_one(table, drop_row); }).complaint().where, "column empty");
}

TEST(Clean, DealsWithMissingValuesByPolicyAndColumn) {
  Table table;
  table.add("a", {1, kGap, 3, 4});
  table.add("b", {kGap, 2, 3, 5});
  table.add("described", {1, 1, 2, kGap}).role = ColumnRole::profile;
  CleanSpec drop_row;
  drop_row.missing = CleanSpec::Missing::drop_row;
  CleanRows rows = clean_on_one(table, drop_row);
  EXPECT_EQ(rows.excluded, (std::vector<int8_t>{2, 2, 0, 0}));
  EXPECT_EQ(check_named(rows, "missing")["excluded"], 2);
  table.schema.columns[0].missing = MissingPolicy::median;  // the column's own policy wins
  rows = clean_on_one(table, drop_row);
  EXPECT_EQ(rows.excluded, (std::vector<int8_t>{2, 0, 0, 0}));
  EXPECT_EQ(rows.moments[0].missing, 1);
  table.schema.columns[0].missing = MissingPolicy::fail;
  const Error error = error_of([&] { clean_on_one(table, {}); });
  EXPECT_EQ(error.complaint().where, "column a");
  EXPECT_EQ(error.complaint().found, "1 missing value, the first in row 1");
  CleanSpec limit;
  limit.limit_missing = 0.2;
  table.schema.columns[0].missing = MissingPolicy::automatic;
  EXPECT_EQ(error_of([&] { clean_on_one(table, limit); }).kind(), ErrorKind::input);
  limit.limit_missing = 0.25;
  EXPECT_NO_THROW(clean_on_one(table, limit));
}

TEST(Clean, DealsWithInfiniteValuesByPolicy) {
  Table table;
  table.add("a", {1, 2, INFINITY, 4});
  table.add("described", {-INFINITY, 1, 1, 2}).role = ColumnRole::profile;
  const Error error = error_of([&] { clean_on_one(table, {}); });
  EXPECT_EQ(error.kind(), ErrorKind::input);
  EXPECT_EQ(error.complaint().where, "column a");
  EXPECT_EQ(error.complaint().found, "1 infinite value, the first in row 2");
  CleanSpec missing;
  missing.infinite = CleanSpec::Infinite::missing;
  CleanRows rows = clean_on_one(table, missing);
  EXPECT_TRUE(rows.all_kept());
  EXPECT_EQ(rows.moments[0].missing, 1);
  EXPECT_EQ(rows.moments[0].present, 3);
  EXPECT_EQ(column_named_in(rows, "a")["infinite"], 1);
  MemorySource source = table.source();
  const CleanReader reader(source, rows);
  std::vector<double> read(8);
  reader.read(0, std::vector<int>{0, 1}, {read.data(), 4, 2, 4});
  EXPECT_TRUE(std::isnan(read[2]));
  EXPECT_TRUE(std::isnan(read[4]));
  EXPECT_EQ(read[3], 4);
  CleanSpec drop;
  drop.infinite = CleanSpec::Infinite::drop_row;
  EXPECT_EQ(clean_on_one(table, drop).excluded, (std::vector<int8_t>{0, 0, 3, 0}));
  missing.missing = CleanSpec::Missing::drop_row;
  EXPECT_EQ(clean_on_one(table, missing).excluded, (std::vector<int8_t>{0, 0, 3, 0}));
  missing.missing = CleanSpec::Missing::fail;
  EXPECT_EQ(error_of([&] { clean_on_one(table, missing); }).complaint().found, "1 missing value, the first in row 2");
}

TEST(Clean, DealsWithStaleAndFutureRows) {
  const double day = 86400;
  Table table;
  table.add("a", {1, 2, 3, 4, 5});
  Column& seen = table.add("seen", {100 * day, 10 * day, 89 * day, kGap, 101 * day});
  seen.kind = ColumnKind::time;
  seen.role = ColumnRole::profile;
  Column& started = table.add("started", {1 * day, 2 * day, 90 * day, kGap, 1 * day});
  started.kind = ColumnKind::time;
  started.role = ColumnRole::profile;
  CleanSpec spec;
  spec.as_of = std::to_string(100 * 86400);
  spec.stale_days = 10;
  spec.stale = CleanSpec::Stale::drop;
  spec.future = CleanSpec::Future::drop;
  const CleanRows rows = clean_on_one(table, spec);
  // Row 2 has one time exactly at the limit; row 3 has no time, so nothing is known of its age.
  EXPECT_EQ(rows.excluded, (std::vector<int8_t>{0, 4, 0, 0, 5}));
  EXPECT_EQ(check_named(rows, "stale")["found"], 1);
  EXPECT_EQ(check_named(rows, "future")["excluded"], 1);
  CleanSpec keep = spec;
  keep.stale = CleanSpec::Stale::keep;
  keep.future = CleanSpec::Future::keep;
  const CleanRows kept = clean_on_one(table, keep);
  EXPECT_TRUE(kept.all_kept());
  EXPECT_EQ(check_named(kept, "future")["found"], 1);
  spec.future = CleanSpec::Future::fail;
  EXPECT_EQ(error_of([&] { clean_on_one(table, spec); }).kind(), ErrorKind::input);
  spec.as_of.clear();
  EXPECT_EQ(error_of([&] { clean_on_one(table, spec); }).kind(), ErrorKind::usage);
}

TEST(Clean, DealsWithDuplicateIds) {
  Table table;
  table.add("a", {1, 2, 3, 4, 5, 6});
  table.ids = text_ids({"x", "y", "x", "z", "y", "x"}, 3);
  CleanRows rows = clean_on_one(table, {});
  EXPECT_EQ(rows.excluded, (std::vector<int8_t>{0, 0, 1, 0, 1, 1}));
  EXPECT_EQ(check_named(rows, "duplicates")["found"], 3);
  CleanSpec spec;
  spec.duplicates = CleanSpec::Duplicates::keep_last;
  EXPECT_EQ(clean_on_one(table, spec).excluded, (std::vector<int8_t>{1, 1, 1, 0, 0, 0}));
  spec.duplicates = CleanSpec::Duplicates::keep_all;
  EXPECT_TRUE(clean_on_one(table, spec).all_kept());
  spec.duplicates = CleanSpec::Duplicates::fail;
  const Error error = error_of([&] { clean_on_one(table, spec); });
  EXPECT_EQ(error.kind(), ErrorKind::input);
  EXPECT_NE(error.complaint().found.find("id x in rows 0 and 2"), std::string::npos);
  spec.duplicates = CleanSpec::Duplicates::keep_first;
  spec.limit_duplicates = 0.49;
  EXPECT_EQ(error_of([&] { clean_on_one(table, spec); }).kind(), ErrorKind::input);
  spec.limit_duplicates = 1;
  spec.limit_dropped_rows = 0.49;
  EXPECT_EQ(error_of([&] { clean_on_one(table, spec); }).kind(), ErrorKind::input);
}

TEST(Clean, RefusesWeightsThatCannotBeUsed) {
  const auto refuses = [](std::vector<double> weights) {
    Table table;
    table.add("a", {1, 2, 3});
    table.add("w", std::move(weights)).role = ColumnRole::weight;
    return error_of([&] { clean_on_one(table, {}); });
  };
  EXPECT_EQ(refuses({1, -1, 1}).complaint().where, "column w, row 1");
  EXPECT_EQ(refuses({1, 1, kGap}).complaint().where, "column w, row 2");
  EXPECT_EQ(refuses({INFINITY, 1, 1}).complaint().where, "column w, row 0");
  EXPECT_EQ(refuses({0, 0, 0}).complaint().where, "column w");
}

TEST(Clean, LeavesRowsAloneThatWereDecidedBefore) {
  Table table;
  table.add("a", {kGap, 2, 3, 5, kGap});
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  MemorySource source = table.source();
  CleanSpec spec;
  spec.missing = CleanSpec::Missing::drop_row;
  const std::vector<int8_t> already = {8, 0, 0, 0, 0};
  const CleanRows rows = clean(source, ids_of(table), spec, bench.env, already);
  EXPECT_EQ(rows.excluded, (std::vector<int8_t>{8, 0, 0, 0, 2}));
  EXPECT_EQ(rows.kept, 3);
  EXPECT_EQ(check_named(rows, "missing")["found"], 1);
}

TEST(Clean, NothingLeftIsAnError) {
  Table table;
  table.add("a", {1, 2, kGap});
  table.add("b", {kGap, kGap, 3});
  CleanSpec spec;
  spec.missing = CleanSpec::Missing::drop_row;
  EXPECT_EQ(error_of([&] { clean_on_one(table, spec); }).complaint().what, "no row is left");
}

}  // namespace
}  // namespace clientele
