#include "model_source.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"

namespace clientele {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// Model code of each code of the table; NaN for categories that the model has never seen, whose names go to `unseen`.
std::vector<double> map_categories(const std::vector<std::string>& table, const std::vector<std::string>& model,
                                   std::vector<std::string>& unseen) {
  std::vector<double> codes;
  for (const std::string& category : table) {
    const auto found = std::lower_bound(model.begin(), model.end(), category);
    const bool known = found != model.end() && *found == category;
    if (!known) unseen.push_back(category);
    codes.push_back(known ? static_cast<double>(found - model.begin()) : kMissing);
  }
  return codes;
}

std::string kind_word(const Column& column) {
  return column.categories.empty() && column.kind != ColumnKind::category ? "a number" : "a category";
}

bool whole_number(const std::string& text) {
  int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<std::string> number_categories(const Schema& model) {
  std::vector<std::string> names;
  for (const Column& column : model.columns)
    if (!column.categories.empty() && std::all_of(column.categories.begin(), column.categories.end(), whole_number))
      names.push_back(column.name);
  return names;
}

ModelSource::ModelSource(std::unique_ptr<Source> table, const FeatureSpace& space, const std::string& table_name)
    : table_(std::move(table)), place_(space.schema.columns.size(), -1), codes_(space.schema.columns.size()) {
  schema_ = space.schema;
  rows_ = table_->rows();
  for (const Feature& feature : space.features) needed_.push_back(feature.transform.source);
  std::sort(needed_.begin(), needed_.end());
  needed_.erase(std::unique(needed_.begin(), needed_.end()), needed_.end());

  std::vector<std::string> there;
  for (const Column& column : table_->schema().columns) there.push_back(column.name);
  std::string missing, suggestions;
  for (const int c : needed_) {
    const Column& wanted = schema_.columns[static_cast<size_t>(c)];
    const int place = table_->schema().find(wanted.name);
    place_[static_cast<size_t>(c)] = place;
    if (place < 0) {
      missing += (missing.empty() ? "" : ", ") + wanted.name;
      if (const std::string near = nearest(wanted.name, there); !near.empty())
        suggestions += " Is \"" + near + "\" meant to be \"" + wanted.name + "\"?";
      continue;
    }
    const Column& found = table_->schema().columns[static_cast<size_t>(place)];
    if (kind_word(found) != kind_word(wanted))
      throw Error(ErrorKind::input, {.what = "a column is of another kind than the model's",
                                     .where = table_name + ": column " + wanted.name,
                                     .expected = kind_word(wanted),
                                     .found = kind_word(found),
                                     .hint = "Store the column as it was in the file that the model was fitted on."});
    if (found.categories != wanted.categories) {
      std::vector<std::string> unseen;
      codes_[static_cast<size_t>(c)] = map_categories(found.categories, wanted.categories, unseen);
      if (!unseen.empty()) unseen_[wanted.name] = std::move(unseen);
    }
  }
  if (!missing.empty())
    throw Error(ErrorKind::input, {.what = "columns that the model needs are missing",
                                   .where = table_name,
                                   .expected = "every column the model was fitted on",
                                   .found = "no " + missing,
                                   .hint = "Columns are matched by name." + suggestions});
}

void ModelSource::read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) {
  for (size_t i = 0; i < columns.size(); ++i)
    if (place_[static_cast<size_t>(columns[i])] < 0)
      std::fill_n(out.column(static_cast<int64_t>(i)).begin(), out.rows, kMissing);
  // Runs of present columns are read in one call.
  for (size_t begin = 0; begin < columns.size();) {
    std::vector<int> places;
    size_t end = begin;
    for (; end < columns.size() && place_[static_cast<size_t>(columns[end])] >= 0; ++end)
      places.push_back(place_[static_cast<size_t>(columns[end])]);
    if (places.empty()) {
      ++begin;
      continue;
    }
    const int64_t at = static_cast<int64_t>(begin);
    table_->read(first_row, places,
                 {out.data + at * out.stride, out.rows, static_cast<int64_t>(places.size()), out.stride});
    begin = end;
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::vector<double>& codes = codes_[static_cast<size_t>(columns[i])];
    if (codes.empty()) continue;
    for (double& value : out.column(static_cast<int64_t>(i)))
      if (!std::isnan(value)) value = codes[static_cast<size_t>(value)];
  }
}

std::map<std::string, int64_t> ModelSource::count_unseen() {
  std::map<std::string, int64_t> counts;
  std::vector<double> values(8192);
  for (const auto& [name, categories] : unseen_) {
    const int column = schema_.find(name);
    const std::vector<double>& codes = codes_[static_cast<size_t>(column)];
    for (int64_t first = 0; first < rows_; first += static_cast<int64_t>(values.size())) {
      const int64_t rows = std::min<int64_t>(rows_ - first, static_cast<int64_t>(values.size()));
      const int place = place_[static_cast<size_t>(column)];
      table_->read(first, std::span<const int>(&place, 1), {values.data(), rows, 1, rows});
      for (int64_t i = 0; i < rows; ++i) {
        const double code = values[static_cast<size_t>(i)];
        counts[name] += !std::isnan(code) && std::isnan(codes[static_cast<size_t>(code)]) ? 1 : 0;
      }
    }
  }
  return counts;
}

}  // namespace clientele
