#include "clientele/data/segments_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <limits>

#include "clientele/base/errors.h"
#include "clientele/base/files.h"
#include "tests/support/stored_file.h"

namespace clientele {
namespace {

using test::StoredFile;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Six clients in three segments, one of them left out, with ids of every kind on demand.
struct Sample {
  IdColumn ids;
  std::vector<int32_t> segment{2, 0, 1, 0, -1, 2};
  std::vector<float> distance{0.5f, 0.0f, 1.25f, 3.0f, kNan, 0.1f};
  std::vector<int32_t> second{0, 1, 0, 2, -1, 1};
  std::vector<float> margin{0.5f, 1.0f, 0.25f, 0.125f, kNan, 0.75f};
  std::vector<int8_t> excluded{0, 0, 0, 0, 2, 0};
  SegmentsFile file;

  Sample() {
    ids.kind = IdColumn::Kind::text;
    ids.rows = 6;
    ids.width = 5;
    for (std::string id : {"ann", "b,ob", "c\"d", "zo\xC3\xAB", "e", "last5"}) {
      id.resize(5, '\0');
      ids.bytes += id;
    }
    file.segment_names = {"Big, \"loyal\"", "New", "Lapsed"};
    file.exclusion_reasons = {"", "duplicate", "missing id"};
    file.feature_names = {"recency", "channel=web"};
    file.feature_sources = {"recency", "channel"};
    file.feature_blocks = {"", "habits"};
    file.profiles = Json::parse(R"({"segments":[
      {"segment":0,"name":"Big, \"loyal\"","rows":2,"share":0.4,"mean_distance":1.5,"mean_margin":0.5,"numbers":{"recency":{"mean":3.5,"z":-1,"lift":null}}},
      {"segment":1,"name":"New","rows":1,"share":0.2,"numbers":{"recency":{"mean":9}}},
      {"segment":2,"name":"Lapsed","rows":2,"share":0.4,"numbers":{}}]})");
    file.run = Json::parse(R"({"job":{"cluster":{"k":3}},"seed":7,"input":{"rows":6},"result":{"k":3}})");
    refresh();
  }
  void refresh() { file.rows = {&ids, segment, distance, second, margin, excluded}; }
};

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / ("segments_" + name);
}

void write(const std::filesystem::path& path, const Sample& sample) {
  ThreadPool pool(1);
  write_segments_h5ad(path, sample.file, pool);
}

TEST(SegmentsFile, EveryElementSaysWhatItIs) {
  const auto path = scratch("kinds.h5ad");
  write(path, Sample());
  const StoredFile f(path.string());
  const std::vector<std::vector<std::string>> expected = {
      {"/", "anndata", "0.1.0"},
      {"/obs", "dataframe", "0.2.0"},
      {"/var", "dataframe", "0.2.0"},
      {"/obs/client_id", "string-array", "0.2.0"},
      {"/obs/segment", "categorical", "0.2.0"},
      {"/obs/segment/codes", "array", "0.2.0"},
      {"/obs/segment/categories", "string-array", "0.2.0"},
      {"/obs/segment_id", "array", "0.2.0"},
      {"/obs/distance", "array", "0.2.0"},
      {"/obs/second_best", "array", "0.2.0"},
      {"/obs/margin", "array", "0.2.0"},
      {"/obs/excluded", "categorical", "0.2.0"},
      {"/var/_index", "string-array", "0.2.0"},
      {"/var/source", "string-array", "0.2.0"},
      {"/var/block", "string-array", "0.2.0"},
      {"/layers", "dict", "0.1.0"},
      {"/obsm", "dict", "0.1.0"},
      {"/obsp", "dict", "0.1.0"},
      {"/varm", "dict", "0.1.0"},
      {"/varp", "dict", "0.1.0"},
      {"/uns", "dict", "0.1.0"},
      {"/uns/run", "dict", "0.1.0"},
      {"/uns/run/result", "string", "0.2.0"},
      {"/uns/segments", "dict", "0.1.0"},
      {"/uns/segments/json", "string", "0.2.0"},
      {"/uns/segments/mean", "array", "0.2.0"},
  };
  for (const auto& row : expected) {
    EXPECT_EQ(f.text_attribute(row[0], "encoding-type"), row[1]) << row[0];
    EXPECT_EQ(f.text_attribute(row[0], "encoding-version"), row[2]) << row[0];
  }
  EXPECT_EQ(f.text_attribute("/obs", "_index"), "client_id");
  const std::vector<std::string> columns = {"segment", "segment_id", "distance", "second_best", "margin", "excluded"};
  EXPECT_EQ(f.texts_attribute("/obs", "column-order"), columns);
}

