// The choice of k: a vote, with its reasons.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>

#include "clientele/base/errors.h"
#include "clientele/judge/judge.h"
#include "json_number.h"

namespace clientele {

namespace {

/// The best value's k (an infinitely good one counts, none and an infinitely bad one do not), the smaller one of
/// equals; 0 if there is none.
int vote_of(const std::vector<Scores>& candidates, const std::string& metric) {
  int k = 0;
  double best = 0;
  for (const Scores& candidate : candidates) {
    const Score* score = candidate.find(metric);
    if (score == nullptr) continue;
    const double value = score->higher_is_better ? score->value : -score->value;
    if (!(value > -std::numeric_limits<double>::infinity())) continue;
    if (k == 0 || value > best || (value == best && candidate.k < k)) {
      k = candidate.k;
      best = value;
    }
  }
  return k;
}

std::string list(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// Narrows `tied` to one k. Returns how, as a sentence.
std::string break_tie(const std::vector<Scores>& candidates, std::vector<int>& tied) {
  std::vector<std::string> names;
  for (const int k : tied) names.push_back("k = " + std::to_string(k));
  const std::string who = list(names) + " have as many votes; ";
  for (const std::string metric : {"squared_silhouette", "simplified_silhouette"}) {
    std::vector<Scores> among;
    std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(among), [&](const Scores& candidate) {
      return std::find(tied.begin(), tied.end(), candidate.k) != tied.end();
    });
    const int k = vote_of(among, metric);
    if (k == 0) continue;
    tied = {k};
    const auto winner =
        std::find_if(among.begin(), among.end(), [&](const Scores& candidate) { return candidate.k == k; });
    return who + "the " + metric + " is best at k = " + std::to_string(k) + " (" + number(winner->find(metric)->value) +
           ").";
  }
  tied = {tied.front()};
  return who + "the smaller k was taken.";
}

std::string tell_votes(const std::map<int, std::vector<std::string>>& voters, size_t votes) {
  std::string out;
  for (const auto& [k, metrics] : voters)
    out += (out.empty() ? "" : "; ") + list(metrics) + (metrics.size() == 1 ? " votes" : " vote") +
           " for k = " + std::to_string(k);
  return "Of " + std::to_string(votes) + (votes == 1 ? " index, " : " indices, ") + out + ".";
}

/// The vote among candidates that may win.
void vote(const std::vector<Scores>& candidates, KChoice& choice) {
  std::map<int, std::vector<std::string>> voters;
  for (const Score& score : candidates[0].scores) {
    const int k = vote_of(candidates, score.metric);
    if (k == 0) continue;
    choice.votes.emplace_back(score.metric, k);
    voters[k].push_back(score.metric);
  }
  size_t most = 0;
  for (const auto& [k, metrics] : voters) most = std::max(most, metrics.size());
  std::vector<int> tied;
  for (const auto& [k, metrics] : voters)
    if (metrics.size() == most) tied.push_back(k);
  if (tied.empty()) {
    choice.k = std::min_element(candidates.begin(), candidates.end(), [](const Scores& a, const Scores& b) {
                 return a.k < b.k;
               })->k;
    choice.reason = "No index has a value at any k; the smallest k was taken.";
    return;
  }
  choice.reason = tell_votes(voters, choice.votes.size());
  if (tied.size() > 1) choice.reason += " " + break_tie(candidates, tied);
  choice.k = tied.front();
}

std::string tell_small(const Scores& candidate, int64_t smallest, int64_t least) {
  const std::string of = " of cluster.min_size";
  if (!candidate.weighted)
    return "its smallest segment has " + std::to_string(smallest) + " rows, fewer than the " + std::to_string(least) +
           of;
  const auto weight = [&](int64_t m) { return number(std::ldexp(static_cast<double>(m), -candidate.weight_bits)); };
  return "the weights of its smallest segment sum up to " + weight(smallest) + ", less than the " + weight(least) + of;
}

KGate gate_of(const Scores& candidate, const Stability* stability, const GateSpec& spec) {
  KGate gate{.k = candidate.k, .passed = true, .smallest = 0, .stable = 0, .unstable = 0, .why = {}};
  std::vector<std::string> why;
  if (!candidate.counts.empty()) {
    const int64_t smallest = *std::min_element(candidate.counts.begin(), candidate.counts.end());
    gate.smallest = std::ldexp(static_cast<double>(smallest), -candidate.weight_bits);
    if (smallest == 0)
      why.push_back("a segment is empty");
    else if (smallest < spec.min_weight)
      why.push_back(tell_small(candidate, smallest, spec.min_weight));
  }
  if (stability != nullptr) {
    int64_t known = 0;
    for (const double jaccard : stability->jaccard) {
      known += jaccard == jaccard ? 1 : 0;
      gate.stable += jaccard >= spec.stable ? 1 : 0;
      gate.unstable += jaccard < spec.unstable ? 1 : 0;
    }
    const std::string of = " of its " + std::to_string(candidate.k) + " segments ";
    if (static_cast<double>(gate.unstable) > spec.unstable_segments * candidate.k)
      why.push_back(std::to_string(gate.unstable) + of + (gate.unstable == 1 ? "is" : "are") + " unstable");
    else if (2 * known < candidate.k)
      why.push_back("the stability of " + (known == 0 ? "none" : "only " + std::to_string(known)) + of +
                    "could be measured");
    else if (2 * gate.stable < known)
      why.push_back("only " + std::to_string(gate.stable) + of + (gate.stable == 1 ? "is" : "are") + " stable");
  }
  gate.passed = why.empty();
  gate.why = list(why);
  return gate;
}

std::string tell_gates(const std::vector<KGate>& gates) {
  std::string out;
  for (const KGate& gate : gates)
    if (!gate.passed) out += (out.empty() ? "" : "; ") + ("k = " + std::to_string(gate.k)) + ": " + gate.why;
  return out;
}

std::string tell_structure(const Structure& structure) {
  return "The rows form one cloud without gaps: none of " + std::to_string(structure.splits) +
         " ways of cutting a sample of " + std::to_string(structure.rows) +
         " rows in two leaves a gap between the parts (dip " + number(structure.largest) + ", a gap from " +
         number(structure.limit) + " on).";
}

/// Those of more than one segment that pass; if none does, why. Alone it may fail, and then only k = 1 is an answer.
std::vector<Scores> passing(const std::vector<Scores>& candidates, KChoice& choice) {
  std::vector<Scores> out;
  for (size_t i = 0; i < candidates.size(); ++i)
    if (candidates[i].k > 1 && choice.gates[i].passed) out.push_back(candidates[i]);
  const bool any = std::any_of(candidates.begin(), candidates.end(), [](const Scores& each) { return each.k > 1; });
  if (!any) return out;
  if (choice.structure.tested && !choice.structure.found) choice.doubts.push_back(tell_structure(choice.structure));
  if (out.empty()) choice.doubts.push_back("No number of segments passes: " + tell_gates(choice.gates) + ".");
  choice.worth_having = choice.doubts.empty();
  return out;
}

}  // namespace

KChoice choose_k(const std::vector<Scores>& candidates, const Evidence& evidence, const GateSpec& gates) {
  if (candidates.empty()) throw Error(ErrorKind::internal, {.what = "no k to choose from"});
  KChoice choice;
  choice.structure = evidence.structure;
  for (size_t i = 0; i < candidates.size(); ++i)
    choice.gates.push_back(
        gate_of(candidates[i], evidence.stability.empty() ? nullptr : &evidence.stability[i], gates));
  const std::vector<Scores> able = passing(candidates, choice);
  const auto one = std::find_if(candidates.begin(), candidates.end(), [](const Scores& each) { return each.k == 1; });
  if (candidates.size() == 1) {
    vote(candidates, choice);
    choice.reason = "k = " + std::to_string(choice.k) + " was the only one asked for.";
    return choice;
  }
  vote(able.empty() ? candidates : able, choice);
  if (choice.votes.empty() && one != candidates.end()) choice.k = 1;
  if (!choice.worth_having && one != candidates.end()) {
    choice.k = 1;
    choice.reason = "One segment is the honest answer, and k = 1 was among those asked for.";
  } else if (!able.empty() && able.size() < candidates.size()) {
    const std::string out = tell_gates(choice.gates);
    if (!out.empty()) choice.reason += " Left out of the vote: " + out + ".";
  }
  return choice;
}

namespace {

/// Rows are whole numbers.
Json size_json(double size) {
  if (size == std::floor(size) && size < 0x1p53) return static_cast<int64_t>(size);
  return size;
}

}  // namespace

Json to_json(const Scores& scores) {
  Json list = Json::array();
  for (const Score& score : scores.scores)
    list.push_back({{"metric", score.metric},
                    {"value", json_number(score.value)},
                    {"low", json_number(score.low)},
                    {"high", json_number(score.high)},
                    {"higher_is_better", score.higher_is_better},
                    {"rows", score.rows}});
  return {{"k", scores.k}, {"inertia", json_number(scores.inertia)}, {"scores", list}};
}

Json to_json(const KChoice& choice) {
  Json votes = Json::array(), gates = Json::array();
  for (const auto& [metric, k] : choice.votes) votes.push_back({{"metric", metric}, {"k", k}});
  for (const KGate& gate : choice.gates)
    gates.push_back({{"k", gate.k},
                     {"passed", gate.passed},
                     {"smallest", size_json(gate.smallest)},
                     {"stable", gate.stable},
                     {"unstable", gate.unstable},
                     {"why", gate.why}});
  return {{"k", choice.k},
          {"reason", choice.reason},
          {"votes", votes},
          {"worth_having", choice.worth_having},
          {"doubts", choice.doubts},
          {"gates", gates},
          {"structure", to_json(choice.structure)}};
}

}  // namespace clientele
