#include "clientele/prep/normalise.h"

#include <cmath>

#include "clientele/base/errors.h"
#include "normalise_steps.h"

namespace clientele {
namespace {

void check_spec(const NormaliseSpec& spec) {
  const auto& w = spec.winsorise;
  const bool pair = w.size() == 2 && w[0] >= 0 && w[0] < w[1] && w[1] <= 1;
  if (!w.empty() && !pair)
    throw Error(ErrorKind::usage,
                {.what = "winsorising limits make no sense",
                 .where = "normalise.winsorise",
                 .expected = "nothing, or two ascending quantiles such as [0.001, 0.999]",
                 .found = std::to_string(w.size()) + " numbers" + (w.size() == 2 ? " out of order or range" : ""),
                 .hint = "Write winsorise = [0.001, 0.999]."});
}

void check_weight(double weight, const std::string& where) {
  if (weight >= 0 && std::isfinite(weight)) return;
  throw Error(ErrorKind::usage, {.what = "a weight cannot be used",
                                 .where = where,
                                 .expected = "a finite number >= 0",
                                 .found = std::to_string(weight)});
}

/// Columns in use but for those of weight 0 (their own or their block's), which only describe.
std::vector<int> weighty_columns(Fit& fit, const std::map<std::string, BlockSpec>& blocks) {
  std::vector<int> out;
  for (const auto& [name, block] : blocks) check_weight(block.weight, "blocks." + name + ".weight");
  for (const int c : fit.rows.columns) {
    const Column& column = fit.column(c);
    check_weight(column.weight, "columns." + column.name + ".weight");
    const auto block = blocks.find(column.block);
    const bool idle = column.weight == 0 || (block != blocks.end() && block->second.weight == 0);
    if (idle)
      fit.drop(column.name, "weight 0: described, not clustered");
    else
      out.push_back(c);
  }
  return out;
}

void add_features(Fit& fit, const std::vector<int>& columns) {
  std::vector<int> categories;
  for (const int c : columns)
    if (fit.column(c).kind == ColumnKind::category) categories.push_back(c);
  const auto counts = count_categories(fit, categories);
  size_t next = 0;
  for (const int c : columns) {
    if (fit.column(c).kind == ColumnKind::category)
      add_categories(fit, c, counts[next++]);
    else
      add_number(fit, c);
  }
}

}  // namespace

void NormaliseSpec::visit(SpecVisitor& v) {
  v.choice_of({.name = "method",
               .help = "how numbers are brought to one scale",
               .choices = {"zscore", "robust", "minmax", "log_zscore", "quantile", "none"}},
              method);
  v.field({.name = "winsorise",
           .help = "two quantiles beyond which values are pulled in, such as [0.001, 0.999]; empty: none",
           .low = 0,
           .high = 1},
          winsorise);
  v.field({.name = "quantile_knots", .help = "knots of the method quantile", .low = 2, .high = 100000}, quantile_knots);
  v.field({.name = "max_categories",
           .help = "features a category column gets at most; beyond, the most frequent levels and one \"(other)\"",
           .low = 2,
           .high = 10000},
          max_categories);
}

NormaliseFit fit_normaliser(Source& source, const CleanRows& rows, const NormaliseSpec& spec,
                            const std::map<std::string, BlockSpec>& blocks, bool spherical, Env& env) {
  check_spec(spec);
  env.progress.stage("normalise", 0, "rows");
  Fit fit{.source = source, .rows = rows, .spec = spec, .env = env, .features = {}, .knots = {}};
  add_features(fit, weighty_columns(fit, blocks));
  fit_quantiles(fit);
  fit_moments(fit);
  fit_scales(fit);
  if (fit.features.empty())
    throw Error(ErrorKind::input, {.what = "no feature is left to cluster on",
                                   .expected = "at least one column that varies, with a weight above 0",
                                   .found = "none",
                                   .hint = "Check the weights in [columns] and [blocks], and normalise.winsorise."});
  const std::vector<FittedBlock> fitted_blocks = fit_blocks(fit, blocks);

  NormaliseFit out;
  out.report = fit_report(fit, fitted_blocks);
  out.space.schema = source.schema();
  for (FittedFeature& f : fit.features) out.space.features.push_back(std::move(f.feature));
  out.space.knots = std::move(fit.knots);
  out.space.means.assign(out.space.features.size(), 0);
  out.space.spherical = spherical;
  return out;
}

}  // namespace clientele