TEST(SegmentsFile, RowsComeBack) {
  const auto path = scratch("rows.h5ad");
  const Sample s;
  write(path, s);
  const StoredFile f(path.string());
  EXPECT_EQ(f.texts("/obs/client_id"), (std::vector<std::string>{"ann", "b,ob", "c\"d", "zo\xC3\xAB", "e", "last5"}));
  EXPECT_EQ(f.type("/obs/client_id"), "text5");
  EXPECT_EQ(f.type("/obs/segment_id"), "int32");
  EXPECT_EQ(f.type("/obs/distance"), "float32");
  EXPECT_EQ(f.type("/obs/segment/codes"), "int8");
  EXPECT_EQ(f.integers("/obs/segment_id"), (std::vector<int64_t>{2, 0, 1, 0, -1, 2}));
  EXPECT_EQ(f.integers("/obs/segment/codes"), (std::vector<int64_t>{2, 0, 1, 0, -1, 2}));
  EXPECT_EQ(f.integers("/obs/second_best"), (std::vector<int64_t>{0, 1, 0, 2, -1, 1}));
  EXPECT_EQ(f.integers("/obs/excluded/codes"), (std::vector<int64_t>{0, 0, 0, 0, 2, 0}));
  EXPECT_EQ(f.texts("/obs/segment/categories"), s.file.segment_names);
  EXPECT_EQ(f.texts("/obs/excluded/categories"), s.file.exclusion_reasons);
  const std::vector<double> distance = f.numbers("/obs/distance");
  for (size_t i = 0; i < distance.size(); ++i) {
    if (i != 4) {
      EXPECT_EQ(distance[i], s.distance[i]);
    }
  }
  EXPECT_TRUE(std::isnan(distance[4]));
  EXPECT_EQ(f.texts("/var/_index"), s.file.feature_names);
  EXPECT_EQ(f.texts("/var/block"), s.file.feature_blocks);
}

TEST(SegmentsFile, ProfilesAndRunComeBack) {
  const auto path = scratch("uns.h5ad");
  const Sample s;
  write(path, s);
  const StoredFile f(path.string());
  EXPECT_EQ(Json::parse(f.texts("/uns/segments/json").at(0)), s.file.profiles);
  EXPECT_EQ(Json::parse(f.texts("/uns/run/job").at(0)), s.file.run["job"]);
  EXPECT_EQ(Json::parse(f.texts("/uns/run/seed").at(0)), 7);
  EXPECT_EQ(f.numbers("/uns/segments/rows"), (std::vector<double>{2, 1, 2}));
  EXPECT_EQ(f.shape("/uns/segments/mean"), (std::vector<int64_t>{3, 1}));
  const std::vector<double> mean = f.numbers("/uns/segments/mean");
  EXPECT_EQ(mean[0], 3.5);
  EXPECT_EQ(mean[1], 9);
  EXPECT_TRUE(std::isnan(mean[2]));
  EXPECT_TRUE(std::isnan(f.numbers("/uns/segments/lift")[0]));
}

