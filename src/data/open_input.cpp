// Which layout reads a file, and from where in it.
#include <algorithm>

#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"
#include "hdf5/texts.h"
#include "layout.h"

namespace clientele {
namespace {

constexpr Layout kLayouts[] = {
    {"anndata", anndata_candidates, open_anndata},
    {"matrix", matrix_candidates, open_matrix},
    {"compound", compound_candidates, open_compound},
    {"columns", columns_candidates, open_columns},
};

struct Choice {
  const Layout* layout = nullptr;
  std::string path;
};

const Layout& layout_named(const std::string& name) {
  std::vector<std::string> names = {"auto"};
  for (const Layout& layout : kLayouts) {
    if (name == layout.name) return layout;
    names.emplace_back(layout.name);
  }
  const std::string near = nearest(name, names);
  throw Error(ErrorKind::usage, {"unknown layout", "input.layout", "auto, anndata, matrix, compound or columns", name,
                                 near.empty() ? "" : "did you mean \"" + near + "\"?"});
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(names.size(), 12); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > 12 ? text + ", ..." : text;
}

/// What the file does hold, for the message that nothing in it can be read.
[[noreturn]] void nothing_found(const Catalogue& catalogue, const std::string& expected) {
  const std::string where = catalogue.file->path();
  if (!catalogue.outside.empty()) {
    throw Error(ErrorKind::input, {"a link leads out of the file", catalogue.file->where(catalogue.outside[0]),
                                   "objects of this file only", "an external or user-defined link",
                                   "copy the data into the file; a file must not make the job read another one"});
  }
  for (const h5::Dataset& set : catalogue.datasets) set.check_readable();
  if (!catalogue.damaged.empty()) {
    throw Error(ErrorKind::input,
                {"file is damaged", where, expected, catalogue.damaged[0], "write or copy the file again"});
  }
  std::vector<std::string> lines;
  for (const h5::Dataset& set : catalogue.datasets) lines.push_back(set.line());
  throw Error(ErrorKind::input,
              {"nothing in the file can be read as clients", where, expected,
               lines.empty() ? "no datasets" : listed(lines), "`clientele inspect` shows what the file holds"});
}

std::string one_of(const std::vector<std::string>& candidates, const Layout& layout, const Catalogue& catalogue) {
  if (candidates.size() == 1) return candidates[0];
  const auto clients = std::find_if(candidates.begin(), candidates.end(),
                                    [](const std::string& path) { return h5::leaf(path) == "clients"; });
  if (clients != candidates.end()) return *clients;
  throw Error(ErrorKind::input,
              {"several places could be the input", catalogue.file->path(),
               "one for layout " + std::string(layout.name), listed(candidates), "name one with input.dataset"});
}

void refuse_pandas(const std::shared_ptr<const h5::File>& file, const Catalogue& catalogue) {
  for (const std::string& group : catalogue.groups) {
    const std::string type = h5::text_of(*file, group, "pandas_type");
    if (type.rfind("frame", 0) != 0) continue;
    throw Error(ErrorKind::input,
                {"the pandas layout is not read yet", file->where(group), "matrix, columns, compound or anndata", type,
                 "write the columns with scripts/to_hdf5.py or h5py"});
  }
}

Choice choose_by_content(const std::shared_ptr<const h5::File>& file, const std::string& wanted) {
  const Catalogue catalogue = read_catalogue(file);
  if (wanted != "auto") {
    const Layout& layout = layout_named(wanted);
    const std::vector<std::string> candidates = layout.candidates(catalogue);
    if (candidates.empty()) nothing_found(catalogue, "something for layout " + wanted);
    return {&layout, one_of(candidates, layout, catalogue)};
  }
  refuse_pandas(file, catalogue);
  for (const Layout& layout : kLayouts) {
    const std::vector<std::string> candidates = layout.candidates(catalogue);
    if (!candidates.empty()) return {&layout, one_of(candidates, layout, catalogue)};
  }
  nothing_found(catalogue, "a 2-D numeric dataset, a compound dataset, a group of columns, or AnnData");
}

Choice choose_by_object(const std::shared_ptr<const h5::File>& file, const InputSpec& spec) {
  const std::string path = named_object(file, spec.dataset, "input.dataset");
  if (spec.layout != "auto") return {&layout_named(spec.layout), path};
  if (file->kind(path) == h5::ObjectKind::group) {
    const bool anndata = h5::text_of(*file, path, "encoding-type") == "anndata";
    return {&layout_named(anndata ? "anndata" : "columns"), path};
  }
  const h5::Dataset set = h5::describe_dataset(file, path);
  return {&layout_named(set.type.kind == h5::ElementKind::compound ? "compound" : "matrix"), path};
}

}  // namespace

std::span<const Layout> layouts() {
  return kLayouts;
}

std::unique_ptr<Source> open_file(const std::string& path, const InputSpec& spec, ThreadPool& pool,
                                  const std::shared_ptr<ReadCache>& cache) {
  if (spec.layout != "auto") layout_named(spec.layout);
  const auto file = std::make_shared<const h5::File>(path, cache);
  const Choice choice = spec.dataset.empty() ? choose_by_content(file, spec.layout) : choose_by_object(file, spec);
  return choice.layout->open({file, choice.path, spec.id, pool});
}

std::unique_ptr<Source> open_input(const InputSpec& spec, ThreadPool& pool) {
  return open_input(spec, pool, std::make_shared<ReadCache>());
}

std::unique_ptr<Source> open_input(const InputSpec& spec, ThreadPool& pool, const std::shared_ptr<ReadCache>& cache) {
  if (spec.file.empty())
    throw Error(ErrorKind::usage, {"no input file", "input.file", "a path or a list of paths", "nothing", ""});
  std::vector<std::unique_ptr<Source>> sources;
  for (const std::string& path : spec.file) sources.push_back(open_file(path, spec, pool, cache));
  const bool whole = sources.size() == 1 && spec.rows.empty();
  std::unique_ptr<Source> source =
      whole ? std::move(sources[0]) : concatenate(std::move(sources), spec.file, spec.rows);
  apply_column_specs({}, source->mutable_schema());  // the default roles
  return source;
}

std::vector<std::string> input_files(const InputSpec& spec) {
  return spec.file;
}

}  // namespace clientele
