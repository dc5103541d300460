// The table of algorithms, and the [cluster] section.
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
  v.field(
      {.name = "init",
       .help = "Start: kmeans++, random, FILE:/dataset (k x d centroids in normalised space) or a model file (warm "
               "start). The model.h5 of the output folder itself may be named once there is one: each run then goes "
               "on from the last."},
      init);
  v.field({.name = "restarts",
           .help = "Starts tried for kmeans++ and random; the best inertia wins, ties by the lowest restart.",
           .low = 1,
           .high = 10000},
          restarts);
  v.field({.name = "seed", .help = "Seed of every random draw of the job.", .low = 0, .high = 9007199254740991.0},
          seed);
  v.choice_of(
      {.name = "stop",
       .help = "When to stop. strict: the sums of all segments are unchanged; shift: squared shift of all "
               "centroids <= tolerance x mean variance of the features (scikit-learn's rule); inertia: relative "
               "gain <= tolerance; moved: share of rows that changed segment <= tolerance. Strict convergence "
               "ends every one of them.",
       .choices = {"strict", "shift", "inertia", "moved"}},
      stop);
  v.field({.name = "tolerance", .help = "Threshold of the stop rule; without meaning for strict.", .low = 0, .high = 1},
          tolerance);
  v.field({.name = "max_iterations",
           .help = "Iterations after which a run stops, converged or not.",
           .low = 1,
           .high = 1e6},
          max_iterations);
}

}  // namespace clientele
