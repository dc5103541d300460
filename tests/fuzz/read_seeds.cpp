#include "tests/fuzz/read_seeds.h"

#include <functional>

#include "tests/support/h5_writer.h"

namespace clientele::test {
namespace {

const std::vector<double> kValues = {1, 2, 3.5, -4, 0, 6, 7, 8, 9, 10, 11, 12};

void matrix(H5Writer& file) {
  file.numbers("/matrix", "f4", {4, 3}, kValues);
  file.integers("/client_id", "i8", {5, 6, 7, 8});
  file.texts_attribute("/matrix", "columns", {"a", "b", "c"}, false);
}

void packed_matrix(H5Writer& file) {
  file.numbers("/matrix", ">i2", {4, 3}, kValues, {.chunk = {2, 2}, .gzip = 4, .shuffle = true, .fletcher32 = true});
  file.texts("/client_id", {"a", "bb", "ccc", "d"}, 4);
}

void lzf_matrix(H5Writer& file) {
  file.numbers("/matrix", "f8", {4, 3}, kValues, {.chunk = {3, 2}, .shuffle = true, .lzf = true});
}

void odd_matrix(H5Writer& file) {
  file.numbers("/matrix", "f10", {4, 3}, kValues, {.chunk = {2, 3}, .gzip = 1});
}

void columns(H5Writer& file) {
  file.texts("/clients/city", {"Rome", "Bonn", "", "Rome"}, 0);
  file.texts("/clients/plan", {"x", "y", "x", ""}, 2);
  file.numbers("/clients/active", "bool", {4}, {1, 0, 1, 1});
  file.numbers("/clients/half", "f2", {4}, {1, 0.5, 0.25, 2});
  file.enumeration("/clients/tier", {"a", "b"}, {0, 1, -1, 0});
  file.soft_link("/clients/more", "/clients/half");
}

void records(H5Writer& file) {
  file.records("/t", {{"client_id", "i4", {1, 2, 3}},
                      {"v", "f4", {1, 2, 3}},
                      {"s", "", {}, {"a", "b", ""}, 0},
                      {"w", "", {}, {"c", "d", "e"}, 2}});
}

void events(H5Writer& file) {
  file.integers("/log/client", "i4", {1, 2, 1}, {.chunk = {2}, .gzip = 1});
  file.integers("/log/ts", "i8", {100, 200, 300});
  file.integers("/log/amount", "i4", {5, 6, 7});
}

void anndata(H5Writer& file, bool sparse) {
  file.text_attribute("/", "encoding-type", "anndata");
  for (const char* frame : {"/obs", "/var"}) {
    file.group(frame);
    file.text_attribute(frame, "encoding-type", "dataframe");
    file.text_attribute(frame, "_index", "_index");
  }
  file.texts_attribute("/obs", "column-order", {"city", "n"}, true);
  file.empty_attribute("/var", "column-order");
  file.texts("/obs/_index", {"p", "q", "r", "s"}, 0);
  file.texts("/var/_index", {"x", "y", "z"}, 1);
  file.group("/obs/city");
  file.text_attribute("/obs/city", "encoding-type", "categorical");
  file.integers("/obs/city/codes", "i1", {1, -1, 0, 1});
  file.texts("/obs/city/categories", {"Rome", "Bonn"}, 0);
  file.group("/obs/n");
  file.text_attribute("/obs/n", "encoding-type", "nullable-integer");
  file.integers("/obs/n/values", "i8", {5, 6, 7, 8});
  file.numbers("/obs/n/mask", "bool", {4}, {0, 1, 0, 0});
  if (!sparse) return file.numbers("/X", "f4", {4, 3}, kValues);
  file.group("/X");
  file.text_attribute("/X", "encoding-type", "csr_matrix");
  file.integers_attribute("/X", "shape", {4, 3});
  file.numbers("/X/data", "f4", {3}, {1, 2, 3});
  file.integers("/X/indices", "i4", {0, 1, 2});
  file.integers("/X/indptr", "i8", {0, 1, 2, 2, 3});
}

}  // namespace

std::vector<std::string> write_read_seeds(const std::string& folder) {
  const std::vector<std::pair<const char*, std::function<void(H5Writer&)>>> seeds = {
      {"matrix", matrix},
      {"packed", packed_matrix},
      {"lzf", lzf_matrix},
      {"odd", odd_matrix},
      {"columns", columns},
      {"records", records},
      {"events", events},
      {"dense", [](H5Writer& file) { anndata(file, false); }},
      {"sparse", [](H5Writer& file) { anndata(file, true); }}};
  std::vector<std::string> paths;
  for (const auto& [name, write] : seeds) {
    for (const bool newest_format : {false, true}) {
      paths.push_back(folder + "/" + name + (newest_format ? "_newest.h5" : ".h5"));
      H5Writer file(paths.back(), 0, newest_format);
      write(file);
    }
  }
  return paths;
}

}  // namespace clientele::test
