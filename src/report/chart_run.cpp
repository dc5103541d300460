#include <algorithm>
#include <cmath>
#include <cstdio>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

namespace {

constexpr size_t kMostFeatures = 500;

/// Gains are far smaller than the shares that percent() is for.
std::string gain_text(double gain) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2g%%", 100 * gain);
  return text;
}

/// Where the features were while they were clustered.
std::string rows_kept(const Node& memory) {
  if (memory["regime"].line() != "streamed") return memory["regime"].present() ? "in memory" : "";
  const bool gpu = memory["streamed_to"].present();
  const std::string limit = bytes(memory[gpu ? "device_limit_bytes" : "limit_bytes"].number());
  const double scratch = memory["scratch_bytes"].number();
  const std::string from = scratch > 0                            ? ", from a scratch file of " + bytes(scratch)
                           : memory["bytes_written"].number() > 0 ? ", from the host's memory"
                                                                  : ", made from the input block by block";
  const bool compressed = memory["compressed_bytes"].number() > 0;
  return (gpu ? (compressed ? "compressed on" : "streamed to") + std::string(" a GPU with ") + limit + " free"
              : "streamed under a limit of " + limit) +
         from;
}

Html facts(const ReportData& data) {
  const Node run = data.run, result = data.result, device = run["device"], program = run["program"];
  const auto count = [](const Node& node) { return node.is_number() ? number(node.number()) : node.line(); };
  std::string where = device["device"].line();
  if (!device["name"].line().empty() && device["name"].line() != where)
    where = device["name"].line() + (where.empty() ? "" : " (" + where + ")");
  const double seconds = run["seconds"].number(), memory = run["peak_memory_bytes"].number();
  const double gain = result["last_gain"].number(), start_rows = result["start_rows"].number(0);
  std::string converged = result["converged"].present() ? (result["converged"].truth() ? "yes" : "no") : "";
  if (!converged.empty() && !result["stopped_by"].text().empty()) converged += " (" + result["stopped_by"].text() + ")";
  std::string input = run["input"]["layout"].line();
  if (!run["input"]["read_path"].line().empty())
    input.append(input.empty() ? "" : ", ").append(run["input"]["read_path"].line());
  return definitions(
      {{"Program", program["name"].line() + (program["version"].present() ? " " : "") + program["version"].line()},
       {"Device", where},
       {"SIMD", device["simd"].line()},
       {"Threads", count(device["threads"])},
       {"Time", std::isfinite(seconds) ? duration(seconds) : ""},
       {"Peak memory", std::isfinite(memory) ? bytes(memory) : ""},
       {"Rows", rows_kept(run["memory"])},
       {"Input layout", input},
       {"Segments (k)", count(result["k"])},
       {"Seed", result["seed"].present() ? result["seed"].line() : run["seed"].line()},
       {"Best restart", count(result["restart"])},
       {"Iterations", count(result["iterations"])},
       {"Converged", converged},
       {"Gain of the last round", std::isfinite(gain) ? gain_text(gain) : ""},
       {"Rows that starts were raced on", start_rows > 0 ? number(start_rows) : ""},
       {"Starts moved to far rows", start_rows > 0 ? count(result["far_starts"]) : ""},
       {"Inertia", count(result["inertia"])}});
}

Html stages(const ReportData& data) {
  const std::vector<Node> all = data.run["stages"].elements();
  double longest = 0;
  for (const Node& s : all) longest = std::max(longest, s["seconds"].number(0));
  if (!(longest > 0)) return {};
  Html rows;
  for (const Node& s : all)
    rows << element("tr", row_heading(text(s["name"].line())) +
                              element("td", {{"class", "wide"}}, bar(s["seconds"].number() / longest)) +
                              number_cell(duration(s["seconds"].number())));
  return table("Time by stage", {{"Stage"}, {""}, {"Time", true}}, rows, "bars");
}

Html files(const ReportData& data) {
  Html in, out;
  for (const Node& f : data.run["input"]["files"].elements())
    in << element("tr", row_heading(text(f["path"].line())) + number_cell(bytes(f["size"].number())) +
                            element("td", element("code", text(f["checksum"].line()))));
  for (const auto& [name, checksum] : data.run["checksums"].members())
    out << element("tr", row_heading(text(name)) + element("td", element("code", text(checksum.line()))));
  Html both;
  if (!in.empty()) both << table("Files read", {{"File"}, {"Size", true}, {"XXH3"}}, in);
  if (!out.empty()) both << table("Files written", {{"File"}, {"XXH3"}}, out);
  return both;
}

Html settings(const ReportData& data) {
  Html rows;
  for (const auto& [section, keys] : data.run["job"].members())
    for (const auto& [key, entry] : keys.members()) {
      const std::string origin = entry["origin"].line();
      rows << element(
          "tr", {{"class", origin == "default" || origin.empty() ? "" : "set"}},
          row_heading(text(section + "." + key)) +
              element("td", element("code", text(entry["value"].present() ? entry["value"].line() : entry.line()))) +
              cell(origin));
    }
  return rows.empty() ? Html()
                      : details("Every setting and where it came from",
                                table("Resolved job", {{"Key"}, {"Value"}, {"Origin"}}, rows));
}

Html normalisation(const ReportData& data) {
  const std::vector<Node> all = data.run["normalisation"]["features"].elements();
  const size_t shown = std::min(all.size(), kMostFeatures);
  Html rows, blocks;
  for (size_t i = 0; i < shown; ++i) {
    const Node& f = all[i];
    Html cells = row_heading(text(f["name"].line())) + cell(f["method"].line());
    for (const char* key : {"shift", "scale", "low", "high", "imputed"}) cells << number_cell(number(f[key].number()));
    rows << element("tr", cells + number_cell(percent(f["variance_share"].number())));
  }
  for (const Node& b : data.run["normalisation"]["blocks"].elements())
    blocks << element("tr", row_heading(text(b["name"].line())) + number_cell(number(b["weight"].number())) +
                                number_cell(number(b["variance"].number())));
  Html body;
  if (!rows.empty())
    body << table("Features",
                  {{"Feature"},
                   {"Method"},
                   {"Shift", true},
                   {"Scale", true},
                   {"Lower limit", true},
                   {"Upper limit", true},
                   {"Imputed", true, "Missing values that were filled in"},
                   {"Share of variance", true}},
                  rows);
  if (shown < all.size())
    body << note("The first " + std::to_string(shown) + " of " + number(static_cast<double>(all.size())) +
                 " features; run.json has all.");
  if (!blocks.empty())
    body << table("Blocks", {{"Block"}, {"Weight", true}, {"Variance before weighting", true}}, blocks);
  return body.empty() ? Html() : details("How the columns were normalised", body);
}

}  // namespace

Html chart_run(const ReportData& data) {
  return facts(data) + stages(data) + files(data) + normalisation(data) + settings(data);
}

}  // namespace clientele::page
