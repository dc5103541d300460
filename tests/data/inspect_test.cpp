#include "clientele/data/inspect.h"

#include "tests/data/reading.h"

namespace clientele {
namespace {

using test::H5Writer;

TEST(Inspect, SaysWhatAFileHoldsAndHowItWouldBeRead) {
  const test::TemporaryFolder folder;
  {
    H5Writer file(folder / "i.h5");
    file.numbers("/clients/spend", "f4", {4}, {1, 2, 3, 4}, {.chunk = {2}, .gzip = 1, .shuffle = true});
    file.texts("/clients/city", {"a", "b", "a", "c"}, 0);
    file.integers("/clients/client_id", "i8", {1, 2, 3, 4});
    file.integers("/log/client", "i8", {1, 2});
    file.integers("/log/ts", "i8", {1, 2});
    file.with_filter("/odd", 31999);
    file.external_link("/away", "other.h5", "/x");
  }
  const Json out = inspect_file(folder / "i.h5");
  const auto object = [&](const std::string& path) {
    for (const Json& entry : out["objects"]) {
      if (entry["path"] == path) return entry;
    }
    return Json();
  };
  EXPECT_EQ(object("/clients/spend")["type"], "float32");
  EXPECT_EQ(object("/clients/spend")["shape"], Json({4}));
  EXPECT_EQ(object("/clients/spend")["chunks"], Json({2}));
  EXPECT_EQ(object("/clients/spend")["filters"], Json({"shuffle", "gzip"}));
  EXPECT_EQ(object("/clients/spend")["read"], "direct chunks");
  EXPECT_EQ(object("/clients/spend")["decoded_bytes"], 16);
  EXPECT_EQ(object("/clients/city")["read"], "library");
  EXPECT_EQ(object("/log/ts")["read"], "contiguous pread");
  EXPECT_TRUE(test::says(object("/odd")["refused"], "31999"));
  EXPECT_EQ(object("/away")["kind"], "link");
  EXPECT_EQ(out["events"], Json({"/log"}));
}

TEST(Inspect, NamesTheLayoutAndItsColumns) {
  const test::TemporaryFolder folder;
  {
    H5Writer file(folder / "c.h5");
    file.numbers("/t/spend", "f4", {4}, {1, 2, 3, 4});
    file.texts("/t/city", {"a", "b", "a", "c"}, 3);
  }
  const Json out = inspect_file(folder / "c.h5");
  EXPECT_EQ(out["layout"], "columns");
  EXPECT_EQ(out["rows"], 4);
  EXPECT_EQ(out["columns"][0], Json({{"name", "city"}, {"kind", "category"}, {"categories", 3}}));
  EXPECT_EQ(out["columns"][1]["kind"], "number");
}

TEST(Inspect, SaysWhyAFileCannotBeUsed) {
  const test::TemporaryFolder folder;
  {
    H5Writer file(folder / "n.h5");
    file.numbers("/cube", "f4", {2, 2, 2}, std::vector<double>(8, 1));
  }
  const Json out = inspect_file(folder / "n.h5");
  EXPECT_TRUE(out["layout"].is_null());
  EXPECT_TRUE(test::says(out["refused"], "nothing in the file can be read as clients"));
  EXPECT_NE(test::error_of([&] { inspect_file(folder / "none.h5"); }), "");
}

TEST(Inspect, NamesTheLibrary) {
  const Json facts = hdf5_facts();
  EXPECT_EQ(facts["version"].get<std::string>().rfind("1.", 0), 0U);
  EXPECT_EQ(facts["filters"], Json({"gzip", "shuffle", "fletcher32", "lzf"}));
}

}  // namespace
}  // namespace clientele
