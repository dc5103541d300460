#include "clientele/judge/profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "metric.h"
#include "segment_names.h"
#include "segment_statistics.h"

namespace clientele {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostCategories = 10;

/// Number and category columns that are clustered by (and were not dropped) or profiled, in schema order.
ProfileColumns choose_columns(const Schema& schema, const CleanRows& clean, Profiles& out) {
  ProfileColumns columns;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = schema.columns[i];
    const bool clustered =
        std::find(clean.columns.begin(), clean.columns.end(), static_cast<int>(i)) != clean.columns.end();
    if ((!clustered && column.role != ColumnRole::profile) || column.kind == ColumnKind::id) continue;
    if (column.kind == ColumnKind::category) {
      columns.categories.push_back(static_cast<int>(i));
      columns.category_levels.push_back(static_cast<int>(column.categories.size()));
      out.category_columns.push_back(column.name);
    } else {
      columns.numbers.push_back(static_cast<int>(i));
      out.number_columns.push_back(column.name);
      out.number_units.push_back(column.unit);
      out.number_clustered.push_back(clustered);
    }
  }
  return columns;
}

ColumnProfile population_column(const Moments& all, int64_t present, int64_t rows) {
  const bool any = all.present > 0;
  const double mean = any ? all.mean : kNaN;
  return {.present = present,
          .missing = rows - present,
          .mean = mean,
          .sd = any ? std::sqrt(all.variance()) : kNaN,
          .z = any ? 0 : kNaN,
          .lift = any && mean != 0 ? 1 : kNaN,
          .effect = kNaN,
          .quantiles = {}};
}

/// Cohen's d: difference of the means over the pooled standard deviation (n - 1 in each group). unit: m of one client.
double effect_size(const Moments& segment, const Moments& rest, double unit) {
  if (segment.present == 0 || rest.present == 0) return kNaN;
  const double freedom = static_cast<double>(segment.present + rest.present) / unit - 2;
  const double pooled = std::sqrt((segment.m2 + rest.m2) / unit / freedom);
  return freedom > 0 && pooled > 0 ? (segment.mean - rest.mean) / pooled : kNaN;
}

/// present: rows with a value, of `rows`.
ColumnProfile segment_column(const Moments& segment, const Moments& rest, const ColumnProfile& population,
                             int64_t present, int64_t rows, double unit) {
  ColumnProfile out{.present = present,
                    .missing = rows - present,
                    .mean = kNaN,
                    .sd = kNaN,
                    .z = kNaN,
                    .lift = kNaN,
                    .effect = effect_size(segment, rest, unit),
                    .quantiles = {}};
  if (segment.present == 0) return out;
  out.mean = segment.mean;
  out.sd = std::sqrt(segment.variance());
  out.z = population.sd > 0 ? (out.mean - population.mean) / population.sd : 0;
  if (population.mean != 0) out.lift = out.mean / population.mean;
  return out;
}

/// Per segment the merge of all other segments' moments.
std::vector<Moments> merge_others(std::span<const Moments> segments) {
  const size_t k = segments.size();
  std::vector<Moments> after(k + 1);
  for (size_t c = k; c-- > 0;) after[c] = Moments::merge(segments[c], after[c + 1]);
  std::vector<Moments> out;
  Moments before;
  for (size_t c = 0; c < k; ++c) {
    out.push_back(Moments::merge(before, after[c + 1]));
    before = Moments::merge(before, segments[c]);
  }
  return out;
}

void fill_numbers(const ProfileColumns& columns, const CleanRows& clean, const RowBlocks& rows,
                  const SegmentStatistics& statistics, const SegmentQuantiles& quantiles, Profiles& out) {
  const size_t k = out.segments.size();
  for (size_t c = 0; c < columns.numbers.size(); ++c) {
    const std::span<const Moments> moments = std::span(statistics.numbers).subspan(c * k, k);
    const std::span<const int64_t> present = std::span(statistics.present_rows).subspan(c * k, k);
    const Moments all =
        rows.weighted ? Moments::merge(moments) : clean.moments[static_cast<size_t>(columns.numbers[c])];
    ColumnProfile population =
        population_column(all, std::accumulate(present.begin(), present.end(), int64_t{0}), clean.kept);
    population.quantiles = quantiles.of(static_cast<int>(c), static_cast<int>(k));
    const std::vector<Moments> others = merge_others(moments);
    for (size_t s = 0; s < k; ++s) {
      ColumnProfile profile =
          segment_column(moments[s], others[s], population, present[s], out.segments[s].rows, rows.unit_weight);
      profile.quantiles = quantiles.of(static_cast<int>(c), static_cast<int>(s));
      out.segments[s].numbers.push_back(std::move(profile));
    }
    out.population.push_back(std::move(population));
  }
}

/// By share, ties in dictionary order; categories without weight are left out.
std::vector<CategoryShare> top_categories(std::span<const int64_t> counts, std::span<const int64_t> population,
                                          const std::vector<std::string>& names) {
  const double present = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  const double all = static_cast<double>(std::accumulate(population.begin(), population.end(), int64_t{0}));
  std::vector<size_t> order;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return counts[a] > counts[b]; });
  order.resize(std::min(order.size(), kMostCategories));
  std::vector<CategoryShare> out;
  for (const size_t i : order) {
    const double share = static_cast<double>(counts[i]) / present;
    out.push_back({names[i], share, share / (static_cast<double>(population[i]) / all)});
  }
  return out;
}

