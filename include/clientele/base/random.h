// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011),
// keyed by seed, purpose, restart, step, trial and GLOBAL row index, so that no order of evaluation, thread, rank or
// device matters.
#pragma once

#include <cstdint>

#include "clientele/base/exact_math.h"
#include "clientele/base/host_device.h"

namespace clientele {

enum class Purpose : uint32_t {
  seeding = 1,
  random_start = 2,
  sample = 3,
  bootstrap = 4,
  generate = 5,
  start_sample = 6,
  far_start = 7,
};

/// Names one stream of draws.
struct RandomKey {
  uint64_t seed = 0;
  Purpose purpose = Purpose::seeding;
  uint32_t restart = 0;
  uint32_t step = 0;
  uint32_t trial = 0;
};

struct Philox4 {
  uint32_t word[4];
};

/// The reference block function. counter and key as in Random123.
CLIENTELE_HD inline Philox4 philox(Philox4 counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53u} * counter.word[0];
    const uint64_t b = uint64_t{0xCD9E8D57u} * counter.word[2];
    counter = {{static_cast<uint32_t>(b >> 32) ^ counter.word[1] ^ key0, static_cast<uint32_t>(b),
                static_cast<uint32_t>(a >> 32) ^ counter.word[3] ^ key1, static_cast<uint32_t>(a)}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

/// 52 random bits of (key, row).
CLIENTELE_HD inline uint64_t random_bits(const RandomKey& key, int64_t row) {
  const uint64_t index = static_cast<uint64_t>(row);
  const Philox4 counter = {{static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), key.trial,
                            (static_cast<uint32_t>(key.purpose) << 24) ^ key.restart}};
  const uint64_t stepped = key.seed + uint64_t{0x9E3779B97F4A7C15u} * key.step;
  const Philox4 r = philox(counter, static_cast<uint32_t>(stepped), static_cast<uint32_t>(stepped >> 32));
  return ((static_cast<uint64_t>(r.word[1]) << 32) | r.word[0]) >> 12;
}

/// u = (2r + 1) 2^-53, strictly inside (0, 1).
CLIENTELE_HD inline double random_unit(const RandomKey& key, int64_t row) {
  return static_cast<double>(2 * random_bits(key, row) + 1) * 0x1p-53;
}

/// Key of a weighted draw: the row with the smallest -log(u) / w wins, ties by lowest row; w > 0.
CLIENTELE_HD inline double weighted_key(const RandomKey& key, int64_t row, double w) {
  return -exact::log(random_unit(key, row)) / w;
}

}  // namespace clientele
