#include "table_source.h"

#include <algorithm>
#include <limits>

#include "clientele/base/errors.h"
#include "utf8.h"

namespace clientele {
namespace {

/// Drops lines that were there before: several parts may read one dataset.
void keep_first(std::vector<std::string>& lines) {
  std::set<std::string> seen;
  std::erase_if(lines, [&](const std::string& line) { return !seen.insert(line).second; });
}

}  // namespace

TableSource::TableSource(std::string layout, int64_t rows, IdReader ids)
    : layout_(std::move(layout)), ids_(std::move(ids)) {
  rows_ = rows;
}

void TableSource::add(std::unique_ptr<Part> part, std::vector<Column> columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    check_utf8(columns[i].name, layout_ + " column names,", static_cast<int64_t>(schema_.columns.size()));
    if (!names_.insert(columns[i].name).second) {
      throw Error(ErrorKind::input,
                  {"a column name comes twice", layout_, "distinct names", "'" + columns[i].name + "'", ""});
    }
    schema_.columns.push_back(std::move(columns[i]));
    places_.push_back({static_cast<int>(parts_.size()), static_cast<int>(i)});
  }
  parts_.push_back(std::move(part));
}

void TableSource::read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) {
  if (first_row < 0 || out.rows < 0 || first_row > rows_ - out.rows ||
      out.columns < static_cast<int64_t>(columns.size())) {
    throw Error(ErrorKind::internal, {"rows outside the source", layout_, std::to_string(rows_) + " rows",
                                      std::to_string(first_row) + " + " + std::to_string(out.rows), ""});
  }
  std::vector<std::vector<PartColumn>> wanted(parts_.size());
  for (size_t slot = 0; slot < columns.size(); ++slot) {
    const Place place = places_.at(static_cast<size_t>(columns[slot]));
    wanted[static_cast<size_t>(place.part)].push_back({place.column, static_cast<int>(slot)});
  }
  for (size_t part = 0; part < parts_.size(); ++part) {
    if (!wanted[part].empty() && out.rows > 0) parts_[part]->read(first_row, wanted[part], out);
  }
}

ReadPlan TableSource::plan() const {
  ReadPlan plan;
  plan.layout = layout_;
  std::vector<std::string> paths;
  for (const std::unique_ptr<Part>& part : parts_) {
    const std::string path = part->describe(plan);
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  }
  for (const std::string& path : paths) plan.path += (plan.path.empty() ? "" : ", ") + path;
  plan.notes.insert(plan.notes.end(), notes_.begin(), notes_.end());
  keep_first(plan.notes);
  keep_first(plan.datasets);
  return plan;
}

void scan_blocks(ThreadPool& pool, int64_t rows,
                 const std::function<void(int64_t first_row, int64_t rows, int worker)>& task) {
  const int64_t blocks = (rows + kScanRows - 1) / kScanRows;
  pool.parallel_for(blocks, [&](int64_t block, int worker) {
    const int64_t first = block * kScanRows;
    task(first, std::min(kScanRows, rows - first), worker);
  });
}

}  // namespace clientele
