// Several files as one input, and a range of rows of it.
#include <algorithm>
#include <cmath>
#include <set>

#include "clientele/base/errors.h"
#include "layout.h"
#include "table_source.h"

namespace clientele {
namespace {

/// Rows [first, first + rows) of one source, which are rows [at, at + rows) of the whole.
struct Stretch {
  std::unique_ptr<Source> source;
  int64_t first = 0;
  int64_t rows = 0;
  int64_t at = 0;
  std::vector<std::vector<double>> codes;  ///< per column: own code -> merged code; empty where nothing changes
};

void check_same_schema(const Source& a, const Source& b, const std::string& name_a, const std::string& name_b) {
  const auto& left = a.schema().columns;
  const auto& right = b.schema().columns;
  const auto fail = [&](const std::string& expected, const std::string& found) {
    throw Error(ErrorKind::input, {"files have different columns", name_b, expected + " as in " + name_a, found,
                                   "files of one input must have the same columns in the same order"});
  };
  if (left.size() != right.size()) fail(std::to_string(left.size()) + " columns", std::to_string(right.size()));
  for (size_t j = 0; j < left.size(); ++j) {
    if (left[j].name != right[j].name) fail("column '" + left[j].name + "'", "'" + right[j].name + "'");
    const bool texts = left[j].kind == ColumnKind::category;
    if (texts != (right[j].kind == ColumnKind::category))
      fail("column '" + left[j].name + "' of the same kind", "another kind");
  }
}

class ConcatSource : public Source {
 public:
  ConcatSource(std::vector<std::unique_ptr<Source>> sources, std::vector<std::string> names, int64_t from, int64_t to)
      : names_(std::move(names)) {
    schema_ = sources[0]->schema();
    for (size_t i = 1; i < sources.size(); ++i) check_same_schema(*sources[0], *sources[i], names_[0], names_[i]);
    merge_dictionaries(sources);
    int64_t begin = 0;
    for (std::unique_ptr<Source>& source : sources) {
      Stretch stretch;
      stretch.first = std::max<int64_t>(0, from - begin);
      stretch.rows = std::max<int64_t>(0, std::min(source->rows(), to - begin) - stretch.first);
      stretch.at = rows_;
      begin += source->rows();
      rows_ += stretch.rows;
      stretch.codes = code_maps(*source);
      stretch.source = std::move(source);
      stretches_.push_back(std::move(stretch));
    }
  }

  void read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) override {
    for (const Stretch& stretch : stretches_) {
      const int64_t begin = std::max(first_row, stretch.at);
      const int64_t end = std::min(first_row + out.rows, stretch.at + stretch.rows);
      if (begin >= end) continue;
      const ColumnsView<double> piece = out.slice(begin - first_row, end - begin);
      stretch.source->read(stretch.first + begin - stretch.at, columns, piece);
      for (size_t slot = 0; slot < columns.size(); ++slot) {
        const std::vector<double>& codes = stretch.codes[static_cast<size_t>(columns[slot])];
        if (codes.empty()) continue;
        for (double& value : piece.column(static_cast<int64_t>(slot))) {
          if (!std::isnan(value)) value = codes[static_cast<size_t>(value)];
        }
      }
    }
  }

  IdColumn read_ids(ThreadPool& pool) override {
    IdColumn all;
    for (size_t i = 0; i < stretches_.size(); ++i) {
      const Stretch& stretch = stretches_[i];
      if (stretch.rows == 0) continue;
      append_ids(all, stretch.source->read_ids(pool), stretch.first, stretch.rows, names_[i]);
    }
    return all;
  }

  ReadPlan plan() const override {
    ReadPlan all;
    std::set<std::string> paths;
    for (const Stretch& stretch : stretches_) {
      const ReadPlan plan = stretch.source->plan();
      all.layout = plan.layout;
      if (paths.insert(plan.path).second) all.path += (all.path.empty() ? "" : ", ") + plan.path;
      all.notes.insert(all.notes.end(), plan.notes.begin(), plan.notes.end());
      all.datasets.insert(all.datasets.end(), plan.datasets.begin(), plan.datasets.end());
      all.stored_bytes += plan.stored_bytes;
      all.decoded_bytes += plan.decoded_bytes;
    }
    return all;
  }

 private:
  void merge_dictionaries(const std::vector<std::unique_ptr<Source>>& sources) {
    for (size_t j = 0; j < schema_.columns.size(); ++j) {
      std::set<std::string> merged;
      for (const std::unique_ptr<Source>& source : sources) {
        const auto& texts = source->schema().columns[j].categories;
        merged.insert(texts.begin(), texts.end());
      }
      schema_.columns[j].categories.assign(merged.begin(), merged.end());
      for (const std::unique_ptr<Source>& source : sources) {
        if (source->schema().columns[j].kind != schema_.columns[j].kind) schema_.columns[j].kind = ColumnKind::number;
      }
    }
  }

  std::vector<std::vector<double>> code_maps(const Source& source) const {
    std::vector<std::vector<double>> maps(schema_.columns.size());
    for (size_t j = 0; j < maps.size(); ++j) {
      const auto& own = source.schema().columns[j].categories;
      const auto& merged = schema_.columns[j].categories;
      if (own == merged) continue;
      for (const std::string& text : own) {
        maps[j].push_back(static_cast<double>(std::lower_bound(merged.begin(), merged.end(), text) - merged.begin()));
      }
    }
    return maps;
  }

  std::vector<std::string> names_;
  std::vector<Stretch> stretches_;
};

}  // namespace

std::unique_ptr<Source> concatenate(std::vector<std::unique_ptr<Source>> sources, std::vector<std::string> names,
                                    const std::vector<int64_t>& rows) {
  int64_t total = 0;
  for (const std::unique_ptr<Source>& source : sources) total += source->rows();
  const int64_t from = rows.empty() ? 0 : rows[0];
  const int64_t to = rows.empty() ? total : rows.back();
  if ((!rows.empty() && rows.size() != 2) || from < 0 || from >= to) {
    throw Error(ErrorKind::usage, {"not a range of rows", "input.rows", "[from, to) with from < to",
                                   rows.size() == 2 ? std::to_string(from) + ", " + std::to_string(to)
                                                    : std::to_string(rows.size()) + " numbers",
                                   ""});
  }
  if (to > total) {
    throw Error(ErrorKind::input, {"rows past the end of the input", "input.rows", "at most " + std::to_string(total),
                                   std::to_string(to), ""});
  }
  return std::make_unique<ConcatSource>(std::move(sources), std::move(names), from, to);
}

}  // namespace clientele
