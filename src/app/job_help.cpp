#include "job_help.h"

#include <charconv>
#include <cmath>

#include "job.h"

namespace clientele {
namespace {

template <class T>
std::string literal(T value) {
  char buffer[32];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}
/// Whole limits are written in full: 100000, not 1e+05.
std::string limit(double value) {
  const bool whole = std::trunc(value) == value && std::fabs(value) < 1e15;
  return whole ? literal(static_cast<int64_t>(value)) : literal(value);
}
std::string literal(bool value) {
  return value ? "true" : "false";
}
std::string literal(const std::string& value) {
  return '"' + value + '"';
}
template <class T>
std::string literal(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) text += (text.empty() ? "" : ", ") + literal(value);
  return '[' + text + ']';
}

std::string range_of(const FieldInfo& info) {
  const bool low = !std::isinf(info.low), high = !std::isinf(info.high);
  if (low && high) return limit(info.low) + " to " + limit(info.high);
  if (low) return "at least " + limit(info.low);
  return high ? "at most " + limit(info.high) : "";
}

std::string wrap(const std::string& text, const std::string& indent, size_t width) {
  std::string out, line = indent;
  for (size_t start = 0; start < text.size();) {
    size_t end = text.find(' ', start);
    if (end == std::string::npos) end = text.size();
    if (line.size() > indent.size() && line.size() + end - start + 1 > width) {
      out += line + '\n';
      line = indent;
    }
    line += (line.size() > indent.size() ? " " : "") + text.substr(start, end - start);
    start = end + 1;
  }
  return out + line + '\n';
}

/// Hands each key to write(info, type, default literal).
template <class F>
class Describe : public SpecVisitor {
 public:
  explicit Describe(F write) : write_(std::move(write)) {}
  void field(const FieldInfo& info, bool& v) override { write_(info, "true or false", literal(v)); }
  void field(const FieldInfo& info, int64_t& v) override { write_(info, "whole number", literal(v)); }
  void field(const FieldInfo& info, double& v) override { write_(info, "number", literal(v)); }
  void field(const FieldInfo& info, std::string& v) override { write_(info, "text", literal(v)); }
  void field(const FieldInfo& info, std::vector<std::string>& v) override {
    write_(info, "text or list of texts", literal(v));
  }
  void field(const FieldInfo& info, std::vector<int64_t>& v) override {
    write_(info, "whole number or list", literal(v));
  }
  void field(const FieldInfo& info, std::vector<double>& v) override { write_(info, "list of numbers", literal(v)); }
  void choice(const FieldInfo& info, int& index) override {
    std::string choices;
    for (const std::string& choice : info.choices) choices += (choices.empty() ? "" : " | ") + choice;
    write_(info, choices, literal(info.choices.at(static_cast<size_t>(index))));
  }

 private:
  F write_;
};

Job specimen() {
  Job job;
  job.columns["NAME"];
  job.blocks["NAME"];
  return job;
}

std::string facts(const FieldInfo& info, const std::string& type, const std::string& standard) {
  const std::string range = range_of(info);
  return type + (range.empty() ? "" : ", " + range) + "; default " + standard;
}

constexpr const char* kLayers =
    "A value comes from, in ascending strength: its default; the job file; the environment variable\n"
    "CLIENTELE_SECTION__KEY (CLIENTELE_CLUSTER__K=5; CLIENTELE_COLUMNS__income__WEIGHT=2 for a named\n"
    "section, the name as it is); --set section.key=value; a direct flag such as --out. Lists are\n"
    "written [2, 10] everywhere. Paths in a job file are relative to it, others to the working folder.\n";

}  // namespace

std::string job_help() {
  std::string text = "Keys of a job file (TOML):\n";
  Job job = specimen();
  each_section(job, [&](const std::string& name, auto& spec) {
    text += "\n[" + name + "]\n";
    Describe describe([&](const FieldInfo& info, const std::string& type, const std::string& standard) {
      text += "  " + info.name + "  (" + facts(info, type, standard) + ")\n" + wrap(info.help, "      ", 100);
    });
    spec.visit(describe);
  });
  return text + "\n" + kLayers;
}

std::string job_template() {
  std::string text =
      "# A job of clientele with every key at its default. Take away the # of the lines that you change.\n";
  Job job = specimen();
  each_section(job, [&](const std::string& name, auto& spec) {
    const bool named = name.ends_with(".NAME");
    text += std::string(named ? "\n#[" : "\n[") + name + "]\n";
    Describe describe([&](const FieldInfo& info, const std::string& type, const std::string& standard) {
      text += wrap(info.help + " (" + facts(info, type, standard) + ")", "# ", 110) + '#' + info.name + " = " +
              standard + '\n';
    });
    spec.visit(describe);
  });
  return text;
}

}  // namespace clientele
