#include "segment_names.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "clientele/base/errors.h"

namespace clientele {

namespace {

constexpr double kStandsOut = 0.5;

struct Words {
  const char* column;  ///< a word of the column's name
  const char* high;
  const char* low;
};

/// Columns whose high and low have plain words of their own.
constexpr Words kWords[] = {
    {"recency", "not recent", "recent"},
    {"tenure", "long-standing", "new"},
    {"frequency", "frequent", "infrequent"},
    {"orders", "many orders", "few orders"},
};

bool has_word(const std::string& name, const std::string& word) {
  for (size_t at = name.find(word); at != std::string::npos; at = name.find(word, at + 1)) {
    const bool begins = at == 0 || std::isalnum(static_cast<unsigned char>(name[at - 1])) == 0;
    const size_t end = at + word.size();
    if (begins && (end == name.size() || std::isalnum(static_cast<unsigned char>(name[end])) == 0)) return true;
  }
  return false;
}

std::string describe(const std::string& column, bool high) {
  std::string name = column;
  std::replace(name.begin(), name.end(), '_', ' ');
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const Words& words : kWords)
    if (has_word(lower, words.column)) return high ? words.high : words.low;
  return (high ? "high " : "low ") + name;
}

std::string generated(const Profiles& profiles, const SegmentProfile& segment, int64_t features) {
  std::vector<size_t> order;
  for (size_t c = 0; c < segment.numbers.size(); ++c)
    if (profiles.number_clustered[c] && std::fabs(segment.numbers[c].z) >= kStandsOut) order.push_back(c);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::fabs(segment.numbers[a].z) > std::fabs(segment.numbers[b].z);
  });
  std::string name;
  for (size_t i = 0; i < order.size() && static_cast<int64_t>(i) < features; ++i)
    name += (i == 0 ? "" : ", ") + describe(profiles.number_columns[order[i]], segment.numbers[order[i]].z > 0);
  if (name.empty()) return "Average";
  name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return name;
}

std::string ordinal(int64_t n) {
  static const char* const words[] = {"second",  "third",  "fourth", "fifth", "sixth",
                                      "seventh", "eighth", "ninth",  "tenth"};
  if (n <= 10) return words[n - 2];
  const char* ending = n % 100 / 10 == 1 ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
  return std::to_string(n) + ending;
}

}  // namespace

std::vector<std::string> segment_names(const Profiles& profiles, const ProfileSpec& spec) {
  std::set<std::string> taken;
  for (const std::string& name : spec.names)
    if (!name.empty() && !taken.insert(name).second)
      throw Error(ErrorKind::usage, {.what = "two segments have the same name",
                                     .where = "profile.names",
                                     .expected = "different names",
                                     .found = name,
                                     .hint = "An empty name is generated."});
  std::vector<std::string> names;
  for (size_t c = 0; c < profiles.segments.size(); ++c) {
    if (c < spec.names.size() && !spec.names[c].empty()) {
      names.push_back(spec.names[c]);
      continue;
    }
    const std::string base = generated(profiles, profiles.segments[c], spec.name_features);
    std::string name = base;
    for (int64_t n = 2; !taken.insert(name).second; ++n) name = base + " (" + ordinal(n) + ")";
    names.push_back(name);
  }
  return names;
}

}  // namespace clientele
