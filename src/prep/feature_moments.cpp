#include <algorithm>

#include "block_walk.h"
#include "normalise_steps.h"

namespace clientele {

ReadFeatures::ReadFeatures(std::vector<FeatureTransform> features) : transforms(std::move(features)) {
  for (const FeatureTransform& f : transforms) columns.push_back(f.source);
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  for (FeatureTransform& f : transforms)
    f.source = static_cast<int32_t>(std::lower_bound(columns.begin(), columns.end(), f.source) - columns.begin());
}

std::vector<Moments> feature_moments(Source& source, const CleanRows& rows,
                                     const std::vector<FeatureTransform>& features, const std::vector<double>& knots,
                                     Env& env) {
  if (features.empty()) return {};
  const ReadFeatures wanted(features);
  const CleanReader reader(source, rows);
  const ReadRows read = [&](int64_t first, std::span<const int> columns, ColumnsView<double> out) {
    reader.read(first, columns, out);
  };
  const int64_t width = static_cast<int64_t>(features.size());
  std::vector<std::vector<double>> buffers(static_cast<size_t>(env.pool.threads()));
  const ChangeColumns change = [&](const Piece& piece) {
    auto& buffer = buffers[static_cast<size_t>(piece.worker)];
    buffer.resize(std::max(buffer.size(), static_cast<size_t>(piece.values.rows * width)));
    const ColumnsView<double> out{buffer.data(), piece.values.rows, width, piece.values.rows};
    for (int64_t j = 0; j < width; ++j) {
      const FeatureTransform& f = wanted.transforms[static_cast<size_t>(j)];
      const auto from = piece.values.column(f.source);
      const auto to = out.column(j);
      for (size_t i = 0; i < to.size(); ++i) to[i] = transform_value(f, knots.data(), from[i]);
    }
    return ColumnsView<const double>(out);
  };
  return column_moments(read, reader.rows(), wanted.columns, static_cast<int>(width), change, env);
}

}  // namespace clientele
