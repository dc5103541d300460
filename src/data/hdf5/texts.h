// Texts of variable length, which only the library can read; and small text lists (column names, category names).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset.h"

namespace clientele::h5 {

/// Calls each(row, text) for rows [first, first + rows) in order. The dataset is 1-D and of variable text, or a
/// compound with such a field (named). A text that was never written is empty. Throws Error{input}.
void read_variable_texts(const Dataset& set, const std::string& field, int64_t first, int64_t rows,
                         const std::function<void(int64_t row, std::string_view text)>& each);

/// All texts of a 1-D dataset of texts, fixed or variable. Throws Error{input} past `most` of them.
std::vector<std::string> read_text_list(const Dataset& set, int64_t most);

/// An attribute of a group or dataset as texts: a scalar gives one. Empty when it is absent or no text.
std::vector<std::string> text_attribute(const File& file, const std::string& object, const std::string& name);
/// The single text of an attribute, or empty.
std::string text_of(const File& file, const std::string& object, const std::string& name);
/// Integers of an attribute (shape of a sparse matrix); empty when it is absent or something else.
std::vector<int64_t> integer_attribute(const File& file, const std::string& object, const std::string& name);

}  // namespace clientele::h5
