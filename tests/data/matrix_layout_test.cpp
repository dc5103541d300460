// The same matrix in every type, storage, filter and chunk shape reads equal.
#include <cmath>
#include <thread>

#include "clientele/data/read_cache.h"
#include "tests/data/reading.h"

namespace clientele {
namespace {

using test::H5Writer;
using test::Stored;

constexpr int64_t kRows = 307, kColumns = 7;

/// Small integers, which every type of at least 8 bits holds exactly.
std::vector<double> small_values(int64_t n, int64_t d, double least) {
  std::vector<double> values;
  for (int64_t i = 0; i < n * d; ++i) values.push_back(least + static_cast<double>((i * 7919 + i / d) % 100));
  return values;
}

std::vector<double> transposed(const std::vector<double>& row_major, int64_t n, int64_t d) {
  std::vector<double> out(row_major.size());
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < d; ++j) out[static_cast<size_t>(j * n + i)] = row_major[static_cast<size_t>(i * d + j)];
  }
  return out;
}

class MatrixLayout : public testing::Test {
 protected:
  /// Writes, reads in several piece sizes with little and no room for decoded chunks, compares, and returns the path
  /// that was taken.
  std::string expect_equal(const std::string& type, const Stored& stored, const std::vector<double>& values,
                           int64_t n = kRows, int64_t d = kColumns) {
    {
      H5Writer file(folder_ / "m.h5", 0);
      file.numbers("/matrix", type, {n, d}, values, stored);
    }
    InputSpec spec;
    spec.file = {folder_ / "m.h5"};
    const auto cache = std::make_shared<ReadCache>();
    const auto source = open_input(spec, pool_, cache);
    EXPECT_EQ(source->rows(), n);
    EXPECT_EQ(static_cast<int64_t>(source->schema().columns.size()), d);
    const std::vector<double> expected = transposed(values, n, d);
    for (const int64_t piece : {int64_t{37}, int64_t{128}, n}) {
      EXPECT_TRUE(test::same_values(test::read_all(*source, piece), expected)) << type << " piece " << piece;
      cache->limit(cache->needs().row_bytes / piece);
    }
    cache->drop();
    EXPECT_TRUE(test::same_values(test::read_all(*source, n), expected)) << type << " after all were given up";
    return source->plan().path;
  }

  test::TemporaryFolder folder_;
  ThreadPool pool_{2};
};

TEST_F(MatrixLayout, ReadsEveryNumberTypeInBothByteOrders) {
  for (const char* type : {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}) {
    const double least = type[0] == 'u' ? 0 : -50;
    for (const std::string order : {"", ">"}) {
      EXPECT_EQ(expect_equal(order + type, {}, small_values(kRows, kColumns, least)), "contiguous pread")
          << order << type;
      Stored packed{.chunk = {100, 3}, .gzip = 4, .shuffle = true};
      EXPECT_EQ(expect_equal(order + type, packed, small_values(kRows, kColumns, least)), "direct chunks")
          << order << type;
    }
  }
}

TEST_F(MatrixLayout, LetsTheLibraryConvertUnusualNumbersAndSaysSo) {
  for (const char* type : {"i3", "f10"}) {
    EXPECT_EQ(expect_equal(type, {}, small_values(kRows, kColumns, 0)), "library") << type;
    const auto source = test::open_one(folder_ / "m.h5", pool_);
    ASSERT_FALSE(source->plan().notes.empty());
    EXPECT_TRUE(test::says(source->plan().notes[0], "unusual"));
  }
}

TEST_F(MatrixLayout, ReadsFractionsMissingValuesAndZeros) {
  std::vector<double> values = small_values(kRows, kColumns, 0);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::ldexp(values[i] + 1, static_cast<int>(i % 9) - 12);
  values[3] = test::kNaN;
  values[10] = HUGE_VAL;
  values[11] = -HUGE_VAL;
  values[12] = std::ldexp(1.0, -24);  // the least number of float16
  std::vector<double> stored = values;
  values[5] = 0.0;
  stored[5] = -0.0;
  for (const char* type : {"f2", ">f2", "f4", ">f4", "f8", ">f8"}) {
    {
      H5Writer file(folder_ / "z.h5");
      file.numbers("/matrix", type, {kRows, kColumns}, stored);
    }
    EXPECT_TRUE(test::same_values(test::read_all(*test::open_one(folder_ / "z.h5", pool_)),
                                  transposed(values, kRows, kColumns)))
        << type;
  }
}

