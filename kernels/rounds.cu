#include "bounds_choice.h"
#include "fused.h"
#include "round_state.h"
#include "rounds.h"
#include "tensor.h"
#include "together.h"

namespace clientele::gpu {

namespace {

/// How the host has sent off one pass.
struct Sent {
  int64_t whole_rows = 0;  ///< of blocks that are labelled whole
  bool renewed = false;    ///< they had no bounds yet
};

Sent send_pass(const FusedPass& pass, const PassModel& model, std::span<CudaRows* const> blocks) {
  Sent sent;
  for (CudaRows* rows : blocks) {
    if (pass.label(*rows, model) == FusedPass::Looked::at_expired_rows) continue;
    sent.whole_rows += rows->rows();
    sent.renewed = model.drift.up != nullptr;
  }
  return sent;
}

/// Those that have rows. `takes` says of each whether the pass does; none at all unless it takes all, and all are
/// resident.
template <class Takes>
std::vector<CudaRows*> own_blocks(std::span<const std::unique_ptr<RowBlock>> blocks, const Device& device,
                                  const Takes& takes) {
  std::vector<CudaRows*> mine;
  for (const auto& block : blocks) {
    if (block->rows() == 0) continue;
    mine.push_back(&own(*block, device));
    if (mine.back()->paged() || !takes(*mine.back())) return {};
  }
  return mine;
}

int64_t rows_of(std::span<CudaRows* const> blocks) {
  int64_t rows = 0;
  for (const CudaRows* block : blocks) rows += block->rows();
  return rows;
}

/// On tensor cores instead.
bool is_large(const Paths& paths, int k, int d) {
  return k >= paths.tensor_from && tensor_takes(d);
}

/// The label slots of each block and model.
std::vector<std::vector<int32_t*>> label_sets(std::span<CudaRows* const> blocks, std::span<const ModelRounds> models) {
  std::vector<std::vector<int32_t*>> labels;
  for (CudaRows* rows : blocks) {
    labels.emplace_back();
    for (const ModelRounds& model : models) {
      rows->use_labels(model.set);
      labels.back().push_back(rows->view().label);
    }
    rows->set_has_bounds(false);
  }
  return labels;
}

/// All rounds of several models, without a word from the host in between.
std::vector<std::vector<PassResult>> rounds_of(const Device& device, const TogetherPass& pass,
                                               std::span<CudaRows* const> blocks, std::span<const ModelRounds> models) {
  std::vector<LoopState> states;
  std::vector<int64_t> most;
  for (const ModelRounds& model : models) {
    states.push_back(model.state);
    most.push_back(std::min(model.most, kRoundsAtOnce));
  }
  const RoundStates rounds(device, states, most, false);
  const std::vector<std::vector<int32_t*>> labels = label_sets(blocks, models);
  for (int64_t round = 0; round < rounds.rounds(); ++round) {
    for (size_t b = 0; b < blocks.size(); ++b) {
      std::vector<TogetherModel> views;
      for (const size_t m : rounds.at_work(round)) {
        const PassModel model = rounds.model(m, round);
        views.push_back({model.centroids, model.sums, model.ended, labels[b][m]});
      }
      pass.label(*blocks[b], rounds.model(0, 0).scales, views);
    }
    rounds.finish(round);
  }
  return rounds.results();
}

}  // namespace

std::vector<PassResult> label_in_rounds(const Device& device, const Paths& paths,
                                        std::span<const std::unique_ptr<RowBlock>> blocks, const LoopState& state,
                                        int64_t most) {
  device.use();
  const int k = state.centroids.k, d = state.centroids.d;
  if (!paths.fused || is_large(paths, k, d)) return {};
  const FusedPass fused(device, k, d);
  const std::vector<CudaRows*> mine =
      own_blocks(blocks, device, [&](const CudaRows& rows) { return fused.takes(rows); });
  if (mine.empty()) return {};

  BoundsChoice* const choice = state.drift != nullptr ? &choice_of(*state.drift) : nullptr;
  const bool bounded = paths.bounds && choice != nullptr && choice->bounded(state.drift, k);
  most = std::min(most, kRoundsAtOnce);
  const RoundStates rounds(device, {&state, 1}, {&most, 1}, bounded);
  std::vector<Sent> sent;
  for (int64_t round = 0; round < most; ++round) {
    sent.push_back(send_pass(fused, rounds.model(0, round), mine));
    rounds.finish(round);
  }
  std::vector<PassResult> results = std::move(rounds.results()[0]);
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].scanned += sent[i].whole_rows;
    if (choice != nullptr) choice->record(bounded, sent[i].renewed, rows_of(mine), results[i]);
  }
  return results;
}

std::vector<std::vector<PassResult>> label_together(const Device& device, const Paths& paths,
                                                    std::span<const std::unique_ptr<RowBlock>> blocks,
                                                    std::span<const ModelRounds> models) {
  device.use();
  std::vector<std::vector<PassResult>> results(models.size());
  if (!paths.fused || models.size() < 2) return results;
  const int d = models[0].state.centroids.d;
  const TogetherPass pass(device, d);
  const std::vector<CudaRows*> mine =
      own_blocks(blocks, device, [&](const CudaRows& rows) { return pass.takes(rows); });
  const auto goes_along = [&](const ModelRounds& model) {
    const int k = model.state.centroids.k;
    const Drift* drift = model.state.drift;
    const bool settling = paths.bounds && drift != nullptr && choice_of(*drift).moving() < kMovingTogether;
    return !settling && !is_large(paths, k, d) && pass.takes(k);
  };
  std::vector<size_t> places;
  std::vector<ModelRounds> some;
  for (size_t m = 0; m < models.size(); ++m) {
    if (!goes_along(models[m])) continue;
    places.push_back(m);
    some.push_back(models[m]);
  }
  if (mine.empty() || some.size() < 2) return results;

  std::vector<std::vector<PassResult>> found = rounds_of(device, pass, mine, some);
  for (size_t i = 0; i < some.size(); ++i) {
    std::vector<PassResult>& made = results[places[i]];
    made = std::move(found[i]);
    for (PassResult& result : made) {
      result.scanned += rows_of(mine);
      if (some[i].state.drift != nullptr) choice_of(*some[i].state.drift).record(false, false, rows_of(mine), result);
    }
  }
  return results;
}

}  // namespace clientele::gpu
