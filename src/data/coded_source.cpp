// Whole numbers that a job declares to be categories (region 7, tariff 12): each distinct number becomes a text.
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>

#include "clientele/base/errors.h"
#include "dictionary.h"
#include "table_source.h"

namespace clientele {
namespace {

constexpr double kWholeLimit = 9007199254740992.0;  // 2^53: above it a double does not hold every whole number

/// Distinct numbers of one column as one worker meets them, and the first value that is no whole number.
struct NumberSet {
  std::unordered_set<int64_t> numbers;
  int64_t strange_row = -1;
  double strange = 0;

  bool done() const { return strange_row >= 0 || numbers.size() > kMostCategories; }
  void add(double value, int64_t row) {
    if (std::isnan(value)) return;
    if (std::fabs(value) > kWholeLimit || value != std::trunc(value)) {
      strange_row = row;
      strange = value;
      return;
    }
    numbers.insert(static_cast<int64_t>(value));
  }
};

[[noreturn]] void refuse(const Column& column, const std::string& found) {
  throw Error(ErrorKind::input, {"a column cannot be a category", "column " + column.name,
                                 "at most " + std::to_string(kMostCategories) + " distinct whole numbers or texts",
                                 found, "declare it number or ordinal with columns." + column.name + ".kind"});
}

std::vector<int64_t> distinct_numbers(Source& source, int column, ThreadPool& pool) {
  std::vector<NumberSet> sets(static_cast<size_t>(pool.threads()));
  std::vector<std::vector<double>> values(sets.size());
  scan_blocks(pool, source.rows(), [&](int64_t first, int64_t rows, int worker) {
    NumberSet& mine = sets[static_cast<size_t>(worker)];
    if (mine.done()) return;
    std::vector<double>& read = values[static_cast<size_t>(worker)];
    read.resize(static_cast<size_t>(rows));
    source.read(first, {&column, 1}, {read.data(), rows, 1, rows});
    for (int64_t r = 0; r < rows && !mine.done(); ++r) {
      const double value = read[static_cast<size_t>(r)];
      if (r == 0 || value != read[static_cast<size_t>(r - 1)]) mine.add(value, first + r);
    }
  });
  const Column& name = source.schema().columns[static_cast<size_t>(column)];
  const NumberSet* strange = nullptr;
  std::unordered_set<int64_t> all;
  for (const NumberSet& set : sets) {
    if (set.strange_row >= 0 && (strange == nullptr || set.strange_row < strange->strange_row)) strange = &set;
    all.insert(set.numbers.begin(), set.numbers.end());
  }
  if (strange != nullptr)
    refuse(name, std::to_string(strange->strange) + " in row " + std::to_string(strange->strange_row));
  if (all.size() > kMostCategories) refuse(name, "more distinct numbers");
  std::vector<int64_t> numbers(all.begin(), all.end());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// The code of each number: where its decimal text stands among all of them, sorted by bytes.
struct NumberCodes {
  std::vector<int64_t> numbers;  ///< ascending
  std::vector<double> codes;

  double at(double value) const {
    if (std::isnan(value)) return value;
    const auto found = std::lower_bound(numbers.begin(), numbers.end(), static_cast<int64_t>(value));
    return codes[static_cast<size_t>(found - numbers.begin())];
  }
};

NumberCodes number_codes(std::vector<int64_t> numbers, std::vector<std::string>& texts) {
  for (const int64_t number : numbers) texts.push_back(std::to_string(number));
  std::sort(texts.begin(), texts.end());
  NumberCodes coded{std::move(numbers), {}};
  for (const int64_t number : coded.numbers) {
    const auto at = std::lower_bound(texts.begin(), texts.end(), std::to_string(number));
    coded.codes.push_back(static_cast<double>(at - texts.begin()));
  }
  return coded;
}

class CodedSource : public Source {
 public:
  CodedSource(std::unique_ptr<Source> source, const std::vector<int>& coded, ThreadPool& pool)
      : source_(std::move(source)) {
    schema_ = source_->schema();
    rows_ = source_->rows();
    for (const int column : coded) {
      Column& declared = schema_.columns[static_cast<size_t>(column)];
      codes_[column] = number_codes(distinct_numbers(*source_, column, pool), declared.categories);
      declared.kind = ColumnKind::category;
    }
  }

  void read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) override {
    source_->read(first_row, columns, out);
    for (size_t slot = 0; slot < columns.size(); ++slot) {
      const auto coded = codes_.find(columns[slot]);
      if (coded == codes_.end()) continue;
      for (double& value : out.column(static_cast<int64_t>(slot))) value = coded->second.at(value);
    }
  }
  IdColumn read_ids(ThreadPool& pool) override { return source_->read_ids(pool); }
  ReadPlan plan() const override { return source_->plan(); }

 private:
  std::unique_ptr<Source> source_;
  std::map<int, NumberCodes> codes_;
};

}  // namespace

std::unique_ptr<Source> code_categories(std::unique_ptr<Source> source, const std::vector<std::string>& names,
                                        ThreadPool& pool) {
  std::vector<int> coded;
  for (const std::string& name : names) {
    const int at = source->schema().find(name);
    if (at >= 0 && source->schema().columns[static_cast<size_t>(at)].kind != ColumnKind::category) coded.push_back(at);
  }
  if (coded.empty()) return source;
  return std::make_unique<CodedSource>(std::move(source), coded, pool);
}

}  // namespace clientele
