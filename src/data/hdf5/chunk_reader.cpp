#include <algorithm>

#include "cell_reader.h"
#include "handles.h"

namespace clientele::h5 {
namespace {

constexpr int64_t kPieceRows = 16384;  ///< twice the rows that callers read at a time

/// One element's fill value, repeated over a chunk's row.
std::vector<std::byte> fill_row(hid_t dataset, const Dataset& set, int64_t cells) {
  const size_t element = static_cast<size_t>(set.type.bytes);
  std::vector<std::byte> row(element * static_cast<size_t>(cells));
  const Handle properties(H5Dget_create_plist(dataset), H5Pclose);
  const Handle type(H5Dget_type(dataset), H5Tclose);
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  std::vector<std::byte> value(element);
  const bool has_value = H5Pfill_value_defined(properties, &defined) >= 0 && defined == H5D_FILL_VALUE_USER_DEFINED;
  if (!has_value || H5Pget_fill_value(properties, type, value.data()) < 0) return row;
  for (size_t i = 0; i < row.size(); ++i) row[i] = value[i % element];
  return row;
}

/// Gives a claimed chunk back if decoding it fails, so that nobody waits for ever.
class Claim {
 public:
  Claim(ReadCache& cache, int64_t reader, int64_t chunk) : cache_(cache), reader_(reader), chunk_(chunk) {}
  ~Claim() {
    if (open_) cache_.abandon(reader_, chunk_);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  ReadCache::Bytes publish(ReadCache::Bytes bytes) {
    cache_.publish(reader_, chunk_, bytes);
    open_ = false;
    return bytes;
  }

 private:
  ReadCache& cache_;
  int64_t reader_, chunk_;
  bool open_ = true;
};

class ChunkReader : public CellReader {
 public:
  ChunkReader(const Dataset& set, int threads)
      : CellReader(set.type, set),
        set_(set),
        chunk_rows_(set.chunk[0]),
        chunk_cells_(set.chunk.size() > 1 ? set.chunk[1] : 1),
        across_((cells_ + chunk_cells_ - 1) / chunk_cells_),
        down_((rows_ + chunk_rows_ - 1) / chunk_rows_),
        ahead_(threads),
        use_(set.file, needs(threads)) {
    const Lock lock;
    dataset_ = own(H5Dopen2(set.file->handle(), set.path.c_str(), H5P_DEFAULT), H5Dclose, ErrorKind::input,
                   "cannot open a dataset", set.where());
    fill_row_ = fill_row(dataset_, set, chunk_cells_);
  }

  void read(int64_t first_row, int64_t rows, std::span<const int64_t> wanted, const CellSink& sink) override {
    std::vector<int64_t> columns;  // of chunks that hold a wanted cell
    for (const int64_t cell : wanted) {
      if (columns.empty() || columns.back() != cell / chunk_cells_) columns.push_back(cell / chunk_cells_);
    }
    const int64_t end = first_row + rows;
    for (int64_t r = first_row / chunk_rows_; r * chunk_rows_ < end; ++r) {
      read_chunk_row(r, columns, first_row, end, sink);
    }
  }

  std::string path() const override { return "direct chunks"; }

 private:
  ReadCache::Reader needs(int threads) const {
    const int64_t row = chunk_cells_ * across_ * set_.type.bytes;
    const int64_t chunk_row = chunk_rows_ * row;
    return {.file = set_.file.get(),
            .threads = threads,
            .call_bytes = 2 * static_cast<int64_t>(decoded_bytes()),  // as it is stored, and decoded
            .row_bytes = chunk_row,
            .wish_bytes = (threads + 2) * (chunk_row + kPieceRows * row)};
  }

  size_t decoded_bytes() const { return static_cast<size_t>(chunk_rows_ * chunk_cells_ * set_.type.bytes); }
  ReadCache& cache() const { return set_.file->cache(); }

  /// Chunks that another thread is decoding come last: meanwhile this one decodes others, and then chunks further down.
  void read_chunk_row(int64_t r, const std::vector<int64_t>& columns, int64_t first, int64_t end,
                      const CellSink& sink) {
    std::vector<int64_t> left = columns;
    while (!left.empty()) {
      std::vector<int64_t> busy;
      for (const int64_t c : left) {
        ReadCache::Bytes bytes;
        const ReadCache::Found found = cache().find_or_claim(use_.number(), r * across_ + c, bytes);
        if (found == ReadCache::Found::busy) {
          busy.push_back(c);
          continue;
        }
        if (found == ReadCache::Found::claimed) bytes = decode_claimed(r, c);
        deliver(r, c, *bytes, first, end, sink);
      }
      if (busy.size() == left.size() && !decode_ahead(r, left)) cache().wait(use_.number(), r * across_ + busy.front());
      left = std::move(busy);
    }
  }