void fill_categories(const ProfileColumns& columns, const Schema& schema, const SegmentStatistics& statistics,
                     Profiles& out) {
  for (size_t c = 0; c < columns.categories.size(); ++c) {
    const std::vector<std::string>& names = schema.columns[static_cast<size_t>(columns.categories[c])].categories;
    const std::span<const int64_t> counts = statistics.categories[c];
    std::vector<int64_t> population(names.size());
    for (size_t i = 0; i < counts.size(); ++i) population[i % names.size()] += counts[i];
    for (size_t s = 0; s < out.segments.size(); ++s)
      out.segments[s].categories.push_back(
          top_categories(counts.subspan(s * names.size(), names.size()), population, names));
    out.population_categories.push_back(top_categories(population, population, names));
  }
}

/// eta^2 = between / total, both about the exact mean, from integer sums. Rows count by their weight.
std::vector<double> importance(const RowBlocks& rows, const Clustering& clustering, const Published& published) {
  const size_t d = static_cast<size_t>(rows.d);
  const std::vector<double> means = member_means(rows, published);
  const int64_t n = std::accumulate(published.counts.begin(), published.counts.end(), int64_t{0});
  std::vector<double> out;
  for (size_t j = 0; j < d; ++j) {
    Int128 sum = 0;
    for (size_t c = 0; c < published.counts.size(); ++c) sum += published.sums[c * d + j].value();
    const double mean = to_double(sum) / rows.scales[j] / static_cast<double>(n);
    const Int128 q = std::llrint(mean * rows.scales[j]);
    const double total =
        to_double(clustering.square_sums[j] - 2 * q * sum + n * (q * q)) / rows.scales[j] / rows.scales[j];
    double between = 0;
    for (size_t c = 0; c < published.counts.size(); ++c) {
      const double t = means[c * d + j] - mean;
      between += static_cast<double>(published.counts[c]) * (t * t);
    }
    out.push_back(total > 0 ? std::min(1.0, between / total) : 0);
  }
  return out;
}

void fill_sizes(const RowBlocks& rows, const Clustering& clustering, const Published& published,
                const SegmentStatistics& statistics, Profiles& out) {
  const size_t d = static_cast<size_t>(rows.d);
  const int64_t all = std::accumulate(published.counts.begin(), published.counts.end(), int64_t{0});
  out.weighted = rows.weighted;
  for (size_t s = 0; s < out.segments.size(); ++s) {
    SegmentProfile& segment = out.segments[s];
    const double n = static_cast<double>(published.counts[s]);
    segment.segment = static_cast<int>(s);
    segment.rows = published.rows[s];
    if (rows.weighted) segment.weight = std::ldexp(n, -rows.weight_bits);
    segment.share = n / static_cast<double>(all);
    segment.mean_distance = n > 0 ? published.distance_sums[s] / n : kNaN;
    segment.mean_margin = n > 0 ? statistics.margin_sums[s] / n : kNaN;
    for (size_t j = 0; j < d; ++j)
      segment.centroid_normalised.push_back(static_cast<double>(clustering.centroids[s * d + j]) + rows.means[j]);
  }
}

}  // namespace

void ProfileSpec::visit(SpecVisitor& v) {
  v.field({.name = "quantiles",
           .help = "Probabilities of the quantiles of each number column, exact, type 7; by weight where rows have "
                   "weights, a row of weight w being w clients.",
           .low = 0,
           .high = 1},
          quantiles);
  v.field({.name = "name_features",
           .help = "Columns that a generated segment name mentions, those with the largest |z| (at least 0.5).",
           .low = 1,
           .high = 10},
          name_features);
  v.field({.name = "names", .help = "Own names of segments 0, 1, ...; the others are generated."}, names);
}

Profiles profile(Source& source, const CleanRows& rows, const FeatureSpace& space, const RowBlocks& blocks,
                 const Clustering& clustering, const Published& published, const ProfileSpec& spec, Env& env) {
  Profiles out;
  out.quantile_probabilities = spec.quantiles;
  const ProfileColumns columns = choose_columns(source.schema(), rows, out);
  for (const Feature& feature : space.features) out.feature_names.push_back(feature.name);
  out.segments.resize(static_cast<size_t>(clustering.k));

  const LabelledRows labelled(source, rows, blocks, published.label, clustering.k, env);
  SegmentQuantiles quantiles(labelled, columns.numbers, spec.quantiles);
  const SegmentStatistics statistics = segment_statistics(labelled, columns, published.margin, quantiles);
  quantiles.solve();

  fill_sizes(blocks, clustering, published, statistics, out);
  fill_numbers(columns, rows, blocks, statistics, quantiles, out);
  fill_categories(columns, source.schema(), statistics, out);
  out.importance = importance(blocks, clustering, published);
  const std::vector<std::string> names = segment_names(out, spec);
  for (size_t s = 0; s < names.size(); ++s) out.segments[s].name = names[s];
  return out;
}

}  // namespace clientele
