#include "pass.h"

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

PassResult assign_rows(RowBlocks& rows, const CentroidsView& centroids, const Drift* drift, Env& env) {
  const std::unique_ptr<AssignPass> pass = env.backend.assign_ops().start(centroids, rows.scales, drift);
  rows.each([&](RowBlock& block) { pass->add(block); },
            [&](const RowBlock& block, std::vector<LocalRows>& wanted) { pass->rows_to_read(block, wanted); });
  PassResult result = pass->finish();
  sum_over_ranks(result, env.comm);
  return result;
}

std::vector<PassResult> assign_rows(RowBlocks& rows, std::span<const Labelling> models, Env& env) {
  AssignOps& ops = env.backend.assign_ops();
  std::vector<std::unique_ptr<AssignPass>> passes;
  for (const Labelling& model : models) passes.push_back(ops.start(model.centroids, rows.scales, model.drift));
  const auto each_pass = [&](RowBlock& block, const auto& body) {
    for (size_t i = 0; i < passes.size(); ++i) {
      ops.use_labels(block, models[i].set);
      body(*passes[i]);
    }
  };
  rows.each([&](RowBlock& block) { each_pass(block, [&](AssignPass& pass) { pass.add(block); }); },
            [&](RowBlock& block, std::vector<LocalRows>& wanted) {
              each_pass(block, [&](AssignPass& pass) { pass.rows_to_read(block, wanted); });
            });
  std::vector<PassResult> results;
  for (const auto& pass : passes) {
    results.push_back(pass->finish());
    sum_over_ranks(results.back(), env.comm);
  }
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
