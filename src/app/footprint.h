// What a job takes of its backend's memory.
#pragma once

#include <cstdint>

#include "clientele/cluster/cluster.h"
#include "clientele/compute/backend.h"

namespace clientele {

/// The k that a job fits.
int64_t fits_of(const ClusterSpec& spec);

/// What is in the backend's memory at once while the clients are clustered.
struct Footprint {
  int64_t rows = 0;
  int d = 0;
  bool weighted = false;
  int k = 1;         ///< the largest
  int64_t fits = 1;  ///< of a sweep: its k
  bool seeded = false;
  int64_t sample_rows = 0;  ///< of a sample that starts are found on
  int64_t heat_rows = 0;    ///< of the part of it that all starts run on first
  int64_t starts = 1;       ///< that run there side by side
  int64_t size_rows = 0;    ///< of a sample that the minimum size is sought on; 0: there is none

  int64_t bytes(const Backend& backend) const;
  /// Of these, what is no feature of the rows.
  int64_t beside_features(const Backend& backend) const;
  /// Of these, what passes over all rows need: seeding or the minimum size's sample, bounds, scratch.
  int64_t rounds(const Backend& backend) const;

 private:
  /// Samples that starts are found on, and what that takes.
  int64_t start_samples(const Backend& backend) const;
};

/// What a job's clients take of the backend's memory.
Footprint footprint_of(int64_t rows, int d, bool weighted, const ClusterSpec& cluster);

/// Of each set of labels besides the first, with the bounds that hang on it where they do: no more than this.
int64_t label_set_bytes(const Footprint& need, const Backend& backend);

/// Of a GPU's memory, what the driver needs to reach features on pages: in the host's memory, of which the job may take
/// host_bytes.
int64_t page_table_bytes(const Footprint& need, const Backend& backend, int64_t host_bytes);

}  // namespace clientele
