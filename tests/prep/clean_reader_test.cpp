// Kept rows in their own numbering, and that nothing depends on how the work is cut.
#include <map>

#include "src/prep/duplicate_ids.h"
#include "tests/prep/workbench.h"

namespace clientele {
namespace {

/// Four blocks and a piece of three columns with gaps, infinities and repeated ids.
Table dirty_table() {
  constexpr size_t n = 4 * 65536 + 4000;
  Table table;
  std::mt19937_64 engine(7);
  table.add("a", random_normals(n, 1, 1000, 0.001));
  table.add("b", random_normals(n, 2));
  table.add("c", random_normals(n, 3)).role = ColumnRole::profile;
  std::vector<int64_t> ids(n);
  for (size_t i = 0; i < n; ++i) {
    ids[i] = static_cast<int64_t>(i * 7919 % 1000003);
    if (engine() % 50 == 0) table.columns[0][i] = NAN;
    if (engine() % 90 == 0) table.columns[1][i] = -INFINITY;
    if (engine() % 40 == 0) ids[i] = static_cast<int64_t>(engine() % 1000);
  }
  // A whole block without a kept row.
  for (size_t i = 65536; i < 2 * 65536; ++i) table.columns[0][i] = NAN;
  table.ids = integer_ids(std::move(ids));
  return table;
}

CleanSpec strict_spec() {
  CleanSpec spec;
  spec.missing = CleanSpec::Missing::drop_row;
  spec.infinite = CleanSpec::Infinite::drop_row;
  return spec;
}

/// The same table with the excluded rows taken out.
Table cleaned_copy(const Table& table, const std::vector<int8_t>& excluded) {
  Table out;
  out.schema = table.schema;
  for (const auto& column : table.columns) {
    auto& to = out.columns.emplace_back();
    for (size_t i = 0; i < column.size(); ++i)
      if (excluded[i] == 0) to.push_back(column[i]);
  }
  return out;
}

std::vector<int8_t> exclusion_oracle(const Table& table) {
  std::map<int64_t, bool> seen;
  std::vector<int8_t> out;
  for (size_t i = 0; i < table.columns[0].size(); ++i) {
    const bool again = !seen.emplace(table.ids.integers[i], true).second;
    out.push_back(again ? 1 : std::isnan(table.columns[0][i]) ? 2 : std::isinf(table.columns[1][i]) ? 3 : 0);
  }
  return out;
}

TEST(CleanReader, IsTheSameForEveryCutAndEqualsACleanedFile) {
  const Table table = dirty_table();
  const std::vector<int8_t> expected = exclusion_oracle(table);
  const Table copy = cleaned_copy(table, expected);
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  MemorySource clean_source = copy.source();
  const CleanRows reference = clean(clean_source, ids_of(copy), strict_spec(), bench.env);
  ASSERT_TRUE(reference.all_kept());
  for (const Cut& cut : kCuts)
    on_ranks(cut, [&](Env& env) {
      MemorySource source = table.source();
      const CleanRows rows = clean(source, table.ids, strict_spec(), env);
      EXPECT_EQ(rows.excluded, expected);
      EXPECT_EQ(rows.kept, copy.rows());
      for (size_t c = 0; c < 3; ++c) EXPECT_EQ(bits(rows.moments[c]), bits(reference.moments[c]));
    });
}

TEST(CleanReader, ReadsAnyRangeOfKeptRows) {
  const Table table = dirty_table();
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  MemorySource source = table.source();
  const CleanRows rows = clean(source, table.ids, strict_spec(), bench.env);
  const Table copy = cleaned_copy(table, rows.excluded);
  const CleanReader reader(source, rows);
  ASSERT_EQ(reader.rows(), copy.rows());
  std::mt19937_64 engine(3);
  const std::vector<int> columns = {2, 0};
  for (int trial = 0; trial < 20; ++trial) {
    const auto first = static_cast<int64_t>(engine() % static_cast<uint64_t>(copy.rows()));
    const int64_t count = std::min<int64_t>(copy.rows() - first, static_cast<int64_t>(engine() % 20000));
    std::vector<double> read(static_cast<size_t>(2 * count + 2));
    reader.read(first, columns, {read.data(), count, 2, count + 1});
    std::vector<int64_t> where(static_cast<size_t>(count));
    reader.source_rows(first, where);
    for (size_t i = 0; i < where.size(); ++i) {
      const size_t kept = static_cast<size_t>(first) + i;
      ASSERT_EQ(read[i], copy.columns[2][kept]);
      ASSERT_EQ(read[static_cast<size_t>(count + 1) + i], copy.columns[0][kept]);
      ASSERT_EQ(table.columns[0][static_cast<size_t>(where[i])], copy.columns[0][kept]);
    }
  }
}

TEST(DuplicateIds, EqualASlowSearch) {
  std::mt19937_64 engine(11);
  for (const size_t n : {2u, 100u, 3000u, 70000u}) {
    std::vector<int64_t> numbers;
    std::vector<std::string> texts;
    for (size_t i = 0; i < n; ++i) {
      numbers.push_back(static_cast<int64_t>(engine() % (2 * n)) - static_cast<int64_t>(n));
      texts.push_back("client " + std::to_string(numbers.back()));
    }
    std::map<int64_t, int64_t> last;
    std::vector<int64_t> later, earlier;
    for (size_t i = 0; i < n; ++i) {
      const auto [at, fresh] = last.emplace(numbers[i], static_cast<int64_t>(i));
      if (fresh) continue;
      later.push_back(static_cast<int64_t>(i));
      earlier.push_back(at->second);
      at->second = static_cast<int64_t>(i);
    }
    std::sort(earlier.begin(), earlier.end());
    ThreadPool pool(3);
    for (const IdColumn& ids : {integer_ids(numbers), text_ids(texts, 20)}) {
      EXPECT_EQ(find_duplicate_ids(ids, KeepRow::first, pool).surplus, later);
      EXPECT_EQ(find_duplicate_ids(ids, KeepRow::last, pool).surplus, earlier);
    }
  }
}

}  // namespace
}  // namespace clientele
