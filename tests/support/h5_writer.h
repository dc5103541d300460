// Small HDF5 files of every kind for the reader's tests, written by the library itself (lzf chunks by a small encoder
// of our own).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clientele::test {

/// How a dataset is stored. Chunked where `chunk` is given.
struct Stored {
  std::vector<int64_t> chunk = {};
  int gzip = 0;  ///< level, 0: none
  bool shuffle = false;
  bool fletcher32 = false;
  bool lzf = false;  ///< chunks are written raw; chunk rows and columns may be of any size
  bool compact = false;
  bool raw_edges = false;  ///< chunks at the edge are not filtered
  int skip_every = 0;      ///< lzf: every n-th chunk is stored with all filters skipped
  bool growing = false;    ///< unlimited first dimension
};

/// One field of a compound: a number type as in H5Writer::numbers and a column of values, or texts of a width (0:
/// variable).
struct RecordColumn {
  std::string name;
  std::string type;
  std::vector<double> numbers = {};
  std::vector<std::string> texts = {};
  int64_t width = 0;
};

/// Creates the file; everything is written and closed by the destructor. Any failure is a std::runtime_error: a fixture
/// must not be half.
class H5Writer {
 public:
  /// newest_format: as the library's newest version writes, not its oldest (object headers, links, chunk indexes).
  explicit H5Writer(std::string path, int64_t user_block = 0, bool newest_format = false);
  ~H5Writer();
  H5Writer(const H5Writer&) = delete;
  H5Writer& operator=(const H5Writer&) = delete;

  void group(const std::string& path);
  /// Row-major values of the given shape. Types as NumPy names them: "i1" "u8" "f2" "f4" "f8", ">" before for
  /// big-endian, "bool" (h5py's enum), "bits" (PyTables' bit field), "i3" (24 bits) and "f10" (x87), which only the
  /// library converts.
  void numbers(const std::string& path, const std::string& type, const std::vector<int64_t>& shape,
               const std::vector<double>& values, const Stored& stored = {});
  void integers(const std::string& path, const std::string& type, const std::vector<int64_t>& values,
                const Stored& stored = {});
  /// width 0: variable length. `padding`: "null" (terminated or padded) or "space".
  void texts(const std::string& path, const std::vector<std::string>& values, int64_t width, const Stored& stored = {},
             const std::string& padding = "null");
  /// An enum of these names with values 0, 1, ..; `values` may hold others.
  void enumeration(const std::string& path, const std::vector<std::string>& names, const std::vector<int64_t>& values);
  void records(const std::string& path, const std::vector<RecordColumn>& columns, const Stored& stored = {});
  /// A copy of a 1-D dataset of these chunks whose chunks are LZF streams: texts of variable length keep the addresses
  /// that the first one's chunks hold.
  void lzf_copy(const std::string& from, const std::string& to, int64_t chunk_rows);
  /// Chunked float32 of which only the listed chunks (by position) are written; the rest is `fill`.
  void sparse_matrix(const std::string& path, int64_t rows, int64_t columns, const std::vector<int64_t>& chunk,
                     float fill, const std::vector<double>& values, const std::vector<int64_t>& written);
  /// A float32 dataset of this shape that is declared and never written.
  void declared(const std::string& path, const std::vector<int64_t>& shape, const Stored& stored = {});
  /// A rows x columns dataset of texts of 4 bytes.
  void text_matrix(const std::string& path, int64_t rows, int64_t columns);
  void with_filter(const std::string& path, int filter_id);
  void external_storage(const std::string& path, const std::string& raw_file);
  void virtual_dataset(const std::string& path, const std::string& source_file, const std::string& source);
  void external_link(const std::string& path, const std::string& file, const std::string& target);
  void soft_link(const std::string& path, const std::string& target);
  void hard_link(const std::string& path, const std::string& target);

  void text_attribute(const std::string& object, const std::string& name, const std::string& value);
  void texts_attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values,
                       bool variable);
  void integers_attribute(const std::string& object, const std::string& name, const std::vector<int64_t>& values);
  /// What AnnData writes as column-order of an empty data frame: float64 of shape (0).
  void empty_attribute(const std::string& object, const std::string& name);

 private:
  void write_lzf(int64_t dataset, int64_t element_bytes, const std::vector<int64_t>& shape,
                 const std::vector<unsigned char>& bytes, const Stored& stored);

  std::string path_;
  int64_t file_ = -1;
};

/// A stream that an LZF decoder expands to `bytes`: literals, and back references for runs.
std::vector<unsigned char> lzf_encoded(const std::vector<unsigned char>& bytes);

/// Overwrites the middle of a chunked dataset's first chunk with other bytes.
void damage_first_chunk(const std::string& path, const std::string& dataset);

/// A path in a temporary folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace clientele::test
