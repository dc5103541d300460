// From datasets and record fields to columns of a table.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "table_source.h"

namespace clientele {

/// An element of a row of `reader` that becomes a column.
struct ElementPlace {
  h5::CellReader* reader = nullptr;
  h5::ElementType type;  ///< as delivered
  int64_t cell = 0;
  int64_t offset = 0;
  std::string where;
};

/// Chooses kind, dictionary and decoder of a column by its element's type; reads the texts once where a dictionary must
/// be collected. False if the type cannot be read as a column, or has too many texts: `why` says so.
bool make_column(const ElementPlace& place, ThreadPool& pool, Column& column, std::unique_ptr<Decoder>& decoder,
                 std::string& why);

/// A 1-D dataset as one column. What cannot be read becomes a note.
void add_dataset_column(TableSource& table, const h5::Dataset& set, const std::string& name, ThreadPool& pool);
/// A 1-D dataset, or one field of it, as a part of its own; null with `why` where it cannot be read as a column.
std::unique_ptr<Part> single_column(const h5::Dataset& set, const std::string& field, ThreadPool& pool, Column& column,
                                    std::string& why);
/// The fields of a 1-D compound as columns, but those named in `left_out`.
void add_record_columns(TableSource& table, const h5::Dataset& set, const std::vector<std::string>& left_out,
                        ThreadPool& pool);

/// The field of that name, or null.
const h5::Field* find_field(const h5::ElementType& type, const std::string& name);
/// Dictionary of a 1-D dataset of variable texts or a field of it; false past kMostCategories.
bool collect_variable_texts(const h5::Dataset& set, const std::string& field, std::vector<std::string>& texts);
/// Dictionary of fixed texts; false past kMostCategories.
bool collect_fixed_texts(const ElementPlace& place, ThreadPool& pool, std::vector<std::string>& texts);

}  // namespace clientele
