// The layouts: each recognises where in a file it could read and opens it as a Source.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "catalogue.h"
#include "clientele/data/source.h"

namespace clientele {

struct LayoutRequest {
  std::shared_ptr<const h5::File> file;
  std::string path;  ///< dataset or group, by hard links
  std::string id;    ///< input.id, may be empty
  ThreadPool& pool;
};

struct Layout {
  const char* name;
  /// Places of the file that look like this layout.
  std::vector<std::string> (*candidates)(const Catalogue& catalogue);
  std::unique_ptr<Source> (*open)(const LayoutRequest& request);
};

std::vector<std::string> matrix_candidates(const Catalogue& catalogue);
std::unique_ptr<Source> open_matrix(const LayoutRequest& request);
std::vector<std::string> columns_candidates(const Catalogue& catalogue);
std::unique_ptr<Source> open_columns(const LayoutRequest& request);
std::vector<std::string> compound_candidates(const Catalogue& catalogue);
std::unique_ptr<Source> open_compound(const LayoutRequest& request);
std::vector<std::string> anndata_candidates(const Catalogue& catalogue);
std::unique_ptr<Source> open_anndata(const LayoutRequest& request);

/// Groups and compounds that have both columns of a log of events.
std::vector<std::string> event_places(const Catalogue& catalogue, const std::string& client, const std::string& ts);

/// The table of layouts, in the order in which a file is tried.
std::span<const Layout> layouts();

/// The default name of the id dataset, field or column.
inline constexpr const char* kIdName = "client_id";

/// Opens one file of the input. cache: null gives it one of its own.
std::unique_ptr<Source> open_file(const std::string& path, const InputSpec& spec, ThreadPool& pool,
                                  const std::shared_ptr<ReadCache>& cache);
/// Several files (one schema, dictionaries merged), or a range of rows [from, to) of the whole. Throws Error{input}
/// where schemas differ.
std::unique_ptr<Source> concatenate(std::vector<std::unique_ptr<Source>> sources, std::vector<std::string> names,
                                    const std::vector<int64_t>& rows);

}  // namespace clientele
