// The texts of a category column, sorted by bytes; code i is texts[i].
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace clientele {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// More distinct texts than this are no categories (names, addresses): the column is left out, and says so.
inline constexpr size_t kMostCategories = 100'000;

/// Distinct texts as they are met. Not thread-safe: one a thread, then merged.
class TextSet {
 public:
  /// True if the text is new.
  bool add(std::string_view text) {
    if (full() || texts_.find(text) != texts_.end()) return false;
    texts_.emplace(text);
    return true;
  }
  void merge(const TextSet& other) {
    for (const std::string& text : other.texts_) add(text);
  }
  bool full() const { return texts_.size() > kMostCategories; }
  std::vector<std::string> sorted() const;

 private:
  std::unordered_set<std::string, TextHash, std::equal_to<>> texts_;
};

/// Text to code.
class Dictionary {
 public:
  explicit Dictionary(std::vector<std::string> sorted_texts);
  /// -1 where there is none.
  int32_t code(std::string_view text) const {
    const auto at = codes_.find(text);
    return at == codes_.end() ? -1 : at->second;
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>> codes_;
};

}  // namespace clientele
