#include <algorithm>
#include <set>

#include "behaviour_client.h"
#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"

namespace clientele {

void BehaviourSpec::visit(SpecVisitor& v) {
  v.field({.name = "features", .help = "behaviour features by name, or whole blocks: value, timing"}, features);
  v.choice_of({.name = "duplicates",
               .help = "events that are equal in every column: kept, or all but the first dropped",
               .choices = {"keep", "drop"}},
              duplicates);
  v.choice_of(
      {.name = "cancellations",
       .help = "events with a negative amount: they net off against spend, or are dropped; they are never orders",
       .choices = {"net", "drop"}},
      cancellations);
}

const std::vector<BehaviourFeature>& behaviour_features() {
  static const std::vector<BehaviourFeature> kCatalogue = {
      {"recency", "value", "days", "days from the last active day to as_of"},
      {"orders", "value", "orders", "events in the window, cancellations left out"},
      {"active_days", "value", "days", "distinct UTC days with an order"},
      {"monetary", "value", "", "sum of amounts, cancellations net off"},
      {"mean_order", "value", "", "monetary / orders"},
      {"repeat_spend", "value", "", "mean spend of active days after the first; missing with one active day"},
      {"return_share", "value", "share", "cancelled amount / ordered amount; missing when nothing was spent"},
      {"tenure", "timing", "days", "days from the first active day to as_of"},
      {"span", "timing", "days", "days from the first to the last active day"},
      {"gap_mean", "timing", "days",
       "mean gap between active days; missing with one active day, like the rest of the gaps"},
      {"gap_cv", "timing", "", "standard deviation of gaps / mean gap"},
      {"burstiness", "timing", "", "(s - m) / (s + m) of the gaps' standard deviation s and mean m"},
      {"gap_log_sum", "timing", "", "sum of ln gap"},
      {"overdue", "timing", "", "recency / mean gap"},
  };
  return kCatalogue;
}

bool needs_amount(Behaviour feature) {
  return feature == Behaviour::monetary || feature == Behaviour::mean_order || feature == Behaviour::repeat_spend ||
         feature == Behaviour::return_share;
}

bool needs_gaps(Behaviour feature) {
  return feature == Behaviour::repeat_spend || feature >= Behaviour::gap_mean;
}

std::vector<int> select_behaviours(const BehaviourSpec& spec, bool has_amount) {
  const auto& catalogue = behaviour_features();
  std::set<int> chosen;
  for (const std::string& wanted : spec.features) {
    std::vector<std::string> names;
    const size_t before = chosen.size();
    bool known = false;
    for (size_t i = 0; i < catalogue.size(); ++i) {
      names.push_back(catalogue[i].name);
      names.push_back(catalogue[i].block);
      if (wanted != catalogue[i].name && wanted != catalogue[i].block) continue;
      known = true;
      chosen.insert(static_cast<int>(i));
    }
    if (known || chosen.size() > before) continue;
    const std::string guess = nearest(wanted, names);
    throw Error(ErrorKind::usage, {.what = "unknown behaviour feature or block",
                                   .where = "behaviour.features",
                                   .expected = "names of the catalogue, or value, timing",
                                   .found = wanted,
                                   .hint = guess.empty() ? "" : "Did you mean " + guess + "?"});
  }
  if (chosen.empty())
    throw Error(ErrorKind::usage, {.what = "no behaviour feature is chosen",
                                   .where = "behaviour.features",
                                   .expected = "at least one name or block",
                                   .found = "none"});
  for (const int i : chosen)
    if (!has_amount && needs_amount(static_cast<Behaviour>(i)))
      throw Error(
          ErrorKind::usage,
          {.what = "a behaviour feature needs amounts, but the log has none",
           .where = "behaviour.features: " + catalogue[static_cast<size_t>(i)].name,
           .expected = "events.amount, or features without money",
           .found = "no amount column",
           .hint = "Set events.amount, or behaviour.features to names such as recency, orders, active_days, timing."});
  return {chosen.begin(), chosen.end()};
}

}  // namespace clientele
