#include "sparse_part.h"

#include <algorithm>

#include "catalogue.h"
#include "clientele/base/errors.h"
#include "convert.h"

namespace clientele {
namespace {

constexpr int64_t kMostCellsAtOnce = int64_t{1} << 20;

h5::Dataset member(const std::shared_ptr<const h5::File>& file, const std::string& group, const char* name) {
  h5::Dataset set = named_dataset(file, h5::join(group, name), "input.dataset");
  set.check_readable();
  if (set.shape.size() != 1 || set.type.kind != h5::ElementKind::number) {
    throw Error(ErrorKind::input, {"sparse matrix is damaged", set.where(), "a 1-D dataset of numbers",
                                   set.type.text + ", " + h5::shape_text(set.shape), ""});
  }
  return set;
}

/// A 1-D dataset of integers read in runs.
class Integers {
 public:
  Integers(const h5::Dataset& set, int threads) : where_(set.where()), reader_(h5::open_cells(set, threads)) {
    convert_ = to_integer_converter(reader_->type());
    if (convert_ == nullptr)
      throw Error(ErrorKind::input, {"sparse matrix is damaged", where_, "integers", set.type.text, ""});
  }

  void read(int64_t first, int64_t count, int64_t* out) const {
    const int64_t cell = 0;
    if (count == 0) return;
    reader_->read(first, count, {&cell, 1}, [&](const h5::CellRun& run) {
      if (convert_(run.data, run.row_bytes, run.rows, out + (run.first_row - first))) return;
      throw Error(ErrorKind::input, {"sparse matrix is damaged", where_, "positions", "a number beyond 63 bits", ""});
    });
  }
  int64_t size() const { return reader_->rows(); }
  const std::string& where() const { return where_; }

 private:
  std::string where_;
  std::unique_ptr<h5::CellReader> reader_;
  ToInteger convert_ = nullptr;
};

class SparsePart : public Part {
 public:
  SparsePart(const h5::Dataset& data, const h5::Dataset& indices, std::vector<int64_t> starts, int64_t columns,
             int threads)
      : data_(data),
        values_(h5::open_cells(data, threads)),
        decoder_(number_decoder(values_->type())),
        indices_(indices, threads),
        starts_(std::move(starts)),
        columns_(columns) {}

  void read(int64_t first_row, std::span<const PartColumn> columns, ColumnsView<double> out) override {
    std::vector<std::vector<int>> slots(static_cast<size_t>(columns_));
    for (const PartColumn& column : columns) {
      slots[static_cast<size_t>(column.column)].push_back(column.slot);
      std::fill_n(out.data + column.slot * out.stride, out.rows, 0.0);
    }
    for (int64_t row = first_row; row < first_row + out.rows;) {
      int64_t end = row + 1;
      while (end < first_row + out.rows && start(end + 1) - start(row) <= kMostCellsAtOnce) ++end;
      scatter(row, end, first_row, slots, out);
      row = end;
    }
  }

  std::string describe(ReadPlan& plan) const override {
    plan.datasets.push_back(data_.line() + ", " + values_->path());
    plan.notes.push_back("sparse matrix " + h5::parent(data_.path) + ": absent cells are 0");
    plan.stored_bytes += data_.stored_bytes;
    plan.decoded_bytes += (static_cast<int64_t>(starts_.size()) - 1) * columns_ * data_.type.bytes;
    if (!values_->note().empty()) plan.notes.push_back(values_->note());
    return values_->path();
  }

 private:
  int64_t start(int64_t row) const { return starts_[static_cast<size_t>(row)]; }

  void scatter(int64_t row, int64_t end, int64_t first_row, const std::vector<std::vector<int>>& slots,
               ColumnsView<double> out) {
    const int64_t first = start(row), count = start(end) - first;
    if (count == 0) return;
    std::vector<double> values(static_cast<size_t>(count));
    std::vector<int64_t> places(static_cast<size_t>(count));
    indices_.read(first, count, places.data());
    const int64_t cell = 0;
    values_->read(first, count, {&cell, 1}, [&](const h5::CellRun& run) {
      decoder_->decode(run.data, run.row_bytes, run.rows, values.data() + (run.first_row - first));
    });
    for (int64_t r = row; r < end; ++r) {
      for (int64_t at = start(r); at < start(r + 1); ++at) {
        const int64_t place = places[static_cast<size_t>(at - first)];
        if (place < 0 || place >= columns_) {
          throw Error(ErrorKind::input, {"sparse matrix is damaged", indices_.where(),
                                         "columns below " + std::to_string(columns_), std::to_string(place), ""});
        }
        for (const int slot : slots[static_cast<size_t>(place)])
          out.data[slot * out.stride + r - first_row] += values[static_cast<size_t>(at - first)];
      }
    }
  }

  h5::Dataset data_;
  std::unique_ptr<h5::CellReader> values_;
  std::unique_ptr<Decoder> decoder_;
  Integers indices_;
  std::vector<int64_t> starts_;
  int64_t columns_;
};

}  // namespace

std::unique_ptr<Part> sparse_part(const std::shared_ptr<const h5::File>& file, const std::string& group, int64_t rows,
                                  int64_t columns, ThreadPool& pool) {
  const h5::Dataset data = member(file, group, "data"), indices = member(file, group, "indices"),
                    indptr = member(file, group, "indptr");
  const Integers starts(indptr, pool.threads());
  const auto damaged = [&](const std::string& where, const std::string& expected, const std::string& found) {
    throw Error(ErrorKind::input, {"sparse matrix is damaged", where, expected, found, "write the file again"});
  };
  if (rows < 0 || starts.size() - 1 != rows)
    damaged(starts.where(), std::to_string(rows) + " + 1 positions", std::to_string(starts.size()));
  std::vector<int64_t> positions(static_cast<size_t>(starts.size()));
  starts.read(0, starts.size(), positions.data());
  if (!std::is_sorted(positions.begin(), positions.end()) || positions.front() != 0)
    damaged(starts.where(), "ascending positions from 0", "others");
  if (positions.back() != data.rows() || indices.rows() != data.rows()) {
    damaged(data.where(), std::to_string(positions.back()) + " cells",
            std::to_string(data.rows()) + " and " + std::to_string(indices.rows()) + " columns");
  }
  return std::make_unique<SparsePart>(data, indices, std::move(positions), columns, pool.threads());
}

}  // namespace clientele