TEST(SegmentsFile, IntegerIdsAndRowNumbersAreInt64) {
  Sample s;
  s.ids.kind = IdColumn::Kind::integer;
  s.ids.name = "customer";
  s.ids.integers = {-5, int64_t{1} << 60, 3, 4, 5, 6};
  write(scratch("int.h5ad"), s);
  const StoredFile integers(scratch("int.h5ad").string());
  EXPECT_EQ(integers.text_attribute("/obs", "_index"), "customer");
  EXPECT_EQ(integers.type("/obs/customer"), "int64");
  EXPECT_EQ(integers.integers("/obs/customer"), s.ids.integers);
  s.ids.kind = IdColumn::Kind::row_number;
  write(scratch("row.h5ad"), s);
  EXPECT_EQ(StoredFile(scratch("row.h5ad").string()).integers("/obs/customer"),
            (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(SegmentsFile, OddNamesStayApart) {
  Sample s;
  s.ids.name = "segment";
  s.file.segment_names = {"Same", "Same", "Same (2)"};
  write(scratch("odd.h5ad"), s);
  const StoredFile f(scratch("odd.h5ad").string());
  EXPECT_EQ(f.text_attribute("/obs", "_index"), "segment_index");
  EXPECT_EQ(f.texts("/obs/segment_index").size(), 6u);
  EXPECT_EQ(f.texts("/obs/segment/categories"), (std::vector<std::string>{"Same", "Same (2)", "Same (2) (2)"}));
  s.ids.name = "a/b";
  write(scratch("slash.h5ad"), s);
  EXPECT_EQ(StoredFile(scratch("slash.h5ad").string()).text_attribute("/obs", "_index"), "a_b");
}

TEST(SegmentsFile, ManySegmentsNeedWiderCodes) {
  Sample s;
  s.file.segment_names.clear();
  for (int i = 0; i < 200; ++i) s.file.segment_names.push_back(std::to_string(i));
  s.segment = {199, 128, 127, 0, -1, 5};
  s.refresh();
  write(scratch("many.h5ad"), s);
  const StoredFile f(scratch("many.h5ad").string());
  EXPECT_EQ(f.type("/obs/segment/codes"), "int16");
  EXPECT_EQ(f.integers("/obs/segment/codes"), (std::vector<int64_t>{199, 128, 127, 0, -1, 5}));
}

TEST(SegmentsFile, NoRowsAndNothingBesideThem) {
  Sample s;
  s.ids.rows = 0;
  s.ids.bytes.clear();
  s.file.profiles = Json();
  s.file.run = Json();
  s.file.feature_names = s.file.feature_sources = s.file.feature_blocks = {};
  s.file.rows = {&s.ids, {}, {}, {}, {}, {}};
  write(scratch("none.h5ad"), s);
  EXPECT_EQ(StoredFile(scratch("none.h5ad").string()).shape("/obs/segment_id"), std::vector<int64_t>{0});
}

// More rows than one piece of every converted column.
TEST(SegmentsFile, LongColumnsAreWrittenWhole) {
  const int64_t n = 600'001;
  IdColumn ids;
  ids.rows = n;
  std::vector<int32_t> segment, second;
  for (int64_t i = 0; i < n; ++i)
    segment.push_back(static_cast<int32_t>(i % 7 - 1)), second.push_back(static_cast<int32_t>(i % 3));
  const std::vector<float> distance(static_cast<size_t>(n), 0.5f), margin(static_cast<size_t>(n), 0.25f);
  std::vector<int8_t> excluded(static_cast<size_t>(n));
  for (size_t i = 0; i < excluded.size(); ++i) excluded[i] = segment[i] < 0 ? 1 : 0;
  SegmentsFile file;
  file.rows = {&ids, segment, distance, second, margin, excluded};
  file.segment_names = {"a", "b", "c", "d", "e", "f"};
  file.exclusion_reasons = {"", "stale"};
  ThreadPool pool(1);
  write_segments_h5ad(scratch("long.h5ad"), file, pool);
  const StoredFile f(scratch("long.h5ad").string());
  const std::vector<int64_t> codes = f.integers("/obs/segment/codes"), row = f.integers("/obs/client_id"),
                             left = f.integers("/obs/excluded/codes");
  for (size_t i = 0; i < codes.size(); ++i) {
    ASSERT_EQ(codes[i], segment[i]);
    ASSERT_EQ(row[i], static_cast<int64_t>(i));
    ASSERT_EQ(left[i], excluded[i]);
  }
}

TEST(SegmentsFile, SameContentSameBytes) {
  const auto first = scratch("same1.h5ad"), second = scratch("same2.h5ad");
  write(first, Sample());
  std::vector<std::string> stir;  // memory that was used in between must not show
  for (int i = 0; i < 1000; ++i) stir.push_back(std::string(static_cast<size_t>(i), 'x'));
  stir.clear();
  Sample other;
  other.file.segment_names = {"q", "r", "s"};
  write(scratch("between.h5ad"), other);
  write(second, Sample());
  EXPECT_EQ(read_text(first), read_text(second));
}

// The limit on file size stands for a full disk: space is refused before the first row is written, and the process goes
// on.
TEST(SegmentsFile, NoSpaceIsAnError) {
  struct rlimit old = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = old;
  small.rlim_cur = 20'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  Sample s;
  s.file.run["result"]["padding"] = std::string(100'000, 'x');
  int code = 0;
  try {
    write(scratch("full.h5ad"), s);
  } catch (const Error& error) {
    code = error.exit_code();
  }
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, 4);
  write(scratch("after.h5ad"), Sample());
  EXPECT_TRUE(StoredFile(scratch("after.h5ad").string()).exists("/obs/segment"));
}

TEST(SegmentsFile, AFolderThatIsNotThereIsAnError) {
  ThreadPool pool(1);
  const Sample s;
  try {
    write_segments_h5ad(scratch("nowhere") / "x.h5ad", s.file, pool);
    FAIL() << "written into a folder that does not exist";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::files);
    EXPECT_NE(std::string(error.what()).find("nowhere"), std::string::npos);
  }
  EXPECT_THROW(write_segments_csv(scratch("nowhere") / "x.csv", s.file), Error);
}

TEST(SegmentsCsv, QuotesAsRfc4180Says) {
  const auto path = scratch("a.csv");
  write_segments_csv(path, Sample().file);
  EXPECT_EQ(read_text(path),
            "client_id,segment,segment_id,distance\n"
            "ann,Lapsed,2,0.5\n"
            "\"b,ob\",\"Big, \"\"loyal\"\"\",0,0\n"
            "\"c\"\"d\",New,1,1.25\n"
            "zo\xC3\xAB,\"Big, \"\"loyal\"\"\",0,3\n"
            "e,,-1,\n"
            "last5,Lapsed,2,0.1\n");
}

TEST(SegmentsCsv, LongFilesAreWhole) {
  const int64_t n = 200'000;  // several buffers
  IdColumn ids;
  ids.rows = n;
  const std::vector<int32_t> segment(static_cast<size_t>(n), 0);
  const std::vector<float> distance(static_cast<size_t>(n), 0.25f);
  SegmentsFile file;
  file.rows = {&ids, segment, distance, {}, {}, {}};
  file.segment_names = {"only"};
  write_segments_csv(scratch("long.csv"), file);
  std::string expected = "client_id,segment,segment_id,distance\n";
  for (int64_t i = 0; i < n; ++i) expected += std::to_string(i) + ",only,0,0.25\n";
  EXPECT_EQ(checksum_file(scratch("long.csv")), checksum_text(expected));
}

TEST(WrittenTables, ColumnsOfSeveralGroups) {
  const auto path = scratch("columns.h5");
  write_columns(path, "/clients", {{"client_id", {10, 20, 30}, {}, {}}, {"spend", {}, {1.5, -2, 0}, {}}}, false);
  write_columns(path, "/log/events", {{"amount", {}, {}, {0.25f}}, {"a/b", {7}, {}, {}}}, true);
  {
    const StoredFile f(path.string());
    EXPECT_EQ(f.integers("/clients/client_id"), (std::vector<int64_t>{10, 20, 30}));
    EXPECT_EQ(f.numbers("/clients/spend"), (std::vector<double>{1.5, -2, 0}));
    EXPECT_EQ(f.type("/log/events/amount"), "float32");
    EXPECT_EQ(f.integers("/log/events/a_b"), std::vector<int64_t>{7});
  }
  write_columns(path, "/clients", {{"only", {1}, {}, {}}}, false);  // without append the old file goes
  EXPECT_EQ(StoredFile(path.string()).names("/clients"), std::vector<std::string>{"only"});
}

TEST(WrittenTables, MatrixInPieces) {
  const auto path = scratch("matrix.h5");
  const int64_t n = 100'000, d = 30;  // more than one piece of 8 MiB
  int64_t expected_first = 0;
  int calls = 0;
  write_matrix(path, "/set/matrix", n, d, {"a", "b"}, false, [&](int64_t first, std::vector<float>& out) {
    EXPECT_EQ(first, expected_first);
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(first * d + static_cast<int64_t>(i));
    expected_first += static_cast<int64_t>(out.size()) / d;
    ++calls;
  });
  EXPECT_GT(calls, 1);
  EXPECT_EQ(expected_first, n);
  const StoredFile f(path.string());
  EXPECT_EQ(f.shape("/set/matrix"), (std::vector<int64_t>{n, d}));
  EXPECT_EQ(f.texts_attribute("/set/matrix", "columns"), (std::vector<std::string>{"a", "b"}));
  const std::vector<double> values = f.numbers("/set/matrix");
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<float>(i));
}

}  // namespace
}  // namespace clientele
