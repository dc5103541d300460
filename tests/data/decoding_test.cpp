// The pieces of the readers by themselves, against obvious ones.
#include <cmath>
#include <cstring>
#include <random>
#include <thread>

#include "clientele/data/read_cache.h"
#include "src/data/hdf5/filters.h"
#include "src/data/transpose.h"
#include "tests/data/reading.h"

namespace clientele {
namespace {

std::vector<std::byte> random_bytes(size_t n) {
  std::mt19937 generator(7);
  std::vector<std::byte> bytes(n);
  for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
  return bytes;
}

TEST(Unshuffle, PutsTheBytesOfAnElementTogether) {
  for (const size_t element : {1, 2, 3, 4, 5, 8, 12, 16}) {
    for (const size_t bytes : {element, 7 * element, 16 * element, 33 * element, 1000 * element + element - 1}) {
      const std::vector<std::byte> in = random_bytes(bytes);
      std::vector<std::byte> out(bytes), expected = in;
      const size_t n = bytes / element;
      for (size_t i = 0; i < n; ++i) {
        for (size_t b = 0; b < element; ++b) expected[i * element + b] = in[b * n + i];
      }
      h5::unshuffle(in.data(), out.data(), bytes, element);
      EXPECT_EQ(out, expected) << element << " x " << n;
    }
  }
}

TEST(Transpose, EveryKernelGivesTheSameColumns) {
  h5::ElementType type;
  type.kind = h5::ElementKind::number;
  for (const int64_t size : {4, 8}) {
    type.bytes = size;
    ASSERT_FALSE(h5::ElementType(type).numeric() && transpose_kernels(type).empty());
    for (const Transpose kernel : transpose_kernels(type)) {
      for (const size_t columns : {2, 4, 5, 8, 31}) {
        const size_t rows = 23, row_bytes = (columns + 3) * static_cast<size_t>(size);
        std::vector<std::byte> data = random_bytes(rows * row_bytes);
        std::memset(data.data() + row_bytes, 0, row_bytes);
        data[row_bytes + static_cast<size_t>(size) - 1] = std::byte{0x80};  // -0 in the second row
        std::vector<std::vector<double>> out(columns, std::vector<double>(rows + 1, -1.0));
        std::vector<double*> to;
        for (std::vector<double>& column : out) to.push_back(column.data());
        kernel(data.data(), row_bytes, rows, to);
        for (size_t j = 0; j < columns; ++j) {
          std::vector<double> expected(rows + 1, -1.0);
          for (size_t i = 0; i < rows; ++i) {
            float narrow = 0;
            std::memcpy(&narrow, data.data() + i * row_bytes + j * 4, 4);
            std::memcpy(&expected[i], data.data() + i * row_bytes + j * static_cast<size_t>(size),
                        static_cast<size_t>(size));
            if (size == 4) expected[i] = static_cast<double>(narrow);
            if (expected[i] == 0) expected[i] = 0.0;
          }
          EXPECT_TRUE(test::same_values(out[j], expected)) << size << " bytes, column " << j;
        }
      }
    }
  }
}

TEST(Transpose, HasNoKernelForOtherTypes) {
  h5::ElementType type;
  type.kind = h5::ElementKind::number;
  type.bytes = 4;
  type.big_endian = true;
  EXPECT_EQ(transpose_kernel(type), nullptr);
  type.big_endian = false;
  type.form = h5::NumberForm::signed_integer;
  EXPECT_EQ(transpose_kernel(type), nullptr);
}

TEST(DecodeChunk, SaysWhatIsDamaged) {
  const auto fault = [](const std::vector<h5::Filter>& filters, std::vector<std::byte> stored, size_t decoded,
                        uint32_t skipped = 0) {
    std::vector<std::byte> out;
    return h5::decode_chunk(filters, skipped, stored, out, decoded);
  };
  const h5::Filter gzip{1, "gzip", {}}, shuffle{2, "shuffle", {4}}, checksum{3, "fletcher32", {}},
      lzf{32000, "lzf", {}};
  EXPECT_EQ(fault({}, random_bytes(64), 64), "");
  EXPECT_EQ(fault({shuffle}, random_bytes(64), 64), "");
  EXPECT_NE(fault({}, random_bytes(63), 64), "");
  EXPECT_NE(fault({}, {}, 64), "");
  EXPECT_NE(fault({gzip}, random_bytes(64), 64), "");
  EXPECT_EQ(fault({gzip}, random_bytes(64), 64, 1), "");
  EXPECT_NE(fault({gzip}, random_bytes(64), size_t{1} << 40), "");  // found before memory is taken
  EXPECT_NE(fault({lzf}, random_bytes(64), 200), "");
  EXPECT_NE(fault({checksum}, random_bytes(68), 64), "");
  EXPECT_NE(fault({checksum}, random_bytes(3), 64), "");
}

TEST(Fletcher32, AgreesWithTheTextbook) {
  // Sums modulo 65535 of big-endian 16-bit words, an odd last byte high.
  for (const size_t bytes : {0, 1, 2, 3, 719, 720, 721, 5000, 100'001}) {
    const std::vector<std::byte> data = random_bytes(bytes);
    uint64_t a = 0, b = 0;
    for (size_t i = 0; i < bytes; i += 2) {
      const uint64_t low = i + 1 < bytes ? static_cast<uint64_t>(data[i + 1]) : 0;
      a = (a + (static_cast<uint64_t>(data[i]) << 8) + low) % 65535;
      b = (b + a) % 65535;
    }
    const uint32_t sum = h5::fletcher32(data);
    EXPECT_EQ((sum & 0xFFFF) % 65535, a) << bytes;
    EXPECT_EQ((sum >> 16) % 65535, b) << bytes;
  }
}

TEST(ReadCache, GivesAChunkToOneDecoderAndKeepsTheLatest) {
  ReadCache cache;
  const int64_t own = cache.add({.wish_bytes = 250});
  const auto bytes = [] { return std::make_shared<std::vector<std::byte>>(100); };
  ReadCache::Bytes found;
  using Found = ReadCache::Found;
  EXPECT_EQ(cache.find_or_claim(own, 1, found), Found::claimed);
  EXPECT_EQ(cache.find_or_claim(own, 1, found), Found::busy);
  cache.publish(own, 1, bytes());
  EXPECT_EQ(cache.find_or_claim(own, 1, found), Found::ready);
  EXPECT_EQ(found->size(), 100U);
  for (const int64_t chunk : {2, 3}) {
    EXPECT_EQ(cache.find_or_claim(own, chunk, found), Found::claimed);
    EXPECT_EQ(cache.find_or_claim(own, 1, found), Found::ready);  // used again: 2 is the eldest
    cache.publish(own, chunk, bytes());
  }
  EXPECT_EQ(cache.find_or_claim(own, 1, found), Found::ready);
  EXPECT_EQ(cache.find_or_claim(own, 2, found), Found::claimed);
  std::thread waiting([&] { cache.wait(own, 2); });
  cache.abandon(own, 2);
  waiting.join();
  EXPECT_EQ(cache.find_or_claim(own, 2, found), Found::claimed);
}

TEST(ReadCache, IsOneBudgetForAllReaders) {
  const auto cache = std::make_shared<ReadCache>();
  const char files[2] = {};
  std::vector<int64_t> readers;
  for (int i = 0; i < 4; ++i)
    readers.push_back(
        cache->add({.file = &files[i / 2], .threads = 3, .call_bytes = 10 + i, .row_bytes = 400, .wish_bytes = 1000}));
  // Files are read one after another.
  EXPECT_EQ(cache->needs().row_bytes, 800);
  EXPECT_EQ(cache->needs().wish_bytes, 2000);
  EXPECT_EQ(cache->needs().calls_bytes, 39);
  const auto present = [&] {
    int count = 0;
    for (const int64_t reader : readers)
      for (int64_t chunk = 0; chunk < 10; ++chunk) {
        ReadCache::Bytes found;
        const ReadCache::Found state = cache->find_or_claim(reader, chunk, found);
        count += state == ReadCache::Found::ready ? 1 : 0;
        if (state == ReadCache::Found::claimed) cache->abandon(reader, chunk);
      }
    return count;
  };
  const auto fill = [&] {
    for (const int64_t reader : readers)
      for (int64_t chunk = 0; chunk < 10; ++chunk) {
        ReadCache::Bytes found;
        if (cache->find_or_claim(reader, chunk, found) != ReadCache::Found::claimed) continue;
        const ReadCache::Buffer bytes = cache->take(100);
        bytes->resize(100);
        cache->publish(reader, chunk, bytes);
      }
  };
  fill();
  EXPECT_EQ(present(), 20);
  cache->limit(550);
  EXPECT_EQ(present(), 5);
  fill();
  EXPECT_EQ(present(), 5);
  cache->drop();
  EXPECT_EQ(present(), 0);
  cache->limit(0);
  fill();
  EXPECT_EQ(present(), 1);
  for (const int64_t reader : readers) cache->remove(reader);
  EXPECT_EQ(cache->needs().wish_bytes, 0);
}

TEST(ReadCache, GrantsReadersOwnCachesTogether) {
  const auto cache = std::make_shared<ReadCache>();
  const char files[2] = {};
  int dropped = 0;
  const auto add = [&](const char* file, std::function<void()> drop) {
    return cache->add({.file = file, .row_bytes = 100, .wish_bytes = 1000, .drop = std::move(drop)});
  };
  // A cache of a reader's own stays when another file is read; chunks kept here make way for the other's.
  const int64_t own[] = {add(&files[0], [&] { ++dropped; }), add(&files[1], [&] { ++dropped; })};
  const int64_t kept[] = {add(&files[0], nullptr), add(&files[1], nullptr)};
  EXPECT_EQ(cache->needs().row_bytes, 300);
  EXPECT_EQ(cache->needs().wish_bytes, 3000);
  cache->limit(1500);
  EXPECT_EQ(dropped, 2);
  EXPECT_EQ(cache->share(own[0]), 500);
  EXPECT_EQ(cache->share(own[1]), 500);
  for (int64_t chunk = 0; chunk < 10; ++chunk) {
    ReadCache::Bytes found;
    ASSERT_EQ(cache->find_or_claim(kept[1], chunk, found), ReadCache::Found::claimed);
    const ReadCache::Buffer bytes = cache->take(100);
    bytes->resize(100);
    cache->publish(kept[1], chunk, bytes);
  }
  int present = 0;
  for (int64_t chunk = 0; chunk < 10; ++chunk) {
    ReadCache::Bytes found;
    const ReadCache::Found state = cache->find_or_claim(kept[1], chunk, found);
    present += state == ReadCache::Found::ready ? 1 : 0;
    if (state == ReadCache::Found::claimed) cache->abandon(kept[1], chunk);
  }
  EXPECT_EQ(present, 5);
  for (const int64_t reader : own) cache->remove(reader);
  EXPECT_EQ(cache->needs().wish_bytes, 1000);
}

}  // namespace
}  // namespace clientele
