#include "catalogue.h"

#include <algorithm>
#include <optional>
#include <set>

#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"

namespace clientele {
namespace {

constexpr size_t kMostObjects = 20'000;
constexpr int kDeepest = 32;
constexpr size_t kListed = 12;

/// Depth first in name order; an object met twice (a second hard link, a cycle) is not entered again.
class Walk {
 public:
  explicit Walk(Catalogue& catalogue) : catalogue_(catalogue) {}

  void group(const std::string& path, int depth) {
    catalogue_.groups.push_back(path);
    if (depth >= kDeepest) {
      catalogue_.complete = false;
      return;
    }
    for (const h5::Link& link : links(path)) {
      const std::string child = h5::join(path, link.name);
      if (link.kind == h5::ObjectKind::outside) catalogue_.outside.push_back(child);
      const bool ours = link.kind == h5::ObjectKind::group || link.kind == h5::ObjectKind::dataset;
      if (!ours || !seen_.insert(link.address).second) continue;
      if (seen_.size() > kMostObjects) {
        catalogue_.complete = false;
        return;
      }
      enter(child, link.kind, depth);
    }
  }

 private:
  std::vector<h5::Link> links(const std::string& path) {
    try {
      return catalogue_.file->links(path);
    } catch (const Error& error) {
      catalogue_.damaged.push_back(path + ": " + error.complaint().what + ": " + error.complaint().found);
      return {};
    }
  }

  void enter(const std::string& path, h5::ObjectKind kind, int depth) {
    const std::optional<std::string> real = catalogue_.file->resolve(path);
    if (!real) return;
    if (kind == h5::ObjectKind::group) return group(*real, depth + 1);
    try {
      catalogue_.datasets.push_back(h5::describe_dataset(catalogue_.file, *real));
    } catch (const Error& error) {
      catalogue_.damaged.push_back(path + ": " + error.complaint().what + ": " + error.complaint().found);
    }
  }

  Catalogue& catalogue_;
  std::set<uint64_t> seen_;
};

[[noreturn]] void no_such_object(const std::shared_ptr<const h5::File>& file, const std::string& path,
                                 const std::string& key) {
  const std::vector<std::string> there = read_catalogue(file).paths();
  std::string list;
  for (size_t i = 0; i < std::min(there.size(), kListed); ++i) list += (i == 0 ? "" : ", ") + there[i];
  if (there.size() > kListed) list += ", and " + std::to_string(there.size() - kListed) + " more";
  const std::string near = nearest(path[0] == '/' ? path : "/" + path, there);
  throw Error(ErrorKind::input,
              {"dataset does not exist", file->where(path), "", there.empty() ? "an empty file" : list,
               near.empty() ? "name one of these with " + key : "did you mean " + key + " = \"" + near + "\"?"});
}

}  // namespace

const h5::Dataset* Catalogue::find(const std::string& path) const {
  const auto at =
      std::find_if(datasets.begin(), datasets.end(), [&](const h5::Dataset& set) { return set.path == path; });
  return at == datasets.end() ? nullptr : &*at;
}

std::vector<const h5::Dataset*> Catalogue::members(const std::string& group) const {
  std::vector<const h5::Dataset*> out;
  for (const h5::Dataset& set : datasets) {
    if (h5::parent(set.path) == group) out.push_back(&set);
  }
  return out;
}

std::vector<std::string> Catalogue::paths() const {
  std::vector<std::string> out;
  for (const h5::Dataset& set : datasets) out.push_back(set.path);
  for (const std::string& group : groups) {
    if (group != "/") out.push_back(group);
  }
  return out;
}

Catalogue read_catalogue(const std::shared_ptr<const h5::File>& file) {
  Catalogue catalogue;
  catalogue.file = file;
  Walk(catalogue).group("/", 0);
  return catalogue;
}

std::string named_object(const std::shared_ptr<const h5::File>& file, const std::string& path, const std::string& key) {
  const std::optional<std::string> real = file->resolve(path);
  if (!real || file->kind(*real) == h5::ObjectKind::missing) no_such_object(file, path, key);
  return *real;
}

h5::Dataset named_dataset(const std::shared_ptr<const h5::File>& file, const std::string& path,
                          const std::string& key) {
  const std::string real = named_object(file, path, key);
  if (file->kind(real) != h5::ObjectKind::dataset) {
    throw Error(ErrorKind::input,
                {"not a dataset", file->where(path), "a dataset", "a group", "name a dataset inside it with " + key});
  }
  return h5::describe_dataset(file, real);
}

}  // namespace clientele