  bool decode_ahead(int64_t r, const std::vector<int64_t>& columns) {
    const int64_t room = cache().share(use_.number()) / (chunk_cells_ * across_ * set_.type.bytes * chunk_rows_) - 1;
    const int64_t end = std::min(down_, r + 1 + std::clamp<int64_t>(room, 0, ahead_));
    for (int64_t next = r + 1; next < end; ++next) {
      for (const int64_t c : columns) {
        ReadCache::Bytes bytes;
        if (cache().find_or_claim(use_.number(), next * across_ + c, bytes) != ReadCache::Found::claimed) continue;
        decode_claimed(next, c);
        return true;
      }
    }
    return false;
  }

  ReadCache::Bytes decode_claimed(int64_t r, int64_t c) {
    Claim claim(cache(), use_.number(), r * across_ + c);
    return claim.publish(decode(r, c));
  }

  /// Empty bytes stand for a chunk that was never written.
  ReadCache::Bytes decode(int64_t r, int64_t c) {
    const size_t bytes = decoded_bytes();
    const ReadCache::Buffer stored = cache().take(bytes), out = cache().take(bytes);
    uint32_t skipped = 0;
    if (!fetch(r, c, *stored, skipped)) {
      out->clear();
      return out;
    }
    const std::string fault = decode_chunk(set_.filters, skipped, *stored, *out, bytes);
    if (!fault.empty()) fail(r, fault);
    return out;
  }

  bool fetch(int64_t r, int64_t c, std::vector<std::byte>& stored, uint32_t& skipped) {
    const Lock lock;
    const hsize_t offset[2] = {static_cast<hsize_t>(r * chunk_rows_), static_cast<hsize_t>(c * chunk_cells_)};
    hsize_t bytes = 0;
    if (H5Dget_chunk_storage_size(dataset_, offset, &bytes) < 0) {
      // The library has no code of its own for a chunk that was never written, only these words.
      const std::string message = take_library_message();
      if (message.rfind("chunk storage is not allocated", 0) == 0) return false;
      fail(r, message);
    }
    if (bytes == 0) return false;
    if (bytes > static_cast<hsize_t>(set_.file->size_bytes())) fail(r, "it is larger than the file");
    stored.resize(bytes);
    if (H5Dread_chunk(dataset_, H5P_DEFAULT, offset, &skipped, stored.data()) < 0) fail(r, take_library_message());
    return true;
  }

  [[noreturn]] void fail(int64_t r, const std::string& fault) const {
    throw Error(ErrorKind::input, {"a chunk is damaged", set_.where() + " row " + std::to_string(r * chunk_rows_), "",
                                   fault, "write or copy the file again"});
  }

  void deliver(int64_t r, int64_t c, const std::vector<std::byte>& bytes, int64_t first, int64_t end,
               const CellSink& sink) const {
    CellRun run;
    run.first_row = std::max(first, r * chunk_rows_);
    run.rows = std::min(end, (r + 1) * chunk_rows_) - run.first_row;
    run.first_cell = c * chunk_cells_;
    run.cells = std::min(chunk_cells_, cells_ - run.first_cell);
    if (bytes.empty()) {
      run.data = fill_row_.data();
    } else {
      run.row_bytes = static_cast<size_t>(chunk_cells_ * set_.type.bytes);
      run.data = bytes.data() + static_cast<size_t>(run.first_row - r * chunk_rows_) * run.row_bytes;
    }
    sink(run);
  }

  Dataset set_;
  int64_t chunk_rows_, chunk_cells_;
  int64_t across_, down_;
  int64_t ahead_;
  CacheUse use_;
  Handle dataset_;
  std::vector<std::byte> fill_row_;
};

}  // namespace

std::unique_ptr<CellReader> open_chunks(const Dataset& set, int threads) {
  return std::make_unique<ChunkReader>(set, threads);
}

}  // namespace clientele::h5
