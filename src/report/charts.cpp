#include "charts.h"

namespace clientele::page {

namespace {

constexpr Chart kCharts[] = {
    {"segments", "The segments", chart_cards},
    {"sizes", "How large they are", chart_sizes},
    {"heatmap", "How they differ", chart_heatmap},
    {"importance", "What separates them", chart_importance},
    {"scores", "How well they are separated", chart_scores},
    {"stability", "How sure they are", chart_stability},
    {"choice-of-k", "Why this many segments", chart_k},
    {"profiles", "Each segment in detail", chart_profile},
    {"quality", "Data quality", chart_quality},
    {"convergence", "How the fit converged", chart_convergence},
    {"run", "How the run went", chart_run},
};

}  // namespace

std::span<const Chart> charts() {
  return kCharts;
}

}  // namespace clientele::page
