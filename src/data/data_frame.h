// AnnData's data frames (encoding-type dataframe, 0.2.0): columns as arrays, categoricals and nullables.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "table_source.h"

namespace clientele {

struct DataFrame {
  std::shared_ptr<const h5::File> file;
  std::string path;                  ///< by hard links
  std::string index;                 ///< name of its index column
  std::vector<std::string> columns;  ///< in column-order

  h5::Dataset index_dataset() const;
};

/// Throws Error{input} where the group is no data frame.
DataFrame read_data_frame(const std::shared_ptr<const h5::File>& file, const std::string& path);

/// One column as a part; null with `why` where it cannot be read as one.
std::unique_ptr<Part> frame_column(const DataFrame& frame, const std::string& name, int64_t rows, ThreadPool& pool,
                                   Column& column, std::string& why);

}  // namespace clientele
