#include "draws.h"

#include <algorithm>
#include <limits>

#include "clientele/cluster/across_ranks.h"

namespace clientele {

namespace {

constexpr Draw kNone = {std::numeric_limits<double>::infinity(), -1};

bool before(const Draw& a, const Draw& b) {
  if (a.row < 0 || b.row < 0) return b.row < 0 && a.row >= 0;
  return a.key < b.key || (a.key == b.key && a.row < b.row);
}

}  // namespace

std::vector<int64_t> draw_rows(RowBlocks& rows, std::span<const RandomKey> keys, Env& env) {
  std::vector<Draw> own(keys.size(), kNone);
  rows.each([&](RowBlock& block) { env.backend.sample_ops().draw(block, keys, own); });
  const std::vector<Draw> all = env.comm.gather_all<Draw>(own);
  std::vector<Draw> best(keys.size(), kNone);
  for (size_t i = 0; i < all.size(); ++i)
    if (before(all[i], best[i % keys.size()])) best[i % keys.size()] = all[i];
  std::vector<int64_t> drawn;
  for (const Draw& draw : best)
    if (draw.row >= 0 && std::find(drawn.begin(), drawn.end(), draw.row) == drawn.end()) drawn.push_back(draw.row);
  return drawn;
}

std::vector<double> potentials(RowBlocks& rows, std::span<const float> candidates, Env& env) {
  const size_t count = candidates.size() / static_cast<size_t>(rows.d);
  std::vector<CanonicalSum> sums(count);
  const HostView<const float> view{candidates.data(), static_cast<int64_t>(count), rows.d};
  rows.each([&](RowBlock& block) { env.backend.sample_ops().potentials(block, view, sums); });
  std::vector<std::vector<double>> blocks(sums[0].blocks().size(), std::vector<double>(count));
  for (size_t b = 0; b < blocks.size(); ++b)
    for (size_t i = 0; i < count; ++i) blocks[b][i] = sums[i].blocks()[b];
  return merge_blocks(blocks, static_cast<int>(count), env.comm);
}

}  // namespace clientele
