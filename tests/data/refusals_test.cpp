// Bad input ends in Error{input} that says what, where, expected, found and a hint; never in a crash.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "clientele/data/events.h"
#include "clientele/data/inspect.h"
#include "tests/data/reading.h"

namespace clientele {
namespace {

using test::H5Writer;
using test::says;

class Refusals : public testing::Test {
 protected:
  /// The message of opening and reading everything.
  std::string message(const std::string& file, const std::string& dataset = "", const std::string& id = "",
                      const std::string& layout = "auto") {
    return test::error_of([&] {
      const auto source = test::open_one(folder_ / file, pool_, dataset, id, layout);
      test::read_all(*source, 100);
      source->read_ids(pool_);
    });
  }

  test::TemporaryFolder folder_;
  ThreadPool pool_{2};
};

TEST_F(Refusals, FilesThatAreNoHdf5) {
  std::ofstream(folder_ / "text.csv") << "client,spend\n1,2\n";
  std::ofstream(folder_ / "empty.h5").close();
  EXPECT_TRUE(says(message("none.h5"), "does not exist"));
  EXPECT_TRUE(says(message("none/none.h5"), "does not exist"));
  EXPECT_TRUE(says(message("text.csv"), "not an HDF5 file"));
  EXPECT_TRUE(says(message("text.csv"), "to_hdf5.py"));
  EXPECT_TRUE(says(message("empty.h5"), "an empty file"));
  EXPECT_TRUE(says(message("."), "a folder"));
}

TEST_F(Refusals, TruncatedFilesAtAnyLength) {
  std::vector<double> values(3000, 1.5);
  for (const test::Stored& stored : {test::Stored{}, test::Stored{.chunk = {100, 3}, .gzip = 1}}) {
    {
      H5Writer file(folder_ / "whole.h5");
      file.numbers("/matrix", "f8", {1000, 3}, values, stored);
      file.texts("/client_id", std::vector<std::string>(1000, "id"), 0);
    }
    const auto bytes = std::filesystem::file_size(folder_ / "whole.h5");
    for (uintmax_t length = 0; length < bytes; length += 1 + bytes / 17) {
      std::filesystem::copy_file(folder_ / "whole.h5", folder_ / "cut.h5",
                                 std::filesystem::copy_options::overwrite_existing);
      std::filesystem::resize_file(folder_ / "cut.h5", length);
      EXPECT_NE(message("cut.h5"), "") << length;
    }
  }
}

TEST_F(Refusals, ShapesAndTypesThatAreNoMatrix) {
  {
    H5Writer file(folder_ / "s.h5");
    file.numbers("/cube", "f4", {10, 4, 2}, std::vector<double>(80, 1));
    file.numbers("/line", "f4", {10}, std::vector<double>(10, 1));
    file.numbers("/scalar", "f4", {}, {1});
    file.numbers("/no_rows", "f4", {0, 3}, {});
    file.numbers("/no_columns", "f4", {3, 0}, {});
    file.texts("/names", {"a", "b"}, 3);
    file.group("/empty");
  }
  const std::string cube = message("s.h5", "/cube");
  EXPECT_TRUE(says(cube, "s.h5:/cube") && says(cube, "2 (clients x features)") && says(cube, "3 (10 x 4 x 2)")) << cube;
  EXPECT_TRUE(says(message("s.h5", "/line"), "1 (10)"));
  EXPECT_TRUE(says(message("s.h5", "/scalar"), "0 (scalar)"));
  EXPECT_TRUE(says(message("s.h5", "/no_rows"), "matrix is empty"));
  EXPECT_TRUE(says(message("s.h5", "/no_columns"), "matrix is empty"));
  EXPECT_TRUE(says(message("s.h5", "/names", "", "matrix"), "wrong number of dimensions"));
  EXPECT_TRUE(says(message("s.h5", "/empty"), "holds no columns"));
  const std::string missing = message("s.h5", "/cubs");
  EXPECT_TRUE(says(missing, "does not exist") && says(missing, "did you mean input.dataset = \"/cube\"")) << missing;
  EXPECT_TRUE(says(message("s.h5", "/zzzzzzzz"), "/no_rows"));
  EXPECT_TRUE(says(message("s.h5", "/line/below"), "does not exist"));
}

TEST_F(Refusals, MatricesOfTexts) {
  {
    H5Writer file(folder_ / "t.h5");
    file.text_matrix("/names", 5, 2);
  }
  EXPECT_TRUE(says(message("t.h5", "/names"), "matrix is not numeric"));
  EXPECT_TRUE(says(message("t.h5", "/names"), "text of 4 bytes"));
  EXPECT_TRUE(says(message("t.h5"), "nothing in the file can be read as clients"));
}

TEST_F(Refusals, IdsThatDoNotFit) {
  {
    H5Writer file(folder_ / "i.h5");
    file.numbers("/m/x", "f4", {4, 2}, std::vector<double>(8, 1));
    file.integers("/m/client_id", "i8", {1, 2, 3});
    file.numbers("/m/weights", "f4", {4}, {1, 2, 3, 4});
    file.integers("/m/huge", "u8", {1, 2, 3, -1});
  }
  const std::string length = message("i.h5");
  EXPECT_TRUE(says(length, "ids are not one a row") && says(length, "4 ids") && says(length, "found 3")) << length;
  EXPECT_TRUE(says(message("i.h5", "", "weights"), "integers or texts"));
  EXPECT_TRUE(says(message("i.h5", "", "huge"), "64 bits"));
  EXPECT_TRUE(says(message("i.h5", "", "clientid"), "did you mean"));
}

TEST_F(Refusals, ColumnsThatDoNotFit) {
  {
    H5Writer file(folder_ / "c.h5");
    file.numbers("/t/a", "f4", {4}, {1, 2, 3, 4});
    file.numbers("/t/b", "f4", {3}, {1, 2, 3});
    file.numbers("/m", "f4", {2, 2}, {1, 2, 3, 4});
    file.texts_attribute("/m", "columns", {"a", "b", "c"}, true);
    file.numbers("/n", "f4", {2, 2}, {1, 2, 3, 4});
    file.texts_attribute("/n", "columns", {"a", "a"}, true);
    file.enumeration("/e/x", {"a", "b"}, {0, 7});
  }
  EXPECT_TRUE(says(message("c.h5", "/t"), "not equally long"));
  EXPECT_TRUE(says(message("c.h5", "/m"), "2 names"));
  EXPECT_TRUE(says(message("c.h5", "/n"), "comes twice"));
  EXPECT_TRUE(says(message("c.h5"), "name one with input.dataset"));
  EXPECT_TRUE(says(message("c.h5", "/e"), "enum value has no name"));
}

TEST_F(Refusals, FiltersThatAreNotKnown) {
  {
    H5Writer file(folder_ / "f.h5");
    file.with_filter("/zstd", 32015);
    file.with_filter("/odd", 31999);
  }
  const std::string zstd = message("f.h5", "/zstd");
  EXPECT_TRUE(says(zstd, "32015 (zstd)") && says(zstd, "f.h5:/zstd")) << zstd;
  EXPECT_TRUE(says(message("f.h5", "/odd"), "31999"));
}

TEST_F(Refusals, DataOutsideTheFile) {
  {
    H5Writer other(folder_ / "other.h5");
    other.numbers("/x", "f4", {4, 2}, std::vector<double>(8, 1));
  }
  std::ofstream(folder_ / "raw.bin") << std::string(32, 'x');
  {
    H5Writer file(folder_ / "o.h5");
    file.external_storage("/raw", folder_ / "raw.bin");
    file.virtual_dataset("/virtual", folder_ / "other.h5", "/x");
    file.external_link("/link", folder_ / "other.h5", "/x");
    file.external_link("/folder", folder_ / "other.h5", "/");
    file.soft_link("/soft", "/folder/x");
    file.group("/t");
    file.numbers("/t/a", "f4", {4}, {1, 2, 3, 4});
    file.external_link("/t/b", folder_ / "other.h5", "/x");
  }
  EXPECT_TRUE(says(message("o.h5", "/raw"), "another file (external storage)"));
  EXPECT_TRUE(says(message("o.h5", "/virtual"), "virtual dataset"));
  EXPECT_TRUE(says(message("o.h5", "/link"), "leads out of the file"));
  EXPECT_TRUE(says(message("o.h5", "/folder/x"), "leads out of the file"));
  EXPECT_TRUE(says(message("o.h5", "/soft"), "leads out of the file"));
  EXPECT_TRUE(says(message("o.h5", "/t"), "leads out of the file"));
  {
    H5Writer file(folder_ / "only_link.h5");
    file.external_link("/matrix", folder_ / "other.h5", "/x");
  }
  EXPECT_TRUE(says(message("only_link.h5"), "leads out of the file"));
  {
    H5Writer file(folder_ / "only_raw.h5");
    file.external_storage("/matrix", folder_ / "raw.bin");
  }
  EXPECT_TRUE(says(message("only_raw.h5"), "external storage"));
  {
    H5Writer file(folder_ / "only_virtual.h5");
    file.virtual_dataset("/matrix", folder_ / "other.h5", "/x");
  }
  EXPECT_TRUE(says(message("only_virtual.h5"), "virtual dataset"));
}

TEST_F(Refusals, ShapeBombs) {
  {
    H5Writer file(folder_ / "b.h5");
    file.declared("/chunked", {int64_t{1} << 40, 8}, {.chunk = {1024, 8}, .gzip = 1});
    file.declared("/plain", {int64_t{1} << 40, 8});
    file.declared("/huge_chunk", {int64_t{1} << 29, 8}, {.chunk = {1 << 28, 3}, .gzip = 1});
    file.declared("/large_chunk", {int64_t{1} << 28, 8}, {.chunk = {1 << 27, 4}, .gzip = 1});
  }
  EXPECT_TRUE(says(message("b.h5", "/chunked"), "more than 4 GiB and 1000 times the stored bytes"));
  EXPECT_TRUE(says(message("b.h5", "/plain"), "more than 4 GiB"));
  EXPECT_TRUE(says(message("b.h5", "/large_chunk"), "next to nothing"));
  EXPECT_TRUE(says(message("b.h5", "/huge_chunk"), "absurdly large"));
}

TEST_F(Refusals, LinksInCircles) {
  {
    H5Writer file(folder_ / "l.h5");
    file.soft_link("/a", "/b");
    file.soft_link("/b", "/a");
    file.group("/g");
    file.hard_link("/g/self", "/g");
    file.soft_link("/dangling", "/nowhere");
    file.numbers("/g/m", "f4", {2, 2}, {1, 2, 3, 4});
    file.soft_link("/way", "g/self/self/m");
  }
  EXPECT_TRUE(says(message("l.h5", "/a"), "round in circles"));
  EXPECT_TRUE(says(message("l.h5", "/dangling"), "does not exist"));
  EXPECT_EQ(message("l.h5", "/way"), "");
  EXPECT_EQ(message("l.h5"), "");
  EXPECT_NO_THROW(inspect_file(folder_ / "l.h5"));
}

TEST_F(Refusals, DamagedChunks) {
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) values.push_back((i * 7919) % 1000);
  for (const test::Stored& stored :
       {test::Stored{.chunk = {1000, 3}, .gzip = 4}, test::Stored{.chunk = {1000, 3}, .fletcher32 = true},
        test::Stored{.chunk = {1000, 3}, .shuffle = true, .lzf = true}}) {
    {
      H5Writer file(folder_ / "d.h5");
      file.numbers("/matrix", "f8", {1000, 3}, values, stored);
    }
    test::damage_first_chunk(folder_ / "d.h5", "/matrix");
    if (stored.lzf) continue;  // it has no checksum: only structure can be seen to be wrong
    const std::string text = message("d.h5");
    EXPECT_TRUE(says(text, "chunk is damaged") && says(text, "/matrix row 0")) << text;
  }
}

TEST_F(Refusals, DamagedTextsUnderLzf) {
  std::vector<std::string> names(300, "somebody");
  for (size_t i = 0; i < names.size(); ++i) names[i] += std::to_string(i);
  {
    H5Writer file(folder_ / "l.h5");
    file.texts("/raw/name", names, 0, {.chunk = {100}});
    file.records("/raw2/r", {{"name", "", {}, names, 0}, {"x", "f4", std::vector<double>(300, 1)}}, {.chunk = {100}});
    file.group("/t");
    file.group("/r");
    file.lzf_copy("/raw/name", "/t/name", 100);
    file.lzf_copy("/raw2/r", "/r/r", 100);
  }
  EXPECT_EQ(message("l.h5", "/t"), "");
  test::damage_first_chunk(folder_ / "l.h5", "/t/name");
  test::damage_first_chunk(folder_ / "l.h5", "/r/r");
  EXPECT_TRUE(says(message("l.h5", "/t"), "lzf data")) << message("l.h5", "/t");
  EXPECT_TRUE(says(message("l.h5", "/r/r"), "lzf data")) << message("l.h5", "/r/r");
}

TEST_F(Refusals, TextsThatAreNotUtf8) {
  const std::vector<std::string> latin = {"Bonn", "K\xf6ln", "Bonn"};
  for (const int64_t width : {0, 4}) {
    {
      H5Writer file(folder_ / "u.h5");
      file.texts("/ids/client_id", latin, width);
      file.numbers("/ids/x", "f4", {3}, {1, 2, 3});
      file.texts("/categories/city", latin, width);
      file.records("/records", {{"city", "", {}, latin, width}, {"x", "f4", {1, 2, 3}}});
      file.numbers("/names", "f4", {1, 2}, {1, 2});
      file.texts_attribute("/names", "columns", {"Bonn", "K\xf6ln"}, width == 0);
      file.numbers("/fields/K\xf6ln", "f4", {3}, {1, 2, 3});
    }
    for (const char* place : {"/ids", "/categories", "/records", "/fields", "/names"}) {
      const std::string text = message("u.h5", place);
      EXPECT_TRUE(says(text, "not UTF-8") && says(text, "4b f6 6c 6e")) << place << ": " << text;
      EXPECT_TRUE(says(text, place == std::string("/fields") ? "column names, row 0" : "row 1")) << text;
    }
  }
}

TEST_F(Refusals, IdsThatAreEmpty) {
  for (const int64_t width : {0, 4}) {
    {
      H5Writer file(folder_ / "e.h5");
      file.texts("/t/client_id", {"a", "", "b", ""}, width);
      file.numbers("/t/x", "f4", {4}, {1, 2, 3, 4});
      file.texts("/events/client", {"a", "", "b", ""}, width);
      file.integers("/events/ts", "i8", {1, 2, 3, 4});
    }
    const std::string table = message("e.h5", "/t");
    EXPECT_TRUE(says(table, "/t/client_id row 1") && says(table, "2 empty ids")) << table;
    EventsSpec spec;
    spec.file = {folder_ / "e.h5"};
    spec.dataset = "/events";
    EXPECT_TRUE(says(test::error_of([&] { read_events(spec, pool_); }), "/events/client row 1"));
  }
}

TEST_F(Refusals, LayoutsThatDoNotExist) {
  {
    H5Writer file(folder_ / "p.h5");
    file.group("/df");
    file.text_attribute("/df", "pandas_type", "frame");
    file.numbers("/df/block0_values", "f8", {2, 2}, {1, 2, 3, 4});
  }
  EXPECT_TRUE(says(message("p.h5"), "pandas layout is not read yet"));
  const auto unknown = [&] { test::open_one(folder_ / "p.h5", pool_, "", "", "matrx"); };
  EXPECT_TRUE(says(test::error_of(unknown, ErrorKind::usage), "did you mean \"matrix\""));
  EXPECT_TRUE(says(message("p.h5", "", "", "compound"), "something for layout compound"));
}

}  // namespace
}  // namespace clientele
