// From the stored bytes of one column to its doubles: numbers as they are, categories as codes of a sorted dictionary,
// NaN missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dictionary.h"
#include "hdf5/types.h"

namespace clientele {

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// n elements, `stride` bytes apart (0: the same one n times). Thread-safe.
  virtual void decode(const std::byte* data, size_t stride, int64_t n, double* out) const = 0;
  /// What was met while decoding and should be known; empty if nothing was.
  virtual std::string note() const { return ""; }
};

/// Numbers and flags. Integers beyond 2^53 are noted: doubles cannot tell them apart.
std::unique_ptr<Decoder> number_decoder(const h5::ElementType& type);
/// Stored codes 0 .. codes.size() become codes[stored]; negative ones are missing, others Error{input} at `where`.
std::unique_ptr<Decoder> code_decoder(const h5::ElementType& type, std::vector<double> codes, const std::string& where);
/// Enums: (stored value, code) pairs; other values are Error{input} at `where`, -1 is missing unless it is a member.
std::unique_ptr<Decoder> enum_decoder(const h5::ElementType& type, std::vector<std::pair<int64_t, double>> codes,
                                      const std::string& where);
/// Texts of fixed length. A text that is not in the dictionary is Error{input} (the file changed while it was read).
std::unique_ptr<Decoder> text_decoder(const h5::ElementType& type, std::shared_ptr<const Dictionary> dictionary,
                                      const std::string& where);

/// The text of one fixed-length element, without its padding.
std::string_view fixed_text(const h5::ElementType& type, const std::byte* data);

}  // namespace clientele
