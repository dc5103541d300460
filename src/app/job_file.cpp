#include "job_file.h"

// The parser states what it believes of its input by assertions, and without them goes on as if it held (3.3.0 believes
// too much of some broken keys). Here a belief that does not hold is a broken job file.
#undef NDEBUG
namespace clientele {
struct BrokenToml {};
static constexpr void require_toml(bool holds) {
  if (!holds) throw BrokenToml();
}
}  // namespace clientele
#define TOML_ASSERT(holds) ::clientele::require_toml(static_cast<bool>(holds))
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "clientele/base/errors.h"
#include "clientele/base/files.h"

namespace clientele {
namespace {

/// Past the end of the string that starts at i; past the end of the line if a one-line string is not closed.
size_t skip_string(std::string_view text, size_t i) {
  const char quote = text[i];
  const std::string three(3, quote);
  const bool long_one = text.substr(i, 3) == three;
  i += long_one ? 3 : 1;
  while (i < text.size()) {
    if (quote == '"' && text[i] == '\\') {
      i += 2;
    } else if (long_one && text.substr(i, 3) == three) {
      i += 3;
      while (i < text.size() && text[i] == quote) ++i;  // up to two quotes before the closing three belong to it
      return i;
    } else if (!long_one && (text[i] == quote || text[i] == '\n')) {
      return i + 1;
    } else {
      ++i;
    }
  }
  return text.size();
}

/// Position of the first character that is not ASCII and stands in no string and no comment, or npos. TOML has no place
/// for one, and toml++ 3.3.0 runs into undefined behaviour there (is_non_ascii_horizontal_whitespace).
size_t find_stray(std::string_view text) {
  size_t i = text.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
  while (i < text.size()) {
    if (text[i] == '#')
      i = std::min(text.find('\n', i), text.size());
    else if (text[i] == '"' || text[i] == '\'')
      i = skip_string(text, i);
    else if (static_cast<unsigned char>(text[i]) >= 0x80)
      return i;
    else
      ++i;
  }
  return std::string_view::npos;
}

class JobReader {
 public:
  JobReader(std::string name, std::vector<Problem>& problems) : name_(std::move(name)), problems_(problems) {}

  std::vector<Setting> read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string section(key.str());
      const toml::table* table = node.as_table();
      if (table == nullptr) {
        complain(node,
                 "\"" + section + "\" stands outside any section: a key belongs under [input], [cluster] and so on");
      } else if (section == "columns" || section == "blocks") {
        read_named(section, *table);
      } else {
        read_section(section, *table);
      }
    }
    return std::move(settings_);
  }

 private:
  std::string place(const toml::node& node) const {
    const toml::source_position at = node.source().begin;
    return name_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  }
  void complain(const toml::node& node, const std::string& text) { problems_.push_back({place(node), text}); }

  void read_named(const std::string& family, const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (const toml::table* one = node.as_table()) {
        read_section(family + "." + name, *one);
      } else {
        complain(node, "[" + family + "] holds one table per name: write [" + family + "." + name +
                           "] and its keys below it");
      }
    }
  }

  void read_section(const std::string& section, const toml::table& table) {
    if (table.empty()) settings_.push_back({section, "", Scalar{false}, {Layer::job_file, place(table)}});
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      SettingValue value;
      if (convert(node, section + "." + name, value))
        settings_.push_back({section, name, std::move(value), {Layer::job_file, place(node)}});
    }
  }

  bool convert(const toml::node& node, const std::string& key, SettingValue& value) {
    Scalar scalar;
    if (convert_scalar(node, scalar)) {
      value = scalar;
      return true;
    }
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      complain(node, key + " is a table where a value belongs");
      return false;
    }
    std::vector<Scalar> list;
    for (const toml::node& element : *array) {
      if (!convert_scalar(element, scalar)) {
        complain(element, key + " is a list of lists or tables; expected a list of plain values");
        return false;
      }
      list.push_back(scalar);
    }
    value = std::move(list);
    return true;
  }

  template <class T>
  static std::string text_of(const T& date) {
    std::ostringstream text;
    text << date;
    return text.str();
  }

  static bool convert_scalar(const toml::node& node, Scalar& out) {
    if (const auto* flag = node.as_boolean()) {
      out = flag->get();
    } else if (const auto* whole = node.as_integer()) {
      out = whole->get();
    } else if (const auto* real = node.as_floating_point()) {
      out = real->get();
    } else if (const auto* text = node.as_string()) {
      out = text->get();
    } else if (const auto* day = node.as_date()) {
      out = text_of(day->get());
    } else if (const auto* moment = node.as_date_time()) {
      out = text_of(moment->get());
    } else {
      return false;
    }
    return true;
  }

  std::string name_;
  std::vector<Problem>& problems_;
  std::vector<Setting> settings_;
};

}  // namespace

std::vector<Setting> parse_job(const std::string& text, const std::string& name, std::vector<Problem>& problems) {
  constexpr const char* kHint =
      "A text value needs quotes; `clientele validate --keys` prints a job file to start from.";
  if (const size_t stray = find_stray(text); stray != std::string::npos) {
    const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(stray), '\n') + 1;
    throw Error(ErrorKind::usage, {.what = "the job file is not valid TOML",
                                   .where = name + ":" + std::to_string(line),
                                   .expected = "characters other than ASCII in quotes or comments only",
                                   .found = "one outside",
                                   .hint = kHint});
  }
  toml::table root;
  try {
    root = toml::parse(std::string_view(text), std::string_view(name));
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    throw Error(ErrorKind::usage, {.what = "the job file is not valid TOML",
                                   .where = name + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
                                   .expected = "",
                                   .found = std::string(error.description()),
                                   .hint = kHint});
  } catch (const BrokenToml&) {
    throw Error(ErrorKind::usage, {.what = "the job file is not valid TOML",
                                   .where = name,
                                   .expected = "[section] lines and key = value lines",
                                   .found = "something else, in a key or a value",
                                   .hint = kHint});
  }
  return JobReader(name, problems).read(root);
}

std::vector<Setting> read_job_file(const std::filesystem::path& path, std::vector<Problem>& problems) {
  std::string text;
  try {
    text = read_text(path);
  } catch (const Error& error) {
    Complaint complaint = error.complaint();
    complaint.hint = "Give the path of a job file (TOML) that can be read.";
    throw Error(ErrorKind::usage, complaint);
  }
  return parse_job(text, path.filename().string(), problems);
}

}  // namespace clientele
