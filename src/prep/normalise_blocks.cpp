#include <algorithm>
#include <cmath>

#include "clientele/base/errors.h"
#include "normalise_steps.h"

namespace clientele {
namespace {

FittedBlock& block_named(std::vector<FittedBlock>& blocks, const std::string& name, double weight) {
  for (FittedBlock& block : blocks)
    if (block.name == name) return block;
  blocks.push_back({name, weight, 0, 0});
  return blocks.back();
}

}  // namespace

std::vector<FittedBlock> fit_blocks(Fit& fit, const std::map<std::string, BlockSpec>& declared) {
  std::vector<FittedBlock> blocks;
  for (FittedFeature& f : fit.features) {
    const Column& column = fit.column(f.column);
    f.feature.transform.factor = std::sqrt(column.weight);
    const auto found = declared.find(column.block);
    f.feature.block = found == declared.end() ? "" : column.block;
    FittedBlock& block = block_named(blocks, f.feature.block, found == declared.end() ? 1 : found->second.weight);
    block.variance += column.weight * f.variance;
    ++block.features;
  }
  const auto named = std::count_if(blocks.begin(), blocks.end(), [](const FittedBlock& b) { return !b.name.empty(); });
  if (named < 2) return {};
  for (FittedFeature& f : fit.features) {
    const FittedBlock& block = block_named(blocks, f.feature.block, 1);
    if (block.variance > 0) f.feature.transform.factor *= std::sqrt(block.weight) / std::sqrt(block.variance);
  }
  return blocks;
}

}  // namespace clientele