TEST_F(MatrixLayout, ReadsEveryChunkShapeAndFilter) {
  const std::vector<double> values = small_values(kRows, kColumns, -50);
  for (const std::vector<int64_t>& chunk :
       std::vector<std::vector<int64_t>>{{kRows, kColumns}, {64, 2}, {100, 7}, {300, 1}, {kRows, 3}, {13, 5}}) {
    EXPECT_EQ(expect_equal("f4", {.chunk = chunk}, values), "direct chunks");
    EXPECT_EQ(expect_equal("f4", {.chunk = chunk, .gzip = 1}, values), "direct chunks");
    EXPECT_EQ(expect_equal("f8", {.chunk = chunk, .gzip = 9, .shuffle = true, .fletcher32 = true}, values),
              "direct chunks");
    EXPECT_EQ(expect_equal("i2", {.chunk = chunk, .shuffle = true}, values), "direct chunks");
    EXPECT_EQ(expect_equal("f4", {.chunk = chunk, .fletcher32 = true}, values), "direct chunks");
    EXPECT_EQ(expect_equal("f4", {.chunk = chunk, .lzf = true}, values), "direct chunks");
    EXPECT_EQ(expect_equal("f4", {.chunk = chunk, .shuffle = true, .lzf = true}, values), "direct chunks");
    EXPECT_EQ(expect_equal("i4", {.chunk = chunk, .shuffle = true, .lzf = true, .skip_every = 2}, values),
              "direct chunks");
    EXPECT_EQ(expect_equal("f4", {.chunk = chunk, .gzip = 1, .raw_edges = true}, values), "library");
    EXPECT_EQ(expect_equal("f4", {.chunk = chunk, .gzip = 1, .growing = true}, values), "direct chunks");
  }
}

TEST_F(MatrixLayout, ReadsChunksOfOneElement) {
  EXPECT_EQ(expect_equal("f4", {.chunk = {1, 1}, .gzip = 1}, small_values(11, 3, 0), 11, 3), "direct chunks");
}

TEST_F(MatrixLayout, ReadsCompactStorageAndTinyShapes) {
  EXPECT_EQ(expect_equal("f4", {.compact = true}, small_values(20, 3, 0), 20, 3), "library");
  EXPECT_EQ(expect_equal("f4", {}, {5}, 1, 1), "contiguous pread");
  EXPECT_EQ(expect_equal("f4", {.chunk = {10, 1}, .gzip = 1, .growing = true}, {1, 2, 3}, 3, 1), "direct chunks");
}

TEST_F(MatrixLayout, ReadsRowsWiderThanAPiece) {
  const int64_t d = 70'000;  // 560,000 bytes a row of float64
  EXPECT_EQ(expect_equal("f8", {}, small_values(4, d, 0), 4, d), "contiguous pread");
}

TEST_F(MatrixLayout, FindsDataBehindAUserBlock) {
  const std::vector<double> values = small_values(kRows, kColumns, 0);
  {
    H5Writer file(folder_ / "u.h5", 1024);
    file.numbers("/matrix", "f4", {kRows, kColumns}, values);
  }
  EXPECT_TRUE(
      test::same_values(test::read_all(*test::open_one(folder_ / "u.h5", pool_)), transposed(values, kRows, kColumns)));
}

TEST_F(MatrixLayout, FillsChunksThatWereNeverWritten) {
  const std::vector<double> values = small_values(100, 6, 0);
  std::vector<double> expected(600, 7.5);
  {
    H5Writer file(folder_ / "s.h5");
    file.sparse_matrix("/matrix", 100, 6, {30, 4}, 7.5F, values, {0, 5, 6});
    file.group("/other");
    file.declared("/other/never", {100, 6});
    file.declared("/other/never_chunked", {100, 6}, {.chunk = {30, 4}, .gzip = 1});
  }
  for (int64_t i = 0; i < 100; ++i) {
    for (int64_t j = 0; j < 6; ++j) {
      const int64_t chunk = i / 30 * 2 + j / 4;
      const bool written = chunk == 0 || chunk == 5 || chunk == 6;
      if (written) expected[static_cast<size_t>(i * 6 + j)] = values[static_cast<size_t>(i * 6 + j)];
    }
  }
  const auto source = test::open_one(folder_ / "s.h5", pool_, "/matrix");
  EXPECT_TRUE(test::same_values(test::read_all(*source, 17), transposed(expected, 100, 6)));
  for (const char* name : {"/other/never", "/other/never_chunked"}) {
    EXPECT_TRUE(test::same_values(test::read_all(*test::open_one(folder_ / "s.h5", pool_, name)),
                                  std::vector<double>(600, 0.0)))
        << name;
  }
}

TEST_F(MatrixLayout, ReadsAnyColumnsInAnyOrder) {
  const std::vector<double> values = small_values(kRows, kColumns, 0);
  const std::vector<double> all = transposed(values, kRows, kColumns);
  for (const Stored& stored :
       {Stored{}, Stored{.chunk = {100, 2}, .gzip = 1}, Stored{.chunk = {100, 2}, .gzip = 1, .raw_edges = true}}) {
    {
      H5Writer file(folder_ / "c.h5");
      file.numbers("/matrix", "f4", {kRows, kColumns}, values, stored);
    }
    const auto source = test::open_one(folder_ / "c.h5", pool_);
    const std::vector<int> columns = {6, 0, 3, 3};
    std::vector<double> out(4 * 50, -1.0);
    source->read(133, columns, {out.data(), 45, 4, 50});
    for (size_t slot = 0; slot < 4; ++slot) {
      for (size_t i = 0; i < 45; ++i)
        EXPECT_EQ(out[slot * 50 + i], all[static_cast<size_t>(columns[slot]) * kRows + 133 + i]);
      EXPECT_EQ(out[slot * 50 + 45], -1.0);  // nothing beyond the piece is touched
    }
  }
}

