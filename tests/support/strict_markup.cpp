#include "tests/support/strict_markup.h"

#include <algorithm>
#include <array>
#include <set>

namespace clientele::test {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view document) : rest_(document), size_(document.size()) {}

  Markup read() {
    const std::string_view doctype = "<!DOCTYPE html>";
    if (rest_.substr(0, doctype.size()) == doctype) rest_.remove_prefix(doctype.size());
    while (!rest_.empty() && out_.fault.empty()) {
      if (rest_.front() == '<') {
        tag();
      } else {
        characters();
      }
    }
    if (out_.fault.empty() && !open_.empty()) fail("<" + open_.back() + "> is not closed");
    return std::move(out_);
  }

 private:
  void fail(const std::string& what) {
    out_.fault = what + " at byte " + std::to_string(size_ - rest_.size());
    rest_ = {};
  }

  std::string name() {
    size_t n = 0;
    while (n < rest_.size() &&
           (std::isalnum(static_cast<unsigned char>(rest_[n])) != 0 || rest_[n] == '-' || rest_[n] == '_'))
      ++n;
    const std::string found(rest_.substr(0, n));
    rest_.remove_prefix(n);
    return found;
  }

  bool take(std::string_view wanted) {
    if (rest_.substr(0, wanted.size()) != wanted) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }

  std::string entity() {
    static const std::array<std::pair<const char*, const char*>, 5> kEntities = {
        {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}}};
    for (const auto& [written, meant] : kEntities)
      if (take(written)) return meant;
    fail("unknown entity");
    return "";
  }

  void characters() {
    const bool style = !open_.empty() && open_.back() == "style";
    while (!rest_.empty() && rest_.front() != '<') {
      if (rest_.front() == '&') {
        out_.text += entity();
        continue;
      }
      if (rest_.front() == '>' && !style) return fail("a bare >");
      const auto c = static_cast<unsigned char>(rest_.front());
      if (c < 0x20 && c != '\n' && c != '\t') return fail("a control character");
      if (!style) out_.text += rest_.front();
      rest_.remove_prefix(1);
    }
  }

  void attribute(std::set<std::string>& seen) {
    const std::string key = name();
    if (key.empty() || !seen.insert(key).second) return fail("a bad or repeated attribute " + key);
    if (!take("=\"")) return fail("attribute " + key + " is not quoted");
    std::string value;
    while (!rest_.empty() && rest_.front() != '"' && out_.fault.empty()) {
      if (rest_.front() == '<') return fail("a < in attribute " + key);
      if (rest_.front() == '&') {
        value += entity();
      } else {
        value += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    if (!take("\"")) return fail("attribute " + key + " does not end");
    if (std::find(out_.attributes.begin(), out_.attributes.end(), key) == out_.attributes.end())
      out_.attributes.push_back(key);
    if (key == "id") out_.ids.push_back(value);
    if (key == "href") out_.links.push_back(value);
  }

  void tag() {
    take("<");
    if (take("/")) {
      const std::string closed = name();
      if (open_.empty() || open_.back() != closed || !take(">")) return fail("</" + closed + "> closes nothing");
      open_.pop_back();
      out_.text += ' ';
      return;
    }
    const std::string opened = name();
    if (opened.empty()) return fail("a bare <");
    ++out_.elements[opened];
    std::set<std::string> seen;
    while (take(" ")) {
      if (take("/>")) return;
      attribute(seen);
      if (!out_.fault.empty()) return;
    }
    if (!take(">")) return fail("<" + opened + "> does not end");
    open_.push_back(opened);
  }

  std::string_view rest_;
  size_t size_;
  std::vector<std::string> open_;
  Markup out_;
};

}  // namespace

Markup read_markup(std::string_view document) {
  return Reader(document).read();
}

}  // namespace clientele::test
