#include <algorithm>

#include "cell_reader.h"

namespace clientele::h5 {
namespace {

constexpr int64_t kPieceBytes = int64_t{1} << 18;  ///< stays in the second-level cache until it is converted

class ContiguousReader : public CellReader {
 public:
  ContiguousReader(const Dataset& set, int threads)
      : CellReader(set.type, set),
        file_(set.file),
        offset_(set.offset),
        row_bytes_(cells_ * set.type.bytes),
        use_(set.file, {.file = set.file.get(), .threads = threads, .call_bytes = std::max(kPieceBytes, row_bytes_)}) {}

  void read(int64_t first_row, int64_t rows, std::span<const int64_t>, const CellSink& sink) override {
    const int64_t most = std::max<int64_t>(1, kPieceBytes / std::max<int64_t>(1, row_bytes_));
    const size_t bytes = static_cast<size_t>(std::min(most, rows) * row_bytes_);
    const ReadCache::Buffer buffer = file_->cache().take(bytes);
    buffer->resize(std::max(buffer->size(), bytes));
    for (int64_t done = 0; done < rows; done += most) {
      const int64_t count = std::min(most, rows - done);
      file_->read_bytes(offset_ + (first_row + done) * row_bytes_, count * row_bytes_, buffer->data());
      sink({first_row + done, count, 0, cells_, buffer->data(), static_cast<size_t>(row_bytes_)});
    }
  }

  std::string path() const override { return "contiguous pread"; }

 private:
  std::shared_ptr<const File> file_;
  int64_t offset_;
  int64_t row_bytes_;
  CacheUse use_;
};

}  // namespace

std::unique_ptr<CellReader> open_contiguous(const Dataset& set, int threads) {
  return std::make_unique<ContiguousReader>(set, threads);
}

}  // namespace clientele::h5