TEST_F(MatrixLayout, ManyThreadsReadTheSameChunks) {
  const int64_t n = 20'000, d = 5;
  const std::vector<double> values = small_values(n, d, 0);
  const std::vector<double> expected = transposed(values, n, d);
  for (const Stored& stored :
       {Stored{.chunk = {3000, 1}, .gzip = 1, .shuffle = true}, Stored{.chunk = {n, 2}, .gzip = 1}, Stored{}}) {
    {
      H5Writer file(folder_ / "t.h5");
      file.numbers("/matrix", "f4", {n, d}, values, stored);
    }
    const auto source = test::open_one(folder_ / "t.h5", pool_);
    std::vector<std::vector<double>> got(6);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < got.size(); ++t) {
      threads.emplace_back([&, t] { got[t] = test::read_all(*source, 700 + static_cast<int64_t>(t) * 311); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& values_of_thread : got) EXPECT_TRUE(test::same_values(values_of_thread, expected));
  }
}

TEST_F(MatrixLayout, NamesComeFromAttributesOrSiblings) {
  const std::vector<double> values = small_values(10, 2, 0);
  const auto names_of = [&](const std::function<void(H5Writer&)>& add) {
    {
      H5Writer file(folder_ / "n.h5");
      file.numbers("/data/x", "f4", {10, 2}, values);
      add(file);
    }
    const auto source = test::open_one(folder_ / "n.h5", pool_);
    return source->schema().columns[0].name + "," + source->schema().columns[1].name;
  };
  EXPECT_EQ(names_of([](H5Writer&) {}), "f0,f1");
  EXPECT_EQ(names_of([](H5Writer& f) {
              f.texts_attribute("/data/x", "columns", {"spend", "visits"}, true);
            }),
            "spend,visits");
  EXPECT_EQ(names_of([](H5Writer& f) { f.texts_attribute("/data/x", "feature_names", {"a", "b"}, false); }), "a,b");
  EXPECT_EQ(names_of([](H5Writer& f) { f.texts("/data/columns", {"p", "q"}, 0); }), "p,q");
  EXPECT_EQ(names_of([](H5Writer& f) { f.texts("/data/feature_names", {"r", "s"}, 5); }), "r,s");
}

TEST_F(MatrixLayout, IdsComeFromASiblingTheSpecOrTheRowNumber) {
  {
    H5Writer file(folder_ / "i.h5");
    file.numbers("/a/x", "f4", {3, 2}, {1, 2, 3, 4, 5, 6});
    file.integers("/a/client_id", "i8", {70, 80, 90});
    file.texts("/a/code", {"x1", "x", "long one"}, 20);
    file.texts("/a/name", {"u", "vwx", "\xC3\xA9"}, 0);
    file.numbers("/b/y", "f4", {3, 2}, {1, 2, 3, 4, 5, 6});
  }
  const auto ids = [&](const std::string& dataset, const std::string& id) {
    return test::open_one(folder_ / "i.h5", pool_, dataset, id)->read_ids(pool_);
  };
  EXPECT_EQ(ids("/a/x", "").integers, (std::vector<int64_t>{70, 80, 90}));
  EXPECT_EQ(ids("/a/x", "").name, "client_id");
  const IdColumn code = ids("/a/x", "code");
  EXPECT_EQ(code.width, 8);
  EXPECT_EQ(code.text(0) + "," + code.text(1) + "," + code.text(2), "x1,x,long one");
  const IdColumn name = ids("/b/y", "/a/name");
  EXPECT_EQ(name.width, 3);
  EXPECT_EQ(name.text(0) + name.text(1) + name.text(2), "uvwx\xC3\xA9");
  EXPECT_EQ(ids("/b/y", "").kind, IdColumn::Kind::row_number);
  EXPECT_EQ(ids("/b/y", "").text(2), "2");
}

TEST_F(MatrixLayout, NotesIntegersThatDoublesCannotHold) {
  {
    H5Writer file(folder_ / "w.h5");
    file.integers("/t/a", "i8", {1, (int64_t{1} << 53) + 1});
    file.integers("/t/b", "i8", {1, 2});
  }
  const auto source = test::open_one(folder_ / "w.h5", pool_);
  test::read_all(*source);
  ASSERT_EQ(source->plan().notes.size(), 1U);
  EXPECT_TRUE(test::says(source->plan().notes[0], "'a' holds integers beyond 2^53"));
}

}  // namespace
}  // namespace clientele
