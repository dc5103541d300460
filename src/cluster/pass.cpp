#include "pass.h"

#include <algorithm>

namespace clientele {

namespace {

void sum_over_ranks(PassResult& pass, Comm& comm) {
  if (comm.size() == 1) return;
  std::vector<int64_t> words;
  words.reserve(pass.sums.size() * 2 + pass.counts.size() * 2 + 3);
  for (const WideSum& sum : pass.sums) {
    words.push_back(sum.high);
    words.push_back(sum.low);
  }
  words.insert(words.end(), pass.counts.begin(), pass.counts.end());
  words.insert(words.end(), pass.rows.begin(), pass.rows.end());
  for (const int64_t n : {pass.moved, pass.scanned, pass.rechecked}) words.push_back(n);
  comm.sum(words);
  auto next = words.cbegin();
  for (WideSum& sum : pass.sums) {
    sum.high = *next++;
    sum.low = *next++;
  }
  for (int64_t& count : pass.counts) count = *next++;
  for (int64_t& n : pass.rows) n = *next++;
  for (int64_t* n : {&pass.moved, &pass.scanned, &pass.rechecked}) *n = *next++;
}

}  // namespace

bool any_rank_streams(const RowBlocks& rows, Env& env) {
  int64_t streaming = rows.pages != nullptr ? 1 : 0;
  if (env.comm.size() > 1) env.comm.sum({&streaming, 1});
  return streaming > 0;
}

PassResult assign_rows(RowBlocks& rows, const CentroidsView& centroids, const Drift* drift, Env& env) {
  const std::unique_ptr<AssignPass> pass = env.backend.assign_ops().start(centroids, rows.scales, drift);
  rows.each([&](RowBlock& block) { pass->add(block); },
            [&](RowBlock& block, std::vector<LocalRows>& wanted) { pass->rows_to_read(block, wanted); });
  PassResult result = pass->finish();
  sum_over_ranks(result, env.comm);
  return result;
}

namespace {

/// A pass of each model that the backend makes of several in one read of rows in memory; the others' have no sums.
std::vector<PassResult> shared_passes(RowBlocks& rows, std::span<const Labelling> models, Env& env) {
  std::vector<PassResult> results(models.size());
  if (models.size() < 2 || rows.pages != nullptr) return results;
  size_t most = 0;
  for (const Labelling& model : models) most = std::max(most, static_cast<size_t>(model.centroids.k));
  const size_t d = static_cast<size_t>(rows.d);
  const std::vector<WideSum> sums(most * d);
  const std::vector<int64_t> counts(most);
  std::vector<ModelRounds> one;
  for (const Labelling& model : models) {
    const size_t k = static_cast<size_t>(model.centroids.k);
    one.push_back({.state = {model.centroids, rows.scales, {sums.data(), k * d}, {counts.data(), k}, model.drift},
                   .set = model.set,
                   .most = 1});
  }
  std::vector<std::vector<PassResult>> made = env.backend.assign_ops().rounds_together(rows.blocks, one);
  for (size_t i = 0; i < made.size(); ++i)
    if (!made[i].empty()) results[i] = std::move(made[i][0]);
  return results;
}

}  // namespace

std::vector<PassResult> assign_rows(RowBlocks& rows, std::span<const Labelling> models, Env& env) {
  AssignOps& ops = env.backend.assign_ops();
  std::vector<PassResult> results = shared_passes(rows, models, env);
  std::vector<size_t> left;
  std::vector<std::unique_ptr<AssignPass>> passes;
  for (size_t i = 0; i < models.size(); ++i) {
    if (!results[i].sums.empty()) continue;
    left.push_back(i);
    passes.push_back(ops.start(models[i].centroids, rows.scales, models[i].drift));
  }
  const auto each_pass = [&](RowBlock& block, const auto& body) {
    for (size_t i = 0; i < passes.size(); ++i) {
      ops.use_labels(block, models[left[i]].set);
      body(*passes[i]);
    }
  };
  if (!passes.empty())
    rows.each([&](RowBlock& block) { each_pass(block, [&](AssignPass& pass) { pass.add(block); }); },
              [&](RowBlock& block, std::vector<LocalRows>& wanted) {
                each_pass(block, [&](AssignPass& pass) { pass.rows_to_read(block, wanted); });
              });
  for (size_t i = 0; i < passes.size(); ++i) results[left[i]] = passes[i]->finish();
  for (PassResult& result : results) sum_over_ranks(result, env.comm);
  return results;
}

void end_fit(RowBlocks& rows, Env& env) {
  // Rows on pages were never put in an order of their own.
  rows.each([&](RowBlock& block) { env.backend.assign_ops().end_fit(block); }, Features::unused);
}

void clear_labels(RowBlocks& rows, Env& env) {
  rows.each([&](RowBlock& block) { env.backend.assign_ops().clear_labels(block); }, Features::unused);
}

void use_labels(RowBlocks& rows, int set, Env& env) {
  for (const auto& block : rows.blocks) env.backend.assign_ops().use_labels(*block, set);
}

void drop_label_sets(RowBlocks& rows, Env& env) {
  for (const auto& block : rows.blocks) env.backend.assign_ops().drop_other_labels(*block);
}

}  // namespace clientele
