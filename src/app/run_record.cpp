#include "run_record.h"

#include <cmath>
#include <filesystem>
#include <numeric>

namespace clientele {
namespace {

Json history_record(const std::vector<Iteration>& history) {
  Json list = Json::array();
  for (const Iteration& round : history)
    list.push_back({{"inertia", round.inertia},
                    {"shift2", round.shift2},
                    {"moved", round.moved},
                    {"rechecked", round.rechecked},
                    {"repaired", round.repaired}});
  return list;
}

Json scores_of(const Scores& scores) {
  return to_json(scores).value("scores", Json::array());
}

/// Sums of row weights.
Json weight_record(const Published& published, int weight_bits) {
  Json sizes = Json::array();
  int64_t all = 0;
  for (const int64_t count : published.counts) {
    sizes.push_back(std::ldexp(static_cast<double>(count), -weight_bits));
    all += count;
  }
  return {{"sum", std::ldexp(static_cast<double>(all), -weight_bits)}, {"sizes", sizes}};
}

}  // namespace

Json input_record(const std::vector<InputFile>& files, const ReadPlan& plan, int64_t rows, int64_t columns) {
  Json record = {{"files", Json::array()}};
  for (const InputFile& file : files)
    record["files"].push_back(
        {{"path", file.path}, {"size", file.size}, {"modified", iso_time(file.modified)}, {"checksum", file.checksum}});
  record["layout"] = plan.layout;
  record["read_path"] = plan.path;
  record["datasets"] = plan.datasets;
  record["notes"] = plan.notes;
  record["rows"] = rows;
  record["columns"] = columns;
  return record;
}

Json input_values(const std::vector<InputFile>& files, int64_t rows, int64_t columns) {
  Json record = {{"files", Json::array()}};
  for (const InputFile& file : files) record["files"].push_back(std::filesystem::path(file.path).filename().string());
  record["rows"] = rows;
  record["columns"] = columns;
  return record;
}

Json device_record(const BackendFacts& facts) {
  return {{"name", facts.name}, {"device", facts.device}, {"simd", facts.simd}, {"threads", facts.threads}};
}

Json outlier_record(double threshold, const std::vector<int64_t>& sizes) {
  return {
      {"threshold", threshold}, {"rows", std::accumulate(sizes.begin(), sizes.end(), int64_t{0})}, {"sizes", sizes}};
}

Json result_record(const Sweep& sweep, const JudgeSpec& spec, uint64_t seed) {
  const Clustering& best = sweep.best().clustering;
  Json result = {{"k", best.k},
                 {"inertia", sweep.best().scores.inertia},
                 {"iterations", best.iterations},
                 {"converged", best.converged},
                 {"stopped_by", best.stopped_by},
                 {"last_gain", best.last_gain},
                 {"sizes", sweep.published.rows},
                 {"seed", seed},
                 {"restart", best.restart},
                 {"start_rows", best.start_rows},
                 {"far_starts", best.far_starts},
                 {"empty_repairs", best.empty_repairs},
                 {"empty_left", best.empty_left},
                 {"size_moves", best.size_moves},
                 {"dropped", best.dropped},
                 {"scores", scores_of(sweep.best().scores)},
                 {"choice", to_json(sweep.choice)},
                 {"candidates", Json::array()}};
  if (sweep.best().scores.weighted) result["weights"] = weight_record(sweep.published, sweep.best().scores.weight_bits);
  if (!sweep.outliers.rows.empty()) result["outliers"] = outlier_record(sweep.outliers.threshold, sweep.outliers.rows);
  if (sweep.best().stability.resamples > 0) result["stability"] = to_json(sweep.best().stability, spec);
  for (const Candidate& candidate : sweep.candidates) {
    result["candidates"].push_back({{"k", candidate.clustering.k},
                                    {"inertia", candidate.scores.inertia},
                                    {"iterations", candidate.clustering.iterations},
                                    {"converged", candidate.clustering.converged},
                                    {"last_gain", candidate.clustering.last_gain},
                                    {"scores", scores_of(candidate.scores)}});
    if (candidate.stability.resamples > 0)
      result["candidates"].back()["stability"] = to_json(candidate.stability, spec);
  }
  result["history"] = history_record(best.history);
  return result;
}

Json portable_result(const Json& result) {
  Json portable = result;
  for (Json& round : portable["history"]) round.erase("rechecked");
  return portable;
}

}  // namespace clientele
