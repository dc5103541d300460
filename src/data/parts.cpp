#include <algorithm>
#include <cmath>
#include <limits>

#include "clientele/base/errors.h"
#include "hdf5/texts.h"
#include "table_source.h"
#include "transpose.h"

namespace clientele {
namespace {

constexpr int64_t kTileBytes =
    8192;  ///< of rows taken at a time: stays in the first-level cache while columns are picked out of it
constexpr int64_t kFewestTileRows = 16;
constexpr int64_t kMostTileRows = 2048;

class RecordPart : public Part {
 public:
  RecordPart(const h5::Dataset& set, std::shared_ptr<h5::CellReader> reader, std::vector<RecordField> fields)
      : set_(set),
        reader_(std::move(reader)),
        fields_(std::move(fields)),
        transpose_(transpose_kernel(reader_->type())) {}

  void read(int64_t first_row, std::span<const PartColumn> columns, ColumnsView<double> out) override {
    std::vector<int64_t> cells;
    std::vector<PartColumn> order(columns.begin(), columns.end());
    std::sort(order.begin(), order.end(), [&](const PartColumn& a, const PartColumn& b) { return cell(a) < cell(b); });
    for (const PartColumn& column : order) {
      if (cells.empty() || cells.back() != cell(column)) cells.push_back(cell(column));
    }
    reader_->read(first_row, out.rows, cells, [&](const h5::CellRun& run) {
      const auto before = [&](const PartColumn& column, int64_t at) { return cell(column) < at; };
      const auto begin = std::lower_bound(order.begin(), order.end(), run.first_cell, before);
      const auto end = std::lower_bound(begin, order.end(), run.first_cell + run.cells, before);
      decode_run(run, {begin, end}, run.first_row - first_row, out);
    });
  }

  std::string describe(ReadPlan& plan) const override {
    plan.datasets.push_back(set_.line() + ", " + reader_->path());
    plan.stored_bytes += set_.stored_bytes;
    plan.decoded_bytes += set_.decoded_bytes;
    if (!reader_->note().empty()) plan.notes.push_back(reader_->note());
    for (const RecordField& field : fields_) {
      const std::string note = field.decoder->note();
      if (!note.empty()) plan.notes.push_back("column '" + field.name + "' " + note);
    }
    return reader_->path();
  }

 private:
  int64_t cell(const PartColumn& column) const { return fields_[static_cast<size_t>(column.column)].cell; }

  /// True for columns (in order of their cells) that lie one after another.
  bool adjacent(std::span<const PartColumn> columns) const {
    if (columns.size() < 2) return false;
    for (size_t i = 1; i < columns.size(); ++i) {
      if (cell(columns[i]) != cell(columns[0]) + static_cast<int64_t>(i)) return false;
    }
    return true;
  }

  /// Tile by tile, so that a row's bytes are fetched from memory once for all its columns.
  void decode_run(const h5::CellRun& run, std::span<const PartColumn> columns, int64_t at,
                  ColumnsView<double> out) const {
    const int64_t fitting = run.row_bytes == 0 ? kMostTileRows : kTileBytes / static_cast<int64_t>(run.row_bytes);
    const int64_t tile = std::clamp(fitting, kFewestTileRows, kMostTileRows);
    const int64_t element = reader_->type().bytes;
    const bool transposed = transpose_ != nullptr && adjacent(columns);
    std::vector<double*> to;
    for (int64_t done = 0; done < run.rows; done += tile) {
      const int64_t count = std::min(tile, run.rows - done);
      const std::byte* rows = run.data + static_cast<size_t>(done) * run.row_bytes;
      if (transposed) {
        to.clear();
        for (const PartColumn& column : columns) to.push_back(out.data + column.slot * out.stride + at + done);
        transpose_(rows + (cell(columns[0]) - run.first_cell) * element, run.row_bytes, count, to);
        continue;
      }
      for (const PartColumn& column : columns) {
        const RecordField& field = fields_[static_cast<size_t>(column.column)];
        const std::byte* data = rows + (field.cell - run.first_cell) * element + field.offset;
        field.decoder->decode(data, run.row_bytes, count, out.data + column.slot * out.stride + at + done);
      }
    }
  }

  h5::Dataset set_;
  std::shared_ptr<h5::CellReader> reader_;
  std::vector<RecordField> fields_;
  Transpose transpose_;  ///< for rows of one plain float type
};

class VariableTextPart : public Part {
 public:
  VariableTextPart(const h5::Dataset& set, std::string field, std::shared_ptr<const Dictionary> dictionary)
      : set_(set), field_(std::move(field)), dictionary_(std::move(dictionary)) {}

  void read(int64_t first_row, std::span<const PartColumn> columns, ColumnsView<double> out) override {
    for (const PartColumn& column : columns) {
      double* to = out.data + column.slot * out.stride;
      h5::read_variable_texts(set_, field_, first_row, out.rows, [&](int64_t row, std::string_view text) {
        const int32_t code = text.empty() ? -1 : dictionary_->code(text);
        if (code < 0 && !text.empty()) {
          throw Error(ErrorKind::input, {"a text changed while the file was read", set_.where(), "",
                                         std::string(text.substr(0, 80)), ""});
        }
        to[row - first_row] = code < 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(code);
      });
    }
  }

  std::string describe(ReadPlan& plan) const override {
    plan.datasets.push_back(set_.line() + ", library");
    plan.notes.push_back(set_.path + ": read through the HDF5 library, which is slow: texts of variable length");
    plan.stored_bytes += set_.stored_bytes;
    plan.decoded_bytes += set_.decoded_bytes;
    return "library";
  }

 private:
  h5::Dataset set_;
  std::string field_;
  std::shared_ptr<const Dictionary> dictionary_;
};

class MaskedPart : public Part {
 public:
  MaskedPart(std::unique_ptr<Part> values, std::unique_ptr<Part> mask)
      : values_(std::move(values)), mask_(std::move(mask)) {}

  void read(int64_t first_row, std::span<const PartColumn> columns, ColumnsView<double> out) override {
    values_->read(first_row, columns, out);
    std::vector<double> masked(static_cast<size_t>(out.rows));
    const PartColumn first{0, 0};
    mask_->read(first_row, {&first, 1}, {masked.data(), out.rows, 1, out.rows});
    for (const PartColumn& column : columns) {
      double* to = out.data + column.slot * out.stride;
      for (int64_t i = 0; i < out.rows; ++i) {
        if (masked[static_cast<size_t>(i)] != 0) to[i] = std::numeric_limits<double>::quiet_NaN();
      }
    }
  }

  std::string describe(ReadPlan& plan) const override {
    const std::string path = values_->describe(plan);
    const std::string mask = mask_->describe(plan);
    return path == mask ? path : path + ", " + mask;
  }

 private:
  std::unique_ptr<Part> values_;
  std::unique_ptr<Part> mask_;
};

}  // namespace

std::unique_ptr<Part> record_part(const h5::Dataset& set, std::shared_ptr<h5::CellReader> reader,
                                  std::vector<RecordField> fields) {
  return std::make_unique<RecordPart>(set, std::move(reader), std::move(fields));
}

std::unique_ptr<Part> variable_text_part(const h5::Dataset& set, const std::string& field,
                                         std::shared_ptr<const Dictionary> dictionary) {
  return std::make_unique<VariableTextPart>(set, field, std::move(dictionary));
}

std::unique_ptr<Part> masked_part(std::unique_ptr<Part> values, std::unique_ptr<Part> mask) {
  return std::make_unique<MaskedPart>(std::move(values), std::move(mask));
}

}  // namespace clientele
