// The choice of k: a vote, with its reasons.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "clientele/base/errors.h"
#include "clientele/judge/judge.h"
#include "json_number.h"

namespace clientele {

namespace {

/// The best finite value's k, the smaller one of equals; 0 if there is none.
int vote_of(const std::vector<Scores>& candidates, const std::string& metric) {
  int k = 0;
  double best = 0;
  for (const Scores& candidate : candidates) {
    const Score* score = candidate.find(metric);
    if (score == nullptr || !std::isfinite(score->value)) continue;
    const double value = score->higher_is_better ? score->value : -score->value;
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

}  // namespace

KChoice choose_k(const std::vector<Scores>& candidates) {
  if (candidates.empty()) throw Error(ErrorKind::internal, {.what = "no k to choose from"});
  KChoice choice;
  if (candidates.size() == 1) {
    choice.k = candidates[0].k;
    choice.reason = "k = " + std::to_string(choice.k) + " was the only one asked for.";
  }
  std::map<int, std::vector<std::string>> voters;
  for (const Score& score : candidates[0].scores) {
    const int k = vote_of(candidates, score.metric);
    if (k == 0) continue;
    choice.votes.emplace_back(score.metric, k);
    voters[k].push_back(score.metric);
  }
  if (candidates.size() == 1) return choice;

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
    return choice;
  }
  choice.reason = tell_votes(voters, choice.votes.size());
  if (tied.size() > 1) choice.reason += " " + break_tie(candidates, tied);
  choice.k = tied.front();
  return choice;
}

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
  Json votes = Json::array();
  for (const auto& [metric, k] : choice.votes) votes.push_back({{"metric", metric}, {"k", k}});
  return {{"k", choice.k}, {"reason", choice.reason}, {"votes", votes}};
}

}  // namespace clientele
