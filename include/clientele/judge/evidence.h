// Whether segments are worth having: are there groups in the rows at all, and does each segment come back when the rows
// are drawn anew? Both on one sample of the rows, on the CPU whatever the job's device: every rank does the same work
// on the same rows and gets the same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/cluster/cluster.h"

namespace clientele {

struct JudgeSpec;

/// Whether any straight cut leaves a gap. A cell of the sample (at first: all of it) is split in two by 2-means fitted
/// on one half of its rows; the other half's rows next to the cut (as many on either side), projected on the line
/// through both centroids, are tested for more than one mode (dip.h); then each side is a cell of its own, down to 60
/// rows. Rows of one log-concave density (normal of any covariance, uniform on a box, exponential, ...) have a single
/// mode in every cell and direction (Prekopa, 1973), so that none is found in them more than once in a hundred times.
/// The idea of testing splits is that of dip-means (Kalogeratos & Likas, NIPS 2012). Spherical jobs: the angle in the
/// plane of both centroids stands for the projection. Columns of few values, as counts have, are made continuous first
/// (spread_ties.h): between one purchase and two there is nothing, but no gap.
struct Structure {
  bool tested = false;  ///< false: switched off, or fewer than 60 rows
  bool found = false;   ///< largest > limit
  int64_t rows = 0;     ///< of the sample
  int64_t splits = 0;   ///< tested
  double largest = 0;   ///< sqrt(rows) * dip of the most telling split
  double limit = 0;
};

/// Segment-wise stability (Hennig, "Cluster-wise assessment of cluster stability", Computational Statistics & Data
/// Analysis 52, 2007): mean over resamples of the Jaccard similarity between the segment and the one most like it among
/// those fitted to the resample, over the rows that both know, each counted once with its weight.
struct Stability {
  int k = 0;
  int64_t rows = 0;             ///< of the sample
  int64_t resamples = 0;        ///< 0: not measured
  std::vector<double> jaccard;  ///< k; NaN where the sample has fewer than 10 rows of the segment
};

struct Evidence {
  Structure structure;
  std::vector<Stability> stability;  ///< one a clustering, in their order; empty: not measured
};

/// Resample b gives each sampled row a Poisson(1) number of copies (a pure function of seed, b and global row) on top
/// of its weight: rows are drawn anew, not the clients a row of weight stands for, who were not seen one by one. It is
/// clustered with as many segments from two fresh k-means++ starts, of which the better counts: what the same procedure
/// makes of other rows. Only where the clustering's own centroids as a start lead to less than 95 % of that inertia do
/// they count instead: the fresh starts have then missed a segment that is there. (Own centroids as the only start
/// would hide that another partition fits as well: halves of a round group would seem to come back.)
Evidence gather_evidence(RowBlocks& rows, const std::vector<const Clustering*>& clusterings, const ClusterSpec& cluster,
                         const JudgeSpec& spec, Env& env);

/// Rows of that sample, as far as there are so many, where the most segments are k.
int64_t evidence_rows(const JudgeSpec& spec, int64_t k);

Json to_json(const Structure& structure);
/// {"rows", "resamples", "jaccard": [..], "words": ["stable" / "pattern" / "unstable" / "unknown", ..]}.
Json to_json(const Stability& stability, const JudgeSpec& spec);

}  // namespace clientele
