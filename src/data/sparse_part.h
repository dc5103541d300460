// A matrix in compressed sparse rows: AnnData's csr_matrix.
#pragma once

#include <memory>

#include "table_source.h"

namespace clientele {

/// The group holds data, indices and indptr; `shape` is rows x columns. Keeps indptr in memory (8 bytes a row). An
/// absent cell is 0; a cell that comes twice is the sum. Throws Error{input} where the three do not fit together.
std::unique_ptr<Part> sparse_part(const std::shared_ptr<const h5::File>& file, const std::string& group, int64_t rows,
                                  int64_t columns, ThreadPool& pool);

}  // namespace clientele
