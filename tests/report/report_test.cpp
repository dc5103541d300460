#include "clientele/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/strict_markup.h"

namespace clientele {
namespace {

using test::Markup;
using test::read_markup;

Json number_profile(double mean, double z, bool clustered) {
  return {
      {"unit", "EUR"},
      {"clustered", clustered},
      {"present", 900},
      {"missing", 100},
      {"mean", mean},
      {"sd", 2.0},
      {"z", z},
      {"lift", mean / 10},
      {"effect", 1.5 * z},
      {"quantiles", {{"0.05", mean - 3}, {"0.25", mean - 1}, {"0.5", mean}, {"0.75", mean + 1}, {"0.95", mean + 4}}}};
}

// k segments, d number columns of which the last is described only, one category column.
ReportInput sample(int k, int d) {
  ReportInput in;
  Json segments = Json::array(), columns = Json::object(), features = Json::array(), sizes = Json::array();
  for (int j = 0; j < d; ++j) {
    columns["column " + std::to_string(j)] = number_profile(10, 0, j + 1 < d);
    features.push_back({{"name", "column " + std::to_string(j)}, {"importance", 1.0 / (j + 2)}});
    in.data_quality["columns"].push_back({{"name", "column " + std::to_string(j)},
                                          {"kind", "number"},
                                          {"role", "cluster"},
                                          {"missing", 100},
                                          {"status", "used"}});
  }
  for (int s = 0; s < k; ++s) {
    Json numbers = Json::object();
    for (int j = 0; j < d; ++j)
      numbers["column " + std::to_string(j)] = number_profile(10 + s - j % 3, s - 1.0, j + 1 < d);
    segments.push_back({{"segment", s},
                        {"name", "Name " + std::to_string(s)},
                        {"rows", 1000 * (k - s)},
                        {"share", 2.0 * (k - s) / (k * (k + 1))},
                        {"mean_distance", 1.25},
                        {"mean_margin", 0.5},
                        {"numbers", numbers},
                        {"categories", {{"channel", {{{"category", "web"}, {"share", 0.6}, {"lift", 2.0}}}}}}});
    sizes.push_back(1000 * (k - s));
  }
  in.profiles = {{"segments", segments},
                 {"population", {{"numbers", columns}, {"categories", {{"channel", Json::array()}}}}},
                 {"features", features}};
  in.data_quality["source_rows"] = 1234567;
  in.data_quality["kept_rows"] = 1234000;
  in.data_quality["checks"] = {{{"check", "duplicates"},
                                {"policy", "keep_first"},
                                {"found", 567},
                                {"excluded", 567},
                                {"detail", "ids seen before"}}};
  in.data_quality["dropped_columns"] = {{{"name", "country"}, {"reason", "constant"}}};
  in.run = Json::parse(
      R"({"program":{"name":"clientele","version":"9.8.7"},"seed":4711,"seconds":83.4,"peak_memory_bytes":1073741824,
    "input":{"files":[{"path":"/somewhere/clients.h5","size":2048,"checksum":"00ff00ff00ff00ff"}],"layout":"matrix","read_path":"contiguous pread"},
    "device":{"name":"A processor","device":"cpu","simd":"avx2","threads":2},"rows":{"read":1234567,"kept":1234000,"excluded":{"duplicate":567}},
    "stages":[{"name":"read","seconds":1.5},{"name":"cluster","seconds":80}],"warnings":["one thing to know"],"checksums":{"model.h5":"1234567890abcdef"},
    "job":{"cluster":{"k":{"value":[2,9],"origin":"job.toml"}}},
    "result":{"inertia":777.5,"iterations":12,"converged":true,"stopped_by":"strict","seed":4711,"restart":2,
      "scores":[{"metric":"silhouette","value":0.58,"low":0.55,"high":0.61,"higher_is_better":true,"rows":4000}],
      "history":[{"inertia":1000,"moved":5000,"repaired":1},{"inertia":800,"moved":0,"repaired":0}]}})");
  in.run["result"]["k"] = k;
  in.run["result"]["sizes"] = sizes;
  return in;
}

void add_sweep(ReportInput& in) {
  in.run["result"]["choice"] = Json::parse(
      R"({"k":3,"reason":"Most indices voted for three.","votes":[{"metric":"silhouette","k":3},{"metric":"davies_bouldin","k":2}]})");
  for (int k = 2; k <= 4; ++k)
    in.run["result"]["candidates"].push_back(
        {{"k", k},
         {"inertia", 1000.0 / k},
         {"iterations", 5},
         {"converged", true},
         {"scores", {{{"metric", "silhouette"}, {"value", 0.1 * k}, {"higher_is_better", true}}}}});
}

Markup page_of(const ReportInput& in) {
  const Markup page = read_markup(report_html(in));
  EXPECT_EQ(page.fault, "");
  return page;
}

bool has_section(const Markup& page, const std::string& id) {
  return std::find(page.ids.begin(), page.ids.end(), id) != page.ids.end();
}

void expect_text(const Markup& page, const std::string& wanted) {
  EXPECT_NE(page.text.find(wanted), std::string::npos) << "not on the page: " << wanted;
}

TEST(Report, SaysWhatTheRunFound) {
  ReportInput in = sample(3, 4);
  add_sweep(in);
  const Markup page = page_of(in);
  for (const char* wanted : {"1,234,000",
                             "Name 0",
                             "Name 2",
                             "50%",
                             "3,000",
                             "clients.h5",
                             "seed 4711",
                             "9.8.7",
                             "reasonably separated",
                             "0.58",
                             "1 min 23 s",
                             "1.0 GiB",
                             "one thing to know",
                             "Most indices voted for three.",
                             "Davies-Bouldin",
                             "k = 2",
                             "duplicates",
                             "567",
                             "country",
                             "constant",
                             "contiguous pread",
                             "avx2",
                             "1234567890abcdef",
                             "00ff00ff00ff00ff",
                             "cluster.k",
                             "[2,9]",
                             "0.55",
                             "1 empty segment was refilled",
                             "channel = web",
                             "60%",
                             "column 0",
                             "+1.00",
                             "12 iterations"})
    expect_text(page, wanted);
  for (const char* id : {"segments", "sizes", "heatmap", "importance", "scores", "choice-of-k", "profiles", "quality",
                         "convergence", "run"})
    EXPECT_TRUE(has_section(page, id)) << id;
}

TEST(Report, SaysHowSureEachSegmentIs) {
  ReportInput in = sample(4, 4);
  add_sweep(in);
  in.run["result"]["stability"] = Json::parse(
      R"({"rows":4000,"resamples":20,"jaccard":[0.93,0.66,0.31,null],"words":["stable","pattern","unstable","unknown"]})");
  in.run["result"]["choice"]["gates"] =
      Json::parse(R"([{"k":3,"passed":false,"smallest":12,"unstable":2,"why":"2 of its 3 segments are unstable"}])");
  in.run["result"]["choice"]["worth_having"] = true;
  const Markup page = page_of(in);
  EXPECT_TRUE(has_section(page, "stability"));
  expect_text(page, "Drawn anew, 1 of 3 with enough clients to tell come back as they are and 1 does not come back.");
  expect_text(page, "A sample of 4,000 clients was drawn anew 20 times");
  for (const char* words :
       {"0.93", "Stable: it comes back", "A pattern: it comes back", "Unstable: other clients",
        "Too few of its clients", "Stability: pattern (0.66).", "no: 2 of its 3 segments are unstable"})
    expect_text(page, words);
  EXPECT_EQ(page.text.find("No segments worth having"), std::string::npos);
}

TEST(Report, SaysThatStabilityCannotBeTold) {
  ReportInput in = sample(2, 4);
  in.run["result"]["stability"] =
      Json::parse(R"({"rows":12,"resamples":20,"jaccard":[null,null],"words":["unknown","unknown"]})");
  const Markup page = page_of(in);
  expect_text(page, "Whether they come back when drawn anew cannot be told");
  EXPECT_EQ(page.text.find("0 of 2"), std::string::npos);
}

TEST(Report, CountsOutliers) {
  ReportInput in = sample(3, 2);
  EXPECT_EQ(page_of(in).text.find("utlier"), std::string::npos);
  in.run["result"]["outliers"] = Json::parse(R"({"threshold":7.25,"rows":1234,"sizes":[1000,200,34]})");
  const Markup page = page_of(in);
  expect_text(page, "1,234 that lie farther than 7.25 from");
  EXPECT_EQ(page.text.find("like no segment"), std::string::npos);  // a quantile marks some of any clients
  expect_text(page, "34");
}

TEST(Report, SaysFirstThatNoSegmentsAreWorthHaving) {
  ReportInput in = sample(3, 4);
  add_sweep(in);
  in.run["result"]["choice"]["worth_having"] = false;
  in.run["result"]["choice"]["doubts"] = {"The rows form one cloud <without> gaps."};
  in.run["warnings"].push_back("No segments worth having. The rows form one cloud <without> gaps.");
  const Markup page = page_of(in);
  const size_t verdict = page.text.find("No segments worth having.");
  ASSERT_NE(verdict, std::string::npos);
  EXPECT_EQ(page.text.find("No segments worth having.", verdict + 1), std::string::npos);
  EXPECT_LT(verdict, page.text.find("were sorted into"));
  expect_text(page, "The rows form one cloud <without> gaps.");
  expect_text(page, "1 warning");
}

TEST(Report, LinksLeadSomewhereAndIdsAreUnique) {
  const Markup page = page_of(sample(5, 4));
  const std::set<std::string> ids(page.ids.begin(), page.ids.end());
  EXPECT_EQ(ids.size(), page.ids.size());
  for (const std::string& link : page.links) {
    ASSERT_EQ(link.substr(0, 1), "#") << "a link that leaves the page";
    EXPECT_TRUE(ids.contains(link.substr(1))) << link;
  }
}

TEST(Report, LoadsAndRunsNothing) {
  const ReportInput in = sample(3, 3);
  const Markup page = page_of(in);
  for (const char* element :
       {"script", "img", "iframe", "object", "embed", "link", "form", "image", "use", "foreignObject"})
    EXPECT_FALSE(page.elements.contains(element)) << element;
  for (const std::string& attribute : page.attributes)
    EXPECT_TRUE(attribute.rfind("on", 0) != 0 && attribute != "src" && attribute != "style") << attribute;
  const std::string html = report_html(in);
  EXPECT_EQ(html.find("url("), std::string::npos);
  EXPECT_EQ(html.find("@import"), std::string::npos);
  EXPECT_NE(html.find("default-src &#39;none&#39;"), std::string::npos);
}

// Every string of the three documents is replaced by hostile text.
void poison(Json& json, const std::string& hostile) {
  if (json.is_string()) {
    json = hostile;
  } else if (json.is_array()) {
    for (Json& value : json) poison(value, hostile);
  } else if (json.is_object()) {
    Json poisoned = Json::object();
    for (auto& [key, value] : json.items()) {
      poison(value, hostile);
      poisoned[key] = value;
    }
    for (const char* names : {"numbers", "categories", "excluded", "checksums", "job", "events"})
      if (poisoned.contains(names) && poisoned[names].is_object())
        poisoned[names][hostile] = poisoned[names].empty() ? Json() : poisoned[names].front();
    json = poisoned;
  }
}

TEST(Report, HostileTextStaysText) {
  const std::string attack =
      "</title></style><script>alert(1)</script><img src=x onerror='x'>\"' onload=\"y\" &lt; ]]> --> ";
  for (const std::string& hostile :
       {attack, std::string("\xFF\xC3(\xE2\x82\xED\xA0\x80\xF5\x80\x80\x80"), std::string("a\0b\x01\x1B[31m\x7F", 10),
        std::string("\xE2\x80\xAE"
                    "drow\xE2\x81\xA6"),
        std::string(5000, 'w'), std::string()}) {
    ReportInput in = sample(3, 3);
    add_sweep(in);
    const Markup clean = page_of(in);
    poison(in.run, hostile);
    poison(in.profiles, hostile);
    poison(in.data_quality, hostile);
    const Markup page = page_of(in);
    EXPECT_FALSE(page.elements.contains("script"));
    EXPECT_FALSE(page.elements.contains("img"));
    for (const std::string& attribute : page.attributes)
      EXPECT_NE(std::find(clean.attributes.begin(), clean.attributes.end(), attribute), clean.attributes.end())
          << attribute;
    if (hostile == attack) expect_text(page, "<script>alert(1)</script>");
    EXPECT_EQ(page.text.find("\xE2\x80\xAE"), std::string::npos);
  }
}

TEST(Report, SurvivesAnything) {
  page_of({Json(), Json(), Json()});
  page_of({Json::object(), Json::object(), Json::object()});
  page_of({Json::array(), Json("text"), Json(3)});
  ReportInput full = sample(3, 3);
  add_sweep(full);
  for (Json* document : {&full.run, &full.profiles, &full.data_quality}) {
    const Json whole = document->flatten();
    size_t i = 0;
    for (const auto& [pointer, value] : whole.items()) {  // each leaf in turn: null, another type, a huge number
      const Json before = *document;
      const Json replacements[] = {Json(), Json::array({1}), Json(1e308), Json("x"), Json(-1e308), Json(true)};
      (*document)[Json::json_pointer(pointer)] = replacements[i++ % 6];
      EXPECT_EQ(read_markup(report_html(full)).fault, "") << pointer;
      *document = before;
    }
  }
}

TEST(Report, ExtremeShapes) {
  const std::pair<int, int> shapes[] = {{1, 1}, {1, 500}, {2, 1}, {60, 1}, {60, 200}};
  for (const auto& [k, d] : shapes) {
    const std::string html = report_html(sample(k, d));
    const Markup page = read_markup(html);
    EXPECT_EQ(page.fault, "") << k << " x " << d;
    EXPECT_EQ(has_section(page, "heatmap"), k > 1);
    EXPECT_FALSE(has_section(page, "choice-of-k"));
    EXPECT_LT(html.size(), 8u << 20) << k << " x " << d;
    expect_text(page, "Name " + std::to_string(k - 1));
  }
  const Markup wide = page_of(sample(3, 500));
  expect_text(wide, "of 500");  // what is not shown is said
}

TEST(Report, MissingValuesAreDashes) {
  ReportInput in = sample(2, 1);
  for (const char* key : {"mean", "lift", "effect", "z", "quantiles"})
    in.profiles["segments"][1]["numbers"]["column 0"][key] = nullptr;
  const Markup page = page_of(in);
  expect_text(page, "–");
  for (const char* wrong : {"nan", "NaN", "inf", "null"}) EXPECT_EQ(page.text.find(wrong), std::string::npos) << wrong;
}

TEST(Report, ASegmentThatLacksValuesSaysSo) {
  ReportInput in = sample(3, 3);
  for (const char* column : {"column 0", "column 1"}) {
    in.profiles["segments"][2]["numbers"][column]["present"] = 0;
    in.profiles["segments"][2]["numbers"][column]["missing"] = 1000;
  }
  expect_text(page_of(in), "missing: 100% against 10% (and 1 more column)");
}

TEST(Report, SameInputSamePage) {
  EXPECT_EQ(report_html(sample(4, 5)), report_html(sample(4, 5)));
}

}  // namespace
}  // namespace clientele
