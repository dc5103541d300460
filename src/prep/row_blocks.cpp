#include "clientele/prep/row_blocks.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "block_features.h"
#include "row_pages.h"

namespace clientele {
namespace {

RowBlocks allocate(const CleanReader& reader, int d, bool weighted, Env& env) {
  RowBlocks out;
  const RowRange range = rank_rows(reader.rows(), env.comm.rank(), env.comm.size());
  out.total_rows = reader.rows();
  out.first_row = range.first;
  out.rows = range.last - range.first;
  out.d = d;
  out.weighted = weighted;
  make_blocks(out, env);
  return out;
}

void set_weights(const CleanReader& reader, int column, RowBlocks& blocks, Env& env) {
  const double total = column_sum(reading(reader), reader.rows(), column, env);
  blocks.weight_bits = weight_bits(total, reader.rows());
  struct Seen {
    int64_t lost = 0, idle = 0, total = 0;
  };
  std::vector<Seen> seen(static_cast<size_t>(env.pool.threads()));
  for (auto& block : blocks.blocks) {
    std::vector<int64_t> m(static_cast<size_t>(block->rows()));
    const RowRange range{block->first_row(), block->first_row() + block->rows()};
    walk_blocks(reading(reader), range, std::span<const int>(&column, 1), env, [&](const Piece& piece) {
      int64_t* to = m.data() + (piece.first_row - range.first);
      for (const double w : piece.values.column(0)) {
        *to = quantise_weight(w, blocks.weight_bits);
        Seen& mine = seen[static_cast<size_t>(piece.worker)];
        mine.lost += w > 0 && *to == 0 ? 1 : 0;
        mine.idle += *to == 0 ? 1 : 0;
        mine.total += *to++;
      }
    });
    env.backend.sample_ops().set_weights(*block, m);
  }
  std::vector<int64_t> all(3);
  for (const Seen& mine : seen) {
    all[0] += mine.lost;
    all[1] += mine.idle;
    all[2] += mine.total;
  }
  env.comm.sum(all);
  blocks.weightless = all[1];
  blocks.weight_sum = all[2];
  blocks.unit_weight = unit_of(blocks.weight_bits, all[2], blocks.total_rows - all[1]);
  if (all[0] > 0)
    env.warnings.push_back(std::to_string(all[0]) +
                           " rows have a weight below 2^-43 of the sum of all weights; it counts as 0.");
}

std::vector<FeatureTransform> transforms_of(const FeatureSpace& space) {
  std::vector<FeatureTransform> transforms;
  for (const Feature& feature : space.features) transforms.push_back(feature.transform);
  return transforms;
}

/// Features for scoring, which are looked at once: made from the source whenever they are asked for, on no disk.
class FeaturesOnDemand {
 public:
  FeaturesOnDemand(Source& source, const CleanRows& rows, const FeatureSpace& space, Env& env)
      : reader_(source, rows), wanted_(transforms_of(space)), space_(space), env_(env) {}

  void make(RowBlock& block) const {
    TransformBlocks transform(reader_, space_, wanted_, nullptr, env_);
    transform.fill(block);
    transform.refuse_not_finite();
    env_.backend.column_ops().centre(block, space_.means);
    refuse_infinite(env_.backend.column_ops().max_abs(block), space_);
  }

 private:
  CleanReader reader_;
  ReadFeatures wanted_;
  const FeatureSpace& space_;
  Env& env_;
};

}  // namespace

double unit_of(int weight_bits, int64_t total, int64_t rows) {
  const double client = std::ldexp(1.0, weight_bits);
  return rows > 0 ? std::min(client, static_cast<double>(total) / static_cast<double>(rows)) : client;
}

RowBlocks make_row_blocks(Source& source, const CleanRows& rows, FeatureSpace& space, bool fit_means, int weight_column,
                          Env& env) {
  const CleanReader reader(source, rows);
  const ReadFeatures wanted(transforms_of(space));
  env.progress.stage("read and normalise", reader.rows(), "rows");
  RowBlocks blocks = allocate(reader, space.d(), weight_column >= 0, env);
  if (weight_column >= 0) set_weights(reader, weight_column, blocks, env);
  if (blocks.pages != nullptr && !fit_means && !space.spherical && env.comm.size() == 1) {
    const auto features = std::make_shared<FeaturesOnDemand>(source, rows, space, env);
    blocks.pages->make_on_demand([features](RowBlock& block) { features->make(block); });
    blocks.means = space.means;
    return blocks;
  }
  std::unique_ptr<StepCheck> steps;
  if (fit_means) steps = std::make_unique<StepCheck>(reader, wanted.columns, wanted.transforms, space.knots, env);
  TransformBlocks transform(reader, space, wanted, steps.get(), env);
  EngineSpace engine(blocks, space, fit_means, env);
  blocks.each(
      [&](RowBlock& block) {
        transform.fill(block);
        engine.take(block);
      },
      Features::fill);
  transform.refuse_not_finite();
  const std::vector<float> largest = engine.close();
  refuse_infinite(largest, space);
  for (const float max : largest) blocks.scales.push_back(fixed_scale(fixed_exponent(max)));
  if (steps) steps->refuse_coarse(blocks, largest, space, env);
  return blocks;
}

}  // namespace clientele
