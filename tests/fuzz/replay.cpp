#include "tests/fuzz/replay.h"

#include <algorithm>
#include <random>

namespace clientele::test {
namespace {

using Bytes = std::vector<uint8_t>;

void mutate(Bytes& bytes, std::mt19937_64& random) {
  const auto below = [&](size_t n) { return n == 0 ? 0 : static_cast<size_t>(random() % n); };
  constexpr uint8_t kEdges[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
  for (size_t edits = 1 + below(4); edits > 0 && !bytes.empty(); --edits) {
    const size_t at = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        bytes[at] = kEdges[below(5)];
        break;
      case 2:
        bytes[at] = static_cast<uint8_t>(random());
        break;
      case 3: {  // a run of one value, as a wrong length or address has
        const uint8_t value = kEdges[below(5)];
        std::fill_n(bytes.begin() + static_cast<int64_t>(at), std::min<size_t>(8, bytes.size() - at), value);
        break;
      }
      case 4: {  // one place's bytes in another
        const size_t from = below(bytes.size());
        const size_t count = std::min({size_t{16}, bytes.size() - at, bytes.size() - from});
        std::copy_n(Bytes(bytes).begin() + static_cast<int64_t>(from), count, bytes.begin() + static_cast<int64_t>(at));
        break;
      }
      default:
        if (below(8) == 0) bytes.resize(at);
        break;
    }
  }
}

}  // namespace

int64_t replay(const std::vector<Bytes>& seeds, int mutations) {
  std::mt19937_64 random(20261122);
  int64_t runs = 0;
  for (const Bytes& seed : seeds) {
    LLVMFuzzerTestOneInput(seed.data(), seed.size());
    ++runs;
    for (int i = 0; i < mutations; ++i, ++runs) {
      Bytes bytes = seed;
      mutate(bytes, random);
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
  }
  return runs;
}

}  // namespace clientele::test
