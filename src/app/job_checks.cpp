#include "job_checks.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "byte_size.h"
#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"
#include "run_lock.h"

namespace clientele {
namespace {

class Checks {
 public:
  Checks(const BoundJob& bound, std::vector<Problem>& problems) : job_(bound.job), bound_(bound), problems_(problems) {}

  void input() {
    if (job_.input.file.empty() && !job_.events.present())
      complain({}, "nothing to read: give input.file (a client table or matrix) or events.file (an event log)");
    listed_twice("input.file", job_.input.file);
    listed_twice("events.file", job_.events.file);
    const std::vector<int64_t>& rows = job_.input.rows;
    if (!rows.empty() && (rows.size() != 2 || rows[0] >= rows[1]))
      complain({"input.rows"}, "input.rows is [from, to) with from < to");
    const std::vector<std::string> layouts = {"auto", "matrix", "columns", "compound", "anndata"};
    if (std::find(layouts.begin(), layouts.end(), job_.input.layout) == layouts.end())
      complain({"input.layout"}, "input.layout: expected one of auto, matrix, columns, compound, anndata, found \"" +
                                     job_.input.layout + "\"" + suggestion(job_.input.layout, layouts));
    if (!job_.input.layout.empty() && job_.input.file.empty() && bound_.given("input.layout"))
      complain({"input.layout"}, "input.layout without input.file");
    if (!job_.events.present()) {
      for (const auto& [key, origin] : bound_.origins)
        if ((key.starts_with("events.") || key.starts_with("behaviour.")) && bound_.given(key))
          complain({key}, key + " without events.file");
      return;
    }
    if (job_.events.paying_only && job_.events.amount.empty())
      complain({"events.paying_only"}, "events.paying_only needs events.amount, the name of the column with amounts");
    if (!job_.events.as_of.empty()) time("events.as_of", job_.events.as_of);
    features();
  }

  /// Its clients would count twice.
  void listed_twice(const std::string& key, const std::vector<std::string>& files) {
    std::set<std::filesystem::path> seen;
    std::error_code ignored;
    for (const std::string& file : files)
      if (!seen.insert(std::filesystem::weakly_canonical(file, ignored)).second)
        complain({key}, key + " lists " + file + " twice");
  }

  void columns() {
    int ids = 0, weights = 0;
    for (const auto& [name, spec] : job_.columns) {
      ids += spec.role == ColumnRole::id ? 1 : 0;
      weights += spec.role == ColumnRole::weight ? 1 : 0;
      without_effect(name, spec.role);
      if (spec.role == ColumnRole::id && !job_.input.id.empty() && job_.input.id != name)
        complain({"columns." + name + ".role", "input.id"},
                 "both input.id and [columns." + name + "] name the id column");
      if (!spec.block.empty() && !job_.blocks.contains(spec.block))
        complain({"columns." + name + ".block"}, "block \"" + spec.block + "\" is not declared" +
                                                     suggestion(spec.block, block_names()) + " (add [blocks." +
                                                     spec.block + "])");
    }
    unused_blocks();
    if (ids > 1) complain({}, "more than one column has the role id");
    if (weights > 1) complain({}, "more than one column has the role weight");
  }

  void clean() {
    using enum CleanSpec::Stale;
    const bool stale = job_.clean.stale != keep, future = job_.clean.future != CleanSpec::Future::keep;
    if ((stale || future) && job_.clean.as_of.empty())
      complain({stale ? "clean.stale" : "clean.future"},
               "clean.stale and clean.future need clean.as_of, the day they are measured at");
    if (!stale && bound_.given("clean.stale_days"))
      complain({"clean.stale_days"}, "clean.stale_days has no meaning with clean.stale = \"keep\"");
    if (!job_.clean.as_of.empty()) time("clean.as_of", job_.clean.as_of);
  }

  void names() {
    const std::vector<std::string>& names = job_.profile.names;
    std::set<std::string> taken;
    for (const std::string& name : names)
      if (!name.empty() && !taken.insert(name).second)
        complain({"profile.names"}, "profile.names: two segments have the name \"" + name + "\"");
    // A given start has as many segments as it has centroids, which only reading it tells.
    const std::vector<int64_t>& k = job_.cluster.k;
    if (k.empty() || (job_.cluster.given_start() && !bound_.given("cluster.k"))) return;
    if (static_cast<int64_t>(names.size()) > *std::max_element(k.begin(), k.end()))
      complain({"profile.names", "cluster.k"}, "profile.names has " + std::to_string(names.size()) +
                                                   " names, but there are at most " +
                                                   std::to_string(*std::max_element(k.begin(), k.end())) + " segments");
  }

