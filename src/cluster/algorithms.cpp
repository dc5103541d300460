// The table of algorithms, and the [cluster] section.
#include <algorithm>
#include <cmath>

#include "clientele/cluster/cluster.h"

namespace clientele {

const std::vector<AlgorithmFacts>& algorithm_facts() {
  static const std::vector<AlgorithmFacts> facts = {
      {ClusterSpec::Algorithm::kmeans, "kmeans", "Lloyd's k-means: segments of least squared distance to their mean.",
       "features are numbers on comparable scales and segments are compact and of similar spread",
       "only the direction of a row matters (shares, mixes), or segments are long, nested or of very unequal density",
       false},
      {ClusterSpec::Algorithm::spherical, "spherical",
       "Spherical k-means: rows and centroids scaled to unit length, so that the cosine of the angle decides.",
       "the mix matters and the amount does not: shares of categories, word counts, visit profiles",
       "amounts carry the meaning, or many rows are all zero (a zero row has no direction)", true},
  };
  return facts;
}

namespace {

void visit_start(ClusterSpec& spec, SpecVisitor& v) {
  v.field(
      {.name = "init",
       .help = "Start. kmeans++: greedy k-means++ and Lloyd on a sample of cluster.start_rows rows, the best of all "
               "restarts there run on all rows, where rows far from every centroid may still replace one; fewer "
               "rows than an eighth of that are a sample themselves, and each restart a full run. kmeans++_full: "
               "greedy k-means++ on all rows, each restart a full run (slow; for comparison with other programs). "
               "random: like kmeans++, from k random rows of the sample. FILE:/dataset: k x d centroids in "
               "normalised space. A model file: warm start. The model.h5 of the output folder itself may be named "
               "once there is one: each run then goes on from the last."},
      spec.init);
  v.field({.name = "restarts",
           .help = "Starts tried unless the start is given; the best inertia wins, ties by the lowest restart. On a "
                   "sample (kmeans++ and random) many cost little.",
           .low = 1,
           .high = 10000},
          spec.restarts);
  v.field({.name = "start_rows",
           .help = "Rows of the sample for kmeans++ and random; at least 200 for each segment are taken.",
           .low = 1,
           .high = 1e9},
          spec.start_rows);
  v.field({.name = "seed", .help = "Seed of every random draw of the job.", .low = 0, .high = 9007199254740991.0},
          spec.seed);
}

void visit_stop(ClusterSpec& spec, SpecVisitor& v) {
  v.choice_of(
      {.name = "stop",
       .help =
           "When to stop. inertia: each of the last three rounds lowered the inertia by no more than tolerance x "
           "inertia (the default: within 0.1 % of strict on the project's benchmarks, in a fraction of the rounds); "
           "strict: the sums of all segments are unchanged, so that no further round could change anything; moved: "
           "the share of rows that changed segment in the last round <= tolerance; shift: squared shift of all "
           "centroids <= tolerance x mean variance of the features (scikit-learn's rule). Strict convergence ends "
           "every one of them. The result reports the last round's gain.",
       .choices = {"strict", "shift", "inertia", "moved"}},
      spec.stop);
  v.field({.name = "tolerance",
           .help = "Threshold of the stop rule; without meaning for strict. The default suits inertia; scikit-learn's "
                   "for shift is 1e-4.",
           .low = 0,
           .high = 1},
          spec.tolerance);
  v.field({.name = "max_iterations",
           .help = "Iterations after which a run stops, converged or not.",
           .low = 1,
           .high = 1e6},
          spec.max_iterations);
}

}  // namespace

void ClusterSpec::visit(SpecVisitor& v) {
  std::vector<std::string> names;
  std::string help = "Clustering algorithm.";
  for (const AlgorithmFacts& facts : algorithm_facts()) {
    names.push_back(facts.name);
    help += " " + facts.name + ": " + facts.help + " Use when " + facts.use_when + "; do not use when " +
            facts.avoid_when + ".";
  }
  v.choice_of({.name = "algorithm", .help = help, .choices = names}, algorithm);
  v.field({.name = "k",
           .help = "Number of segments, or [from, to]: each k is fitted and judged, and one is chosen.",
           .low = 1,
           .high = 100000},
          k);
  visit_start(*this, v);
  visit_stop(*this, v);
  v.field({.name = "min_size",
           .help = "Least size of a segment: a number of clients, or a share of them when below 1 (0.02 is 2 %). Where "
                   "rows have weights, a row of weight w is w clients: the sum of the weights counts, not the rows. "
                   "0: none. Segments below it are dissolved and larger ones divided instead. "
                   "Where that cannot be done, a given k ends with fewer segments and a warning, and a k of a range "
                   "cannot be chosen.",
           .low = 0,
           .high = 1e12},
          min_size);
  v.field({.name = "outliers",
           .help = "Share of the clients to mark as outliers: those farthest from the centroid of their segment (0.01 "
                   "is the farthest 1 %; of the sum of the weights, where rows have weights). They stay in their "
                   "segments; the distance from which on a client is one is "
                   "kept in the model, so that assign marks new clients alike. 0: none are marked.",
           .low = 0,
           .high = 0.5},
          outliers);
}

int64_t ClusterSpec::min_weight(int64_t total_weight, int weight_bits) const {
  // All weights sum up to 2^42 at most (fixed_point.h), and the bounds of 100,000 segments still fit 64 bits.
  if (!(min_size < 1)) return static_cast<int64_t>(std::min(std::ceil(std::ldexp(min_size, weight_bits)), 0x1p43));
  const double wanted = min_size * static_cast<double>(total_weight);
  const double whole = std::round(wanted);  // 0.07 * 100 lies above 7
  return static_cast<int64_t>(std::fabs(wanted - whole) < 1e-9 * wanted ? whole : std::ceil(wanted));
}

}  // namespace clientele
