#include "job_bind.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "clientele/base/suggest.h"
#include "setting_text.h"

namespace clientele {
namespace {

/// Limits in full: 100000, not 1e+05.
std::string number_text(double x) {
  char buffer[32];
  const bool plain = std::fabs(x) >= 1e-4 && std::fabs(x) < 1e16;
  const auto format = plain ? std::chars_format::fixed : std::chars_format::general;
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, x, format).ptr);
}

std::string range_text(const FieldInfo& info) {
  if (std::isinf(info.high)) return "at least " + number_text(info.low);
  if (std::isinf(info.low)) return "at most " + number_text(info.high);
  return number_text(info.low) + " to " + number_text(info.high);
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string best = nearest(word, candidates);
  return best.empty() ? "" : "; did you mean \"" + best + "\"?";
}

template <class T>
std::string range_fault(const FieldInfo& info, T value) {
  const double x = static_cast<double>(value);
  if (x >= info.low && x <= info.high) return {};
  return "expected " + range_text(info) + ", found " + number_text(x);
}

template <class T>
std::string check(const FieldInfo&, const T&) {
  return {};
}
std::string check(const FieldInfo& info, int64_t value) {
  return range_fault(info, value);
}
std::string check(const FieldInfo& info, double value) {
  return range_fault(info, value);
}
template <class T>
std::string check_all(const FieldInfo& info, const std::vector<T>& values) {
  for (const T& value : values)
    if (std::string fault = range_fault(info, value); !fault.empty()) return fault;
  return {};
}
std::string check(const FieldInfo& info, const std::vector<int64_t>& values) {
  return check_all(info, values);
}
std::string check(const FieldInfo& info, const std::vector<double>& values) {
  return check_all(info, values);
}

/// Binds the settings of one section at a time.
class Binder : public SpecVisitor {
 public:
  Binder(const std::vector<Setting>& settings, BoundJob& bound, std::vector<Problem>& problems)
      : settings_(settings), bound_(bound), problems_(problems) {}

  void begin(const std::string& section) {
    section_ = section;
    keys_.clear();
  }
  /// Complains about the section's keys that no field asked for.
  void end() {
    for (const Setting& setting : settings_) {
      if (setting.section != section_ || setting.key.empty()) continue;
      if (std::find(keys_.begin(), keys_.end(), setting.key) != keys_.end()) continue;
      problems_.push_back({setting.origin.text, "unknown key \"" + setting.key + "\" in [" + section_ + "]" +
                                                    did_you_mean(setting.key, keys_)});
    }
  }

  void field(const FieldInfo& info, bool& value) override { bind(info, value); }
  void field(const FieldInfo& info, int64_t& value) override { bind(info, value); }
  void field(const FieldInfo& info, double& value) override { bind(info, value); }
  void field(const FieldInfo& info, std::string& value) override { bind(info, value); }
  void field(const FieldInfo& info, std::vector<std::string>& value) override { bind(info, value); }
  void field(const FieldInfo& info, std::vector<int64_t>& value) override { bind(info, value); }
  void field(const FieldInfo& info, std::vector<double>& value) override { bind(info, value); }
  void choice(const FieldInfo& info, int& index) override {
    each_value(info, [&](const Setting& setting) {
      std::string word;
      if (std::string fault = read_setting(setting.value, word); !fault.empty()) return fault;
      const auto found = std::find(info.choices.begin(), info.choices.end(), word);
      if (found != info.choices.end()) {
        index = static_cast<int>(found - info.choices.begin());
        return std::string();
      }
      std::string list;
      for (const std::string& choice : info.choices) list += (list.empty() ? "" : ", ") + choice;
      return "expected one of " + list + ", found \"" + word + "\"" + did_you_mean(word, info.choices);
    });
  }

 private:
  template <class T>
  void bind(const FieldInfo& info, T& value) {
    each_value(info, [&](const Setting& setting) {
      T read{};
      std::string fault = read_setting(setting.value, read);
      if (fault.empty()) fault = check(info, read);
      if (fault.empty()) value = std::move(read);
      return fault;
    });
  }

  template <class F>
  void each_value(const FieldInfo& info, F&& take) {
    keys_.push_back(info.name);
    const std::string key = section_ + "." + info.name;
    Origin& origin = bound_.origins[key];
    for (const Setting& setting : settings_) {
      if (setting.section != section_ || setting.key != info.name) continue;
      if (std::string fault = take(setting); !fault.empty())
        problems_.push_back({setting.origin.text, key + ": " + fault});
      origin = setting.origin;
    }
  }

  const std::vector<Setting>& settings_;
  BoundJob& bound_;
  std::vector<Problem>& problems_;
  std::string section_;
  std::vector<std::string> keys_;
};

/// Declares the columns and blocks that settings name and complains about sections that do not exist.
void declare_sections(const std::vector<Setting>& settings, Job& job, std::vector<Problem>& problems) {
  for (const Setting& setting : settings) {
    if (setting.section.starts_with("columns.")) job.columns[setting.section.substr(8)];
    if (setting.section.starts_with("blocks.")) job.blocks[setting.section.substr(7)];
  }
  std::vector<std::string> known;
  each_section(job, [&](const std::string& name, auto&) { known.push_back(name); });
  std::vector<std::string> offered = known;
  offered.insert(offered.end(), {"columns", "blocks"});
  std::set<std::string> told;
  for (const Setting& setting : settings) {
    if (std::find(known.begin(), known.end(), setting.section) != known.end() || !told.insert(setting.section).second)
      continue;
    const bool family = setting.section == "columns" || setting.section == "blocks";
    problems.push_back({setting.origin.text,
                        family ? "[" + setting.section + "] holds one table per name: " + setting.section + ".NAME.key"
                               : "unknown section [" + setting.section + "]" + did_you_mean(setting.section, offered)});
  }
}

}  // namespace

BoundJob bind_job(const std::vector<Setting>& settings, std::vector<Problem>& problems) {
  BoundJob bound;
  declare_sections(settings, bound.job, problems);
  Binder binder(settings, bound, problems);
  each_section(bound.job, [&](const std::string& name, auto& spec) {
    binder.begin(name);
    spec.visit(binder);
    binder.end();
  });
  return bound;
}

}  // namespace clientele
