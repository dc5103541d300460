// Where rows come from. A layout turns an HDF5 file into a Source; behaviour features become a MemorySource. Sources
// can be read again and from several threads at once; nothing is kept in memory but what a layout must keep.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "clientele/base/thread_pool.h"
#include "clientele/base/views.h"
#include "clientele/data/ids.h"
#include "clientele/data/schema.h"

namespace clientele {

/// How a source would be read; for `inspect`, `plan` and run.json.
struct ReadPlan {
  std::string layout;  ///< matrix, columns, compound, anndata, events, memory
  std::string path;    ///< "contiguous pread", "direct chunks", "library", "memory", per dataset where they differ
  std::vector<std::string> notes;     ///< "library path: slow, because ..." and the like
  std::vector<std::string> datasets;  ///< "/matrix float32 10000000 x 32, contiguous" one line each
  int64_t stored_bytes = 0;
  int64_t decoded_bytes = 0;
};

class Source {
 public:
  virtual ~Source() = default;

  /// Columns in source order, ids excluded. Kinds and roles are as the file says; apply_column_specs may change them
  /// through mutable_schema().
  const Schema& schema() const { return schema_; }
  Schema& mutable_schema() { return schema_; }
  int64_t rows() const { return rows_; }

  /// Reads rows [first_row, first_row + out.rows) of the given columns (positions in schema()) into out: columns.size()
  /// x out.rows, column-major double, NaN missing, -0 made +0. Thread-safe; fastest in ascending pieces inside
  /// 65,536-row blocks. Throws Error{input} for damaged data.
  virtual void read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) = 0;
  /// All ids, in row order.
  virtual IdColumn read_ids(ThreadPool& pool) = 0;
  virtual ReadPlan plan() const = 0;

 protected:
  Schema schema_;
  int64_t rows_ = 0;
};

/// A table in memory: columns.size() == schema.columns.size(), each of the same length.
class MemorySource : public Source {
 public:
  MemorySource(Schema schema, std::vector<std::vector<double>> columns, IdColumn ids);
  void read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) override;
  IdColumn read_ids(ThreadPool& pool) override;
  ReadPlan plan() const override;

 private:
  std::vector<std::vector<double>> columns_;
  IdColumn ids_;
};

/// [input] of a job file.
struct InputSpec {
  std::vector<std::string> file;  ///< one, or several with the same schema, read as one input in the order given
  std::string layout = "auto";    ///< auto, matrix, columns, compound, anndata
  std::string dataset;            ///< path of the dataset or group; empty: found by itself
  std::string
      id;  ///< name of the id dataset, field or column; empty: client_id where there is one, else the row number
  std::vector<int64_t> rows;  ///< [from, to): read only these rows; empty: all

  void visit(SpecVisitor& v);
};

/// Opens the input and decides how to read it. Throws Error{input}: missing file, not HDF5, truncated, unsupported
/// layout or filter, external links, absurd shapes, ids of another length. Reads dictionaries of category columns, no
/// other row data.
std::unique_ptr<Source> open_input(const InputSpec& spec, ThreadPool& pool);

/// The named columns that hold numbers become categories: each distinct whole number is one, named by its decimal text.
/// Reads those columns once. Columns of texts and unknown names are left as they are. Throws Error{input} for values
/// that are no whole numbers and for more than 100,000 of them.
std::unique_ptr<Source> code_categories(std::unique_ptr<Source> source, const std::vector<std::string>& names,
                                        ThreadPool& pool);

/// Files that the input consists of, for fingerprints and error messages.
std::vector<std::string> input_files(const InputSpec& spec);

}  // namespace clientele
