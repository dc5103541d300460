#include "data_frame.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "catalogue.h"
#include "clientele/base/errors.h"
#include "columns.h"
#include "hdf5/texts.h"

namespace clientele {
namespace {

std::string number_text(double value) {
  char text[32];
  const auto [end, fault] = std::to_chars(text, text + sizeof text, value);
  return fault == std::errc() ? std::string(text, end) : "?";
}

/// A category's name: texts as they are, numbers as their shortest decimal.
std::vector<std::string> category_texts(const h5::Dataset& set, ThreadPool& pool) {
  const auto most = static_cast<int64_t>(kMostCategories);
  if (set.type.textual()) return h5::read_text_list(set, most);
  Column column;
  std::string why;
  const std::unique_ptr<Part> part = single_column(set, "", pool, column, why);
  if (!part || set.shape.size() != 1 || set.rows() > most) {
    throw Error(ErrorKind::input, {"category names cannot be read", set.where(), "texts or numbers, at most 100000",
                                   set.type.text + ", " + h5::shape_text(set.shape), ""});
  }
  std::vector<double> values(static_cast<size_t>(set.rows()));
  const PartColumn only{0, 0};
  if (!values.empty()) part->read(0, {&only, 1}, {values.data(), set.rows(), 1, set.rows()});
  std::vector<std::string> texts;
  for (const double value : values) {
    texts.push_back(column.kind == ColumnKind::flag ? (value != 0 ? "True" : "False") : number_text(value));
  }
  return texts;
}

void check_length(const h5::Dataset& set, int64_t rows) {
  set.check_readable();
  if (set.shape.size() == 1 && set.rows() == rows) return;
  throw Error(ErrorKind::input, {"columns are not equally long", set.where(), std::to_string(rows) + " rows",
                                 h5::shape_text(set.shape), ""});
}

std::unique_ptr<Part> categorical(const DataFrame& frame, const std::string& path, int64_t rows, ThreadPool& pool,
                                  Column& column, std::string& why) {
  const h5::Dataset codes = named_dataset(frame.file, h5::join(path, "codes"), "input.dataset");
  const h5::Dataset names = named_dataset(frame.file, h5::join(path, "categories"), "input.dataset");
  check_length(codes, rows);
  names.check_readable();
  if (codes.type.kind != h5::ElementKind::number || codes.type.form == h5::NumberForm::floating || !codes.type.plain) {
    why = "its codes are no integers";
    return nullptr;
  }
  if (names.rows() > static_cast<int64_t>(kMostCategories)) {
    why = "more than 100000 categories";
    return nullptr;
  }
  const std::vector<std::string> texts = category_texts(names, pool);
  column.kind = ColumnKind::category;
  column.categories = texts;
  std::sort(column.categories.begin(), column.categories.end());
  column.categories.erase(std::unique(column.categories.begin(), column.categories.end()), column.categories.end());
  std::vector<double> sorted_code;
  for (const std::string& text : texts) {
    const auto at = std::lower_bound(column.categories.begin(), column.categories.end(), text);
    sorted_code.push_back(static_cast<double>(at - column.categories.begin()));
  }
  std::shared_ptr<h5::CellReader> reader = h5::open_cells(codes, pool.threads());
  std::vector<RecordField> fields;
  fields.push_back({0, 0, column.name, code_decoder(reader->type(), std::move(sorted_code), codes.where())});
  return record_part(codes, std::move(reader), std::move(fields));
}

std::unique_ptr<Part> nullable(const DataFrame& frame, const std::string& path, int64_t rows, ThreadPool& pool,
                               Column& column, std::string& why) {
  const h5::Dataset values = named_dataset(frame.file, h5::join(path, "values"), "input.dataset");
  const h5::Dataset mask = named_dataset(frame.file, h5::join(path, "mask"), "input.dataset");
  check_length(values, rows);
  check_length(mask, rows);
  Column ignored;
  std::unique_ptr<Part> mask_part = mask.type.numeric() ? single_column(mask, "", pool, ignored, why) : nullptr;
  if (!mask_part) {
    why = "its mask is not of flags";
    return nullptr;
  }
  std::unique_ptr<Part> value_part = single_column(values, "", pool, column, why);
  return value_part ? masked_part(std::move(value_part), std::move(mask_part)) : nullptr;
}

}  // namespace

h5::Dataset DataFrame::index_dataset() const {
  return named_dataset(file, h5::join(path, index), "input.id");
}

DataFrame read_data_frame(const std::shared_ptr<const h5::File>& file, const std::string& path) {
  DataFrame frame{file, path, h5::text_of(*file, path, "_index"), h5::text_attribute(*file, path, "column-order")};
  if (h5::text_of(*file, path, "encoding-type") == "dataframe" && !frame.index.empty()) return frame;
  throw Error(ErrorKind::input,
              {"not a data frame that can be read", file->where(path), "encoding-type dataframe with an _index",
               h5::text_of(*file, path, "encoding-type"), "write it again with anndata 0.8 or later"});
}

std::unique_ptr<Part> frame_column(const DataFrame& frame, const std::string& name, int64_t rows, ThreadPool& pool,
                                   Column& column, std::string& why) {
  const std::string path = named_object(frame.file, h5::join(frame.path, name), "input.dataset");
  if (frame.file->kind(path) == h5::ObjectKind::dataset) {
    const h5::Dataset set = h5::describe_dataset(frame.file, path);
    check_length(set, rows);
    return single_column(set, "", pool, column, why);
  }
  const std::string encoding = h5::text_of(*frame.file, path, "encoding-type");
  if (encoding == "categorical") return categorical(frame, path, rows, pool, column, why);
  if (encoding.rfind("nullable-", 0) == 0) return nullable(frame, path, rows, pool, column, why);
  why = "its encoding (" + encoding + ") is not read";
  return nullptr;
}

}  // namespace clientele
