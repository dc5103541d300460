// A Source made of parts: each part reads some columns from one place of a file.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "clientele/data/source.h"
#include "decoder.h"
#include "hdf5/cell_reader.h"

namespace clientele {

/// Column `column` of a part goes to column `slot` of the output.
struct PartColumn {
  int column = 0;
  int slot = 0;
};

class Part {
 public:
  virtual ~Part() = default;
  /// As Source::read, for the part's own columns. Thread-safe.
  virtual void read(int64_t first_row, std::span<const PartColumn> columns, ColumnsView<double> out) = 0;
  /// Adds its datasets, notes and bytes; returns its path ("contiguous pread").
  virtual std::string describe(ReadPlan& plan) const = 0;
};

using IdReader = std::function<IdColumn(ThreadPool& pool)>;

class TableSource : public Source {
 public:
  TableSource(std::string layout, int64_t rows, IdReader ids);

  /// `columns` are the part's columns in its order. Throws Error{input} when a name comes twice.
  void add(std::unique_ptr<Part> part, std::vector<Column> columns);
  void add_note(std::string note) { notes_.push_back(std::move(note)); }

  void read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) override;
  IdColumn read_ids(ThreadPool& pool) override { return ids_(pool); }
  ReadPlan plan() const override;

 private:
  struct Place {
    int part = 0;
    int column = 0;
  };

  std::string layout_;
  IdReader ids_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<Place> places_;  ///< one a column of the schema
  std::set<std::string> names_;
  std::vector<std::string> notes_;
};

/// One column of a RecordPart: element `cell` of a row, `offset` bytes into it.
struct RecordField {
  int64_t cell = 0;
  int64_t offset = 0;
  std::string name;
  std::unique_ptr<Decoder> decoder;
};

/// Columns that lie in the elements of one dataset: the cells of a matrix, the fields of a compound, or one column of
/// its own.
std::unique_ptr<Part> record_part(const h5::Dataset& set, std::shared_ptr<h5::CellReader> reader,
                                  std::vector<RecordField> fields);
/// One column of variable texts: a 1-D dataset, or a compound's field.
std::unique_ptr<Part> variable_text_part(const h5::Dataset& set, const std::string& field,
                                         std::shared_ptr<const Dictionary> dictionary);
/// Values where the mask is 0, missing where it is not (AnnData's nullable columns).
std::unique_ptr<Part> masked_part(std::unique_ptr<Part> values, std::unique_ptr<Part> mask);

/// Rows of a read that keep a worker busy: whole 65,536-row blocks.
inline constexpr int64_t kScanRows = 65536;
/// Calls task(first_row, rows, worker) for all blocks of `rows` rows.
void scan_blocks(ThreadPool& pool, int64_t rows,
                 const std::function<void(int64_t first_row, int64_t rows, int worker)>& task);

/// Row numbers as ids.
IdReader row_number_ids(int64_t rows);
/// Ids of a 1-D dataset of integers or texts, or of a compound's field. Throws Error{input} for other types or another
/// length than `rows`.
IdReader dataset_ids(const h5::Dataset& set, const std::string& field, int64_t rows, int threads,
                     const std::string& key = "input.id");
/// Appends rows [first, first + rows) of ids to all; the kinds must agree (an empty `all` takes on that of ids). Throws
/// Error{input} naming `name`.
void append_ids(IdColumn& all, const IdColumn& ids, int64_t first, int64_t rows, const std::string& name);

}  // namespace clientele