  void normalise() {
    const std::vector<double>& limits = job_.normalise.winsorise;
    if (!limits.empty() && (limits.size() != 2 || !(limits[0] < limits[1]) || limits[0] < 0 || limits[1] > 1))
      complain({"normalise.winsorise"}, "normalise.winsorise is [low, high], two quantiles with 0 <= low < high <= 1");
    const std::vector<double>& shown = job_.profile.quantiles;
    if (!std::is_sorted(shown.begin(), shown.end(), std::less_equal<>()))
      complain({"profile.quantiles"}, "profile.quantiles must ascend");
    if (std::any_of(shown.begin(), shown.end(), [](double q) { return q < 0 || q > 1; }))
      complain({"profile.quantiles"}, "profile.quantiles lie between 0 and 1");
  }

  void cluster() {
    const ClusterSpec& spec = job_.cluster;
    if (spec.k.empty() || spec.k.size() > 2) {
      complain({"cluster.k"},
               "cluster.k is a number or [from, to], found " + std::to_string(spec.k.size()) + " values");
    } else if (spec.k.size() == 2 && spec.k[0] > spec.k[1]) {
      complain({"cluster.k"}, "cluster.k is [from, to] with from <= to, found [" + std::to_string(spec.k[0]) + ", " +
                                  std::to_string(spec.k[1]) + "]");
    } else if (spec.given_start() && bound_.given("cluster.k") && spec.k.front() != spec.k.back()) {
      complain({"cluster.k", "cluster.init"},
               "cluster.k is a range, but the given start in cluster.init has one number of centroids");
    }
    if (spec.init.empty())
      complain({"cluster.init"}, "cluster.init is kmeans++, kmeans++_full, random, FILE:/dataset or a model file");
    if (spec.given_start() && bound_.given("cluster.restarts") && spec.restarts > 1)
      complain({"cluster.restarts", "cluster.init"},
               "cluster.restarts has no meaning with a given start: every restart would be the same");
    if (!spec.raced() && bound_.given("cluster.start_rows"))
      complain({"cluster.start_rows", "cluster.init"},
               "cluster.start_rows has a meaning only with init = \"kmeans++\" or \"random\"");
    if (spec.stop == StopRule::strict && bound_.given("cluster.tolerance"))
      complain({"cluster.tolerance", "cluster.stop"},
               "cluster.tolerance has no meaning under cluster.stop = \"strict\"; say shift, inertia or moved");
    sizes();
    std::vector<std::string> known;
    for (const MetricFacts& fact : metric_facts()) known.push_back(fact.name);
    for (const std::string& metric : job_.judge.metrics)
      if (std::find(known.begin(), known.end(), metric) == known.end())
        complain({"judge.metrics"}, "judge.metrics: unknown metric \"" + metric + "\"" + suggestion(metric, known));
  }

  void size(const std::string& setting, const std::string& text) {
    if (text.empty() || parse_byte_size(text)) return;
    complain({setting}, setting + ": expected a size such as 8GiB or 500MB, found \"" + text + "\"");
  }

  void run() {
    const std::string& device = job_.run.device;
    if (device != "auto" && device != "cpu" && cuda_index(device) < 0)
      complain({"run.device"}, "run.device: expected auto, cpu, cuda or cuda:INDEX, found \"" + device + "\"");
    size("run.memory", job_.run.memory);
    size("run.device_memory", job_.run.device_memory);
    if (device == "cpu" && !job_.run.device_memory.empty())
      complain({"run.device", "run.device_memory"},
               "run.device_memory limits a GPU's memory, but run.device asks for the CPU");
    if (cuda_index(device) >= 0 && job_.run.simd != RunSpec::Simd::automatic)
      complain({"run.device", "run.simd"}, "run.simd chooses the CPU's instructions, but run.device asks for a GPU");
  }

  void output(const CheckScope& scope) {
    if (job_.output.folder.empty()) {
      if (scope.needs_output) complain({}, "no output folder: give --out DIR or output.folder");
      return;
    }
    std::vector<std::string> inputs = job_.input.file;
    inputs.insert(inputs.end(), job_.events.file.begin(), job_.events.file.end());
    if (job_.cluster.given_start()) {
      // The earlier run's own model is read to its end before the result is published.
      const std::string start = start_file(job_.cluster.init).file;
      if (absolute_folder(start) != absolute_folder(job_.output.folder) / "model.h5") inputs.push_back(start);
    }
    for (const std::string& file : inputs)
      if (folder_holds(job_.output.folder, file))
        complain({"output.folder"}, "output.folder " + job_.output.folder + " is or holds the input " + file +
                                        ", which publishing would replace");
  }

