#include "clientele/compute/formulas.h"
#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {
namespace {

class ScalarDistance final : public DistanceKernels {
 public:
  void d2_to_points(const Tiles& tiles, const float* points, int count, double* out,
                    int64_t out_stride) const override {
    for (int p = 0; p < count; ++p)
      for (int64_t row = 0; row < tiles.count * kTileRows; ++row)
        out[p * out_stride + row] =
            canonical_d2(first(tiles, row), kTileRows, points + int64_t{p} * tiles.d, 1, tiles.d);
  }

  void d2_to_own(const Tiles& tiles, const float* centroids, const int32_t* labels, double* out) const override {
    for (int64_t row = 0; row < tiles.count * kTileRows; ++row)
      out[row] = canonical_d2(first(tiles, row), kTileRows, centroids + int64_t{labels[row]} * tiles.d, 1, tiles.d);
  }

  void dots(const Tiles& tiles, const double* means, int k, double* norm2, double* dots,
            int64_t out_stride) const override {
    for (int64_t row = 0; row < tiles.count * kTileRows; ++row) {
      const float* x = first(tiles, row);
      norm2[row] = 0;
      for (int j = 0; j < tiles.d; ++j) norm2[row] = norm_step(norm2[row], x[j * kTileRows]);
      for (int c = 0; c < k; ++c) {
        double dot = 0;
        for (int j = 0; j < tiles.d; ++j)
          dot = std::fma(static_cast<double>(x[j * kTileRows]), means[int64_t{c} * tiles.d + j], dot);
        dots[c * out_stride + row] = dot;
      }
    }
  }

  void margins(const double* first_d2, const double* second_d2, int64_t count, double* root,
               double* margin) const override {
    for (int64_t i = 0; i < count; ++i) {
      root[i] = std::sqrt(first_d2[i]);
      margin[i] = margin_of(first_d2[i], second_d2[i]);
    }
  }

 private:
  static const float* first(const Tiles& tiles, int64_t row) {
    return tiles.data + row / kTileRows * kTileRows * tiles.d + row % kTileRows;
  }
};

}  // namespace

const DistanceKernels& scalar_distance_kernels() {
  static const ScalarDistance kernels;
  return kernels;
}

}  // namespace clientele
