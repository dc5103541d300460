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

std::vector<Draw> no_draws(size_t count) {
  return std::vector<Draw>(count, kNone);
}

std::vector<int64_t> drawn_rows(std::span<const Draw> own, Comm& comm) {
  const std::vector<Draw> all = comm.gather_all<Draw>(own);
  std::vector<Draw> best(own.size(), kNone);
  for (size_t i = 0; i < all.size(); ++i)
    if (before(all[i], best[i % own.size()])) best[i % own.size()] = all[i];
  std::vector<int64_t> drawn;
  for (const Draw& draw : best)
    if (draw.row >= 0 && std::find(drawn.begin(), drawn.end(), draw.row) == drawn.end()) drawn.push_back(draw.row);
  return drawn;
}

std::vector<double> merged(std::span<const CanonicalSum> sums, Comm& comm) {
  std::vector<std::vector<double>> blocks(sums[0].blocks().size(), std::vector<double>(sums.size()));
  for (size_t b = 0; b < blocks.size(); ++b)
    for (size_t i = 0; i < sums.size(); ++i) blocks[b][i] = sums[i].blocks()[b];
  return merge_blocks(blocks, static_cast<int>(sums.size()), comm);
}

std::vector<int64_t> draw_rows(RowBlocks& rows, std::span<const RandomKey> keys, Env& env) {
  std::vector<Draw> own = no_draws(keys.size());
  rows.each([&](RowBlock& block) { env.backend.sample_ops().draw(block, keys, own); }, Features::unused);
  return drawn_rows(own, env.comm);
}

std::vector<double> potentials(RowBlocks& rows, std::span<const float> candidates, Env& env) {
  std::vector<CanonicalSum> sums(candidates.size() / static_cast<size_t>(rows.d));
  const HostView<const float> view{candidates.data(), static_cast<int64_t>(sums.size()), rows.d};
  rows.each([&](RowBlock& block) { env.backend.sample_ops().potentials(block, view, sums); });
  return merged(sums, env.comm);
}

}  // namespace clientele