 private:
  void sizes() {
    const ClusterSpec& spec = job_.cluster;
    const int64_t most = spec.k.empty() ? 1 : spec.k.back();
    if (spec.min_size < 1 && spec.min_size * static_cast<double>(most) > 1)
      complain({"cluster.min_size", "cluster.k"},
               "cluster.min_size is a share that " + std::to_string(most) + " segments cannot all have");
    if (job_.judge.unstable > job_.judge.stable)
      complain({"judge.unstable", "judge.stable"}, "judge.unstable is above judge.stable");
    if (job_.judge.resamples == 0)
      for (const char* key : {"judge.stable", "judge.unstable", "judge.unstable_segments"})
        if (bound_.given(key))
          complain({key, "judge.resamples"}, std::string(key) + " has no meaning without resamples");
  }

  static std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
    const std::string best = nearest(word, known);
    return best.empty() ? "" : "; did you mean \"" + best + "\"?";
  }

  std::vector<std::string> block_names() const {
    std::vector<std::string> names;
    for (const auto& [name, spec] : job_.blocks) names.push_back(name);
    return names;
  }

  /// Keys that say how a column clusters, on one that does not.
  void without_effect(const std::string& name, ColumnRole role) {
    const char* word = role == ColumnRole::profile  ? "profile"
                       : role == ColumnRole::id     ? "id"
                       : role == ColumnRole::weight ? "weight"
                                                    : nullptr;
    if (word == nullptr) return;
    for (const char* key : {"block", "transform", "weight", "missing_indicator"}) {
      const std::string whole = "columns." + name + '.' + key;
      if (bound_.given(whole))
        complain({whole}, whole + " has no meaning with role = \"" + word + "\": the column is not clustered");
    }
  }

  /// Where columns name their blocks, a block that none names is a misspelling or a leftover.
  void unused_blocks() {
    std::set<std::string> used;
    for (const auto& [name, spec] : job_.columns) used.insert(spec.block);
    used.erase("");
    if (used.empty()) return;
    if (job_.events.present())
      for (const BehaviourFeature& feature : behaviour_features()) used.insert(feature.block);
    for (const auto& [name, spec] : job_.blocks)
      if (!used.contains(name))
        complain({"blocks." + name + ".weight"},
                 "[blocks." + name + "] is declared, but no column has block = \"" + name + "\"");
  }

  void features() {
    std::vector<std::string> known;
    for (const BehaviourFeature& feature : behaviour_features())
      for (const std::string& word : {feature.block, feature.name})
        if (std::find(known.begin(), known.end(), word) == known.end()) known.push_back(word);
    for (const std::string& feature : job_.behaviour.features)
      if (std::find(known.begin(), known.end(), feature) == known.end())
        complain({"behaviour.features"},
                 "behaviour.features: unknown feature or block \"" + feature + "\"" + suggestion(feature, known));
  }

  void time(const std::string& key, const std::string& text) {
    try {
      parse_time(text, key);
    } catch (const Error& error) {
      const Complaint& complaint = error.complaint();
      complain({key}, key + ": expected " + (complaint.expected.empty() ? "a date" : complaint.expected) +
                          ", found \"" + text + "\"");
    }
  }

  /// The keys' origins (those that somebody gave) stand before the text.
  void complain(const std::vector<std::string>& keys, const std::string& text) {
    std::string where;
    for (const std::string& key : keys)
      if (bound_.given(key)) where += (where.empty() ? "" : ", ") + bound_.origins.at(key).text;
    problems_.push_back({where, text});
  }

  const Job& job_;
  const BoundJob& bound_;
  std::vector<Problem>& problems_;
};

}  // namespace

bool folder_holds(const std::string& folder, const std::string& input) {
  const std::filesystem::path whole = absolute_folder(folder), file = absolute_folder(input);
  return std::mismatch(whole.begin(), whole.end(), file.begin(), file.end()).first == whole.end();
}

int cuda_index(const std::string& device) {
  if (device == "cuda") return 0;
  if (!device.starts_with("cuda:")) return -1;
  int index = -1;
  const char* end = device.data() + device.size();
  const auto read = std::from_chars(device.data() + 5, end, index);
  return read.ec == std::errc() && read.ptr == end && index >= 0 ? index : -1;
}

void check_job(const BoundJob& bound, const CheckScope& scope, std::vector<Problem>& problems) {
  Checks checks(bound, problems);
  checks.input();
  checks.columns();
  checks.clean();
  checks.normalise();
  checks.cluster();
  checks.names();
  checks.run();
  checks.output(scope);
}

}  // namespace clientele
