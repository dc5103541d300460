#include "decoder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>

#include "clientele/base/errors.h"
#include "convert.h"

namespace clientele {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kRun = 256;  ///< elements decoded at a time through a buffer on the stack

[[noreturn]] void fail(const std::string& what, const std::string& where, const std::string& found) {
  throw Error(ErrorKind::input, {what, where, "", found, "write or copy the file again"});
}

class NumberDecoder : public Decoder {
 public:
  explicit NumberDecoder(const h5::ElementType& type)
      : convert_(to_double_converter(type)), wide_(type.form != h5::NumberForm::floating && type.bytes == 8) {}

  void decode(const std::byte* data, size_t stride, int64_t n, double* out) const override {
    convert_(data, stride, n, out);
    if (!wide_) return;
    double most = 0;
    for (int64_t i = 0; i < n; ++i) most = std::max(most, std::fabs(out[i]));
    if (most >= 0x1p53) beyond_.store(true, std::memory_order_relaxed);
  }
  std::string note() const override {
    return beyond_.load(std::memory_order_relaxed)
               ? "holds integers beyond 2^53, which are rounded when used as numbers"
               : "";
  }

 private:
  ToDouble convert_;
  bool wide_;
  mutable std::atomic<bool> beyond_{false};
};

/// Decoders of integers that stand for something else.
class IntegerDecoder : public Decoder {
 public:
  IntegerDecoder(const h5::ElementType& type, std::string where)
      : where_(std::move(where)), convert_(to_integer_converter(type)) {}

  void decode(const std::byte* data, size_t stride, int64_t n, double* out) const override {
    int64_t values[kRun];
    for (int64_t done = 0; done < n; done += kRun) {
      const int64_t count = std::min(kRun, n - done);
      if (!convert_(data + static_cast<size_t>(done) * stride, stride, count, values))
        fail("a code is out of range", where_, "");
      for (int64_t i = 0; i < count; ++i) out[done + i] = meaning(values[i]);
    }
  }

 protected:
  virtual double meaning(int64_t stored) const = 0;
  std::string where_;

 private:
  ToInteger convert_;
};

class CodeDecoder : public IntegerDecoder {
 public:
  CodeDecoder(const h5::ElementType& type, std::vector<double> codes, const std::string& where)
      : IntegerDecoder(type, where), codes_(std::move(codes)) {}

 protected:
  double meaning(int64_t stored) const override {
    if (stored < 0) return kMissing;
    if (stored >= static_cast<int64_t>(codes_.size()))
      fail("a category code has no name", where_, std::to_string(stored));
    return codes_[static_cast<size_t>(stored)];
  }

 private:
  std::vector<double> codes_;
};

class EnumDecoder : public IntegerDecoder {
 public:
  EnumDecoder(const h5::ElementType& type, std::vector<std::pair<int64_t, double>> codes, const std::string& where)
      : IntegerDecoder(type, where), codes_(std::move(codes)) {
    std::sort(codes_.begin(), codes_.end());
  }

 protected:
  double meaning(int64_t stored) const override {
    const auto at =
        std::lower_bound(codes_.begin(), codes_.end(), stored,
                         [](const std::pair<int64_t, double>& entry, int64_t value) { return entry.first < value; });
    if (at != codes_.end() && at->first == stored) return at->second;
    if (stored == -1) return kMissing;
    fail("an enum value has no name", where_, std::to_string(stored));
  }

 private:
  std::vector<std::pair<int64_t, double>> codes_;
};

class TextDecoder : public Decoder {
 public:
  TextDecoder(const h5::ElementType& type, std::shared_ptr<const Dictionary> dictionary, std::string where)
      : type_(type), dictionary_(std::move(dictionary)), where_(std::move(where)) {}

  void decode(const std::byte* data, size_t stride, int64_t n, double* out) const override {
    std::string_view last;
    double last_code = kMissing;
    for (int64_t i = 0; i < n; ++i) {
      const std::string_view text = fixed_text(type_, data + static_cast<size_t>(i) * stride);
      if (text.empty() || text != last) {
        const int32_t code = text.empty() ? -1 : dictionary_->code(text);
        if (code < 0 && !text.empty())
          fail("a text changed while the file was read", where_, std::string(text.substr(0, 80)));
        last = text;
        last_code = code < 0 ? kMissing : static_cast<double>(code);
      }
      out[i] = last_code;
    }
  }

 private:
  h5::ElementType type_;
  std::shared_ptr<const Dictionary> dictionary_;
  std::string where_;
};

}  // namespace

std::unique_ptr<Decoder> number_decoder(const h5::ElementType& type) {
  return std::make_unique<NumberDecoder>(type);
}

std::unique_ptr<Decoder> code_decoder(const h5::ElementType& type, std::vector<double> codes,
                                      const std::string& where) {
  return std::make_unique<CodeDecoder>(type, std::move(codes), where);
}

std::unique_ptr<Decoder> enum_decoder(const h5::ElementType& type, std::vector<std::pair<int64_t, double>> codes,
                                      const std::string& where) {
  return std::make_unique<EnumDecoder>(type, std::move(codes), where);
}

std::unique_ptr<Decoder> text_decoder(const h5::ElementType& type, std::shared_ptr<const Dictionary> dictionary,
                                      const std::string& where) {
  return std::make_unique<TextDecoder>(type, std::move(dictionary), where);
}

std::string_view fixed_text(const h5::ElementType& type, const std::byte* data) {
  const char* text = reinterpret_cast<const char*>(data);
  size_t length = strnlen(text, static_cast<size_t>(type.bytes));
  if (type.space_padded) {
    while (length > 0 && text[length - 1] == ' ') --length;
  }
  return {text, length};
}

}  // namespace clientele
