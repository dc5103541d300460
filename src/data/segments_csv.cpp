// segments.csv, RFC 4180, lines end in LF as every reader of tables expects on this system.
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <system_error>

#include "clientele/base/errors.h"
#include "clientele/base/files.h"
#include "clientele/data/segments_file.h"
#include "distinct_names.h"

namespace clientele {

namespace {

constexpr size_t kBufferBytes = 1 << 20;

class TextFile {
 public:
  explicit TextFile(const std::filesystem::path& path)
      : path_(path), file_(std::fopen(path.c_str(), "wbe"), std::fclose) {
    if (!file_) fail("cannot open for writing");
    std::setvbuf(file_.get(), nullptr, _IONBF, 0);  // the callers' buffer is the only one
    buffer_.reserve(kBufferBytes + 4096);
  }

  std::string& buffer() { return buffer_; }
  void flush_if_full() {
    if (buffer_.size() >= kBufferBytes) flush();
  }
  void close() {
    flush();
    std::FILE* file = file_.release();
    if (std::fclose(file) != 0) fail("cannot close");
    sync_file(path_);
  }

 private:
  void flush() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) fail("cannot write");
    buffer_.clear();
  }
  [[noreturn]] void fail(const char* what) const {
    const int number = errno;
    throw Error(ErrorKind::files, {what, path_.string(), "", std::generic_category().message(number),
                                   number == ENOSPC ? "free some space or choose another output folder" : ""});
  }

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::string buffer_;
};

void append_field(std::string& out, std::string_view value) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

template <class Number>
void append_number(std::string& out, Number value) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end.ptr);
}

void append_id(std::string& out, const IdColumn& ids, int64_t row) {
  switch (ids.kind) {
    case IdColumn::Kind::row_number:
      append_number(out, row);
      return;
    case IdColumn::Kind::integer:
      append_number(out, ids.integers[static_cast<size_t>(row)]);
      return;
    case IdColumn::Kind::text:
      append_field(out, ids.view(row));
  }
}

}  // namespace

void write_segments_csv(const std::filesystem::path& path, const SegmentsFile& content) {
  const SegmentRows& rows = content.rows;
  std::vector<std::string> names;  // quoted once
  for (const std::string& name : distinct_names(content.segment_names)) append_field(names.emplace_back(), name);
  TextFile file(path);
  std::string& out = file.buffer();
  const bool marked = std::isfinite(content.outlier_distance);
  out += marked ? "client_id,segment,segment_id,distance,outlier\n" : "client_id,segment,segment_id,distance\n";
  for (int64_t row = 0; row < rows.ids->rows; ++row) {
    const auto i = static_cast<size_t>(row);
    const int32_t segment = rows.segment[i];
    append_id(out, *rows.ids, row);
    out += ',';
    if (segment >= 0) out += names[static_cast<size_t>(segment)];
    out += ',';
    append_number(out, segment);
    out += ',';
    if (segment >= 0 && !std::isnan(rows.distance[i])) append_number(out, rows.distance[i]);
    if (marked) out += static_cast<double>(rows.distance[i]) > content.outlier_distance ? ",1" : ",0";
    out += '\n';
    file.flush_if_full();
  }
  file.close();
}

}  // namespace clientele
