// LZF inside the library, for what only the library reads: texts of variable length. Everything else is decoded by
// decode_chunk().
#pragma once

#include <cstddef>

#include "dataset.h"

namespace clientele::h5 {

/// Makes the library decode LZF (it still cannot write it). Once a process, under the Lock that starts the library.
void register_lzf();

/// While it lives, the library's LZF chunks must decode to exactly the length of the dataset's: the library itself does
/// not look, and would read past the end of a damaged one. Needs a Lock for its whole life; may not be nested.
class LzfChunks {
 public:
  explicit LzfChunks(const Dataset& set);
  ~LzfChunks();
  LzfChunks(const LzfChunks&) = delete;
  LzfChunks& operator=(const LzfChunks&) = delete;
};

}  // namespace clientele::h5
