#include "dictionary.h"

#include <algorithm>

namespace clientele {

std::vector<std::string> TextSet::sorted() const {
  std::vector<std::string> out(texts_.begin(), texts_.end());
  std::sort(out.begin(), out.end());
  return out;
}

Dictionary::Dictionary(std::vector<std::string> sorted_texts) : texts_(std::move(sorted_texts)) {
  codes_.reserve(texts_.size());
  for (size_t i = 0; i < texts_.size(); ++i) codes_.emplace(texts_[i], static_cast<int32_t>(i));
}

}  // namespace clientele
