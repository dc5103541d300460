#include <string>
#include <vector>

#include "clientele/data/segments_file.h"
#include "synthetic.h"
#include "synthetic_draws.h"

namespace clientele {
namespace {

constexpr int64_t kTaskRows = 4096;

struct Plant {
  const GenerateArguments& g;
  Draws draws;
  std::vector<double> centres;  ///< segments x features

  explicit Plant(const GenerateArguments& arguments) : g(arguments), draws(arguments.seed) {
    const bool mixed = g.kind == "mixture";
    // Centres at this spread lie `separation` apart on average, whatever the number of features.
    const double spread = mixed ? g.separation / std::sqrt(2.0 * static_cast<double>(g.features)) : 0;
    for (int64_t s = 0; s < (mixed ? g.segments : 1); ++s)
      for (int64_t j = 0; j < g.features; ++j)
        centres.push_back(spread * draws.normals(DrawOf::centre, s, static_cast<uint32_t>(j)).first);
  }

  int64_t segment(int64_t row) const { return g.kind == "mixture" ? draws.segment(row, g.segments) : 0; }

  /// A column's value from its standardised one: scales 1, 10, 100 and offsets, every fourth column log-normal with
  /// --tails.
  float value(int64_t j, double standard) const {
    if (g.tails && j % 4 == 3) return static_cast<float>(exact::exp(standard));
    static constexpr double kScales[] = {1, 10, 100};
    const double scale = kScales[j % 3];
    return static_cast<float>(scale * (standard + static_cast<double>(j % 5)));
  }

  void row(int64_t index, float* out) const {
    const double* centre = centres.data() + segment(index) * g.features;
    for (int64_t j = 0; j < g.features; j += 2) {
      const auto [first, second] = draws.normals(DrawOf::noise, index, static_cast<uint32_t>(j / 2));
      out[j] = value(j, centre[j] + first);
      if (j + 1 < g.features) out[j + 1] = value(j + 1, centre[j + 1] + second);
    }
  }
};

}  // namespace

void generate_matrix(const std::filesystem::path& path, const GenerateArguments& g, ThreadPool& pool,
                     Progress& progress) {
  const Plant plant(g);
  std::vector<std::string> names;
  for (int64_t j = 0; j < g.features; ++j) names.push_back('f' + std::to_string(j));
  progress.stage("generate", g.clients, "clients");
  write_matrix(path, "/matrix", g.clients, g.features, names, false, [&](int64_t first, std::vector<float>& out) {
    const int64_t rows = static_cast<int64_t>(out.size()) / g.features;
    pool.parallel_for((rows + kTaskRows - 1) / kTaskRows, [&](int64_t task, int) {
      const int64_t last = std::min(rows, (task + 1) * kTaskRows);
      for (int64_t i = task * kTaskRows; i < last; ++i) plant.row(first + i, out.data() + i * g.features);
    });
    progress.advance(rows);
  });
  NumberColumn truth{"segment", std::vector<int64_t>(static_cast<size_t>(g.clients)), {}, {}};
  for (int64_t row = 0; row < g.clients; ++row) truth.integers[static_cast<size_t>(row)] = plant.segment(row);
  write_columns(path, "/truth", {truth}, true);
  if (!g.ids) return;
  NumberColumn ids{"client_id", std::vector<int64_t>(static_cast<size_t>(g.clients)), {}, {}};
  for (int64_t row = 0; row < g.clients; ++row) ids.integers[static_cast<size_t>(row)] = 1000000 + row;
  write_columns(path, "/", {ids}, true);
}

}  // namespace clientele
