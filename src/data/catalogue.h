// Everything a file holds, for recognising its layout, for suggestions and for `inspect`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hdf5/dataset.h"

namespace clientele {

struct Catalogue {
  std::shared_ptr<const h5::File> file;
  std::vector<std::string> groups;    ///< paths, "/" first
  std::vector<h5::Dataset> datasets;  ///< by hard links, each object once
  std::vector<std::string> outside;   ///< links that lead out of the file
  std::vector<std::string> damaged;   ///< objects that could not be opened, with the reason
  bool complete = true;               ///< false past 20,000 objects or 32 levels

  const h5::Dataset* find(const std::string& path) const;
  /// Datasets of `group` itself.
  std::vector<const h5::Dataset*> members(const std::string& group) const;
  /// Paths of all datasets and groups.
  std::vector<std::string> paths() const;
};

Catalogue read_catalogue(const std::shared_ptr<const h5::File>& file);

/// The dataset a user named, soft links followed inside the file. Throws Error{input} where there is none, naming the
/// nearest and listing what there is.
h5::Dataset named_dataset(const std::shared_ptr<const h5::File>& file, const std::string& path, const std::string& key);
/// The same for either a group or a dataset: its path by hard links.
std::string named_object(const std::shared_ptr<const h5::File>& file, const std::string& path, const std::string& key);

}  // namespace clientele
