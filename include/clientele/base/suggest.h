// "Did you mean ...?" for misspelt keys, columns and datasets.
#pragma once

#include <span>
#include <string>

namespace clientele {

/// The candidate nearest to `word` by edit distance with transpositions (letters compared without case), the first one
/// among equals; empty when none is near enough to be a likely misspelling (more than a third of the longer word's
/// letters differ).
std::string nearest(const std::string& word, std::span<const std::string> candidates);

}  // namespace clientele
