// The job: layers and origins, types and ranges, contradictions, all told at once.
#include <gtest/gtest.h>

#include "clientele/base/errors.h"
#include "clientele/base/files.h"
#include "src/app/job_bind.h"
#include "src/app/job_file.h"
#include "src/app/job_help.h"
#include "src/app/job_layers.h"
#include "src/app/job_resolve.h"

namespace clientele {
namespace {

class JobFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("clientele-job-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  JobRequest request(const std::string& toml) {
    const std::filesystem::path path = folder_ / "job.toml";
    write_text(path, toml);
    JobRequest request;
    request.file = path.string();
    return request;
  }
  std::string refusal(const JobRequest& request) {
    try {
      resolve_job(request);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    ADD_FAILURE() << "accepted";
    return {};
  }
  std::string refusal(const std::string& toml) { return refusal(request(toml)); }

  std::filesystem::path folder_;
};

constexpr const char* kInput = "[input]\nfile = \"data.h5\"\n";

testing::AssertionResult has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no \"" << part << "\" in:\n" << text;
}

TEST_F(JobFiles, LaterLayersWinAndKeepTheirOrigin) {
  JobRequest asked = request(std::string(kInput) + "[cluster]\nk = 3\nseed = 5\nrestarts = 2\n");
  asked.environment = {{"CLIENTELE_CLUSTER__K", "[4, 6]"}, {"CLIENTELE_CLUSTER__SEED", "6"}, {"CLIENTELE_BIN", "x"}};
  asked.sets = {"cluster.seed=7", "columns.a.b.weight=2"};
  asked.flags = {flag_setting("run", "threads", "3", "--threads")};
  const BoundJob bound = resolve_job(asked);
  EXPECT_EQ(bound.job.cluster.k, (std::vector<int64_t>{4, 6}));
  EXPECT_EQ(bound.job.cluster.seed, 7);
  EXPECT_EQ(bound.job.cluster.restarts, 2);
  EXPECT_EQ(bound.job.run.threads, 3);
  EXPECT_EQ(bound.job.columns.at("a.b").weight, 2);
  EXPECT_EQ(bound.origins.at("cluster.k").text, "environment CLIENTELE_CLUSTER__K");
  EXPECT_EQ(bound.origins.at("cluster.seed").text, "command line --set");
  EXPECT_EQ(bound.origins.at("cluster.restarts").text, "job.toml:6:12");
  EXPECT_EQ(bound.origins.at("run.threads").text, "command line --threads");
  EXPECT_EQ(bound.origins.at("cluster.max_iterations").text, "default");
  const Json echo = job_with_origins(bound);
  EXPECT_EQ(echo["cluster"]["k"]["value"], Json({4, 6}));
  EXPECT_EQ(echo["cluster"]["k"]["origin"], "environment CLIENTELE_CLUSTER__K");
}

TEST_F(JobFiles, EverythingWrongIsToldAtOnce) {
  const std::string text = refusal(
      "[input]\nfile = \"d.h5\"\nlayuot = \"matrix\"\n[cluser]\nk = 2\n[cluster]\nk = \"three\"\nrestarts = 0\nstop = "
      "\"strct\"\n[normalise]\nwinsorise = [0.9, 0.1]\nstray = { a = 1 }\n");
  EXPECT_TRUE(has(text, "job.toml:3:10: unknown key \"layuot\" in [input]; did you mean \"layout\"?"));
  EXPECT_TRUE(has(text, "unknown section [cluser]; did you mean \"cluster\"?"));
  EXPECT_TRUE(has(text, "job.toml:7:5: cluster.k: expected a whole number, found \"three\""));
  EXPECT_TRUE(has(text, "job.toml:8:12: cluster.restarts: expected 1 to"));
  EXPECT_TRUE(has(text, "did you mean \"strict\"?"));
  EXPECT_TRUE(has(text, "job.toml:11:13: normalise.winsorise is [low, high]"));
  EXPECT_TRUE(has(text, "normalise.stray is a table where a value belongs"));
}

TEST_F(JobFiles, LettersOfAnyLanguageStandInQuotesAndComments) {
  EXPECT_TRUE(has(refusal("[input]\nfile = \"a.h5\"\ngr\xC3\xB6n = 1\n"), "in quotes or comments only"));
  EXPECT_TRUE(has(refusal("[input]\nfile = \"a.h5\" \xE3\x80\x81\n"), "in quotes or comments only"));
  const std::string fine =
      "# gr\xC3\xB6n\n[input]\nfile = \"\\\"\xC3\xA9.h5\"\nid = '\xC3\xA9'\n[output]\nfolder = "
      "\"\"\"a\n\xC3\xA9\"\"\"\n";
  std::vector<Problem> problems;
  EXPECT_EQ(parse_job(fine, "job.toml", problems).size(), 3U);
}

TEST_F(JobFiles, Contradictions) {
  EXPECT_TRUE(has(refusal("[cluster]\nk = 3\n"), "nothing to read"));
  EXPECT_TRUE(has(refusal("[input]\nfile = [\"a.h5\", \"b.h5\", \"./a.h5\"]\n"), "lists"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[cluster]\nk = [5, 3]\n"), "from <= to"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[cluster]\nk = [2, 3, 4]\n"), "found 3 values"));
  EXPECT_TRUE(
      has(refusal(std::string(kInput) + "[cluster]\nk = [2, 3]\ninit = \"c.h5:/c\"\n"), "cluster.k is a range"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[cluster]\nstop = \"strict\"\ntolerance = 0.1\n"),
                  "no meaning under cluster.stop"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[cluster]\ninit = \"kmeans++_full\"\nstart_rows = 9000\n"),
                  "cluster.start_rows has a meaning only"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[clean]\nstale = \"drop\"\n"), "need clean.as_of"));
  EXPECT_TRUE(
      has(refusal(std::string(kInput) + "[columns.x]\nblock = \"valu\"\n[blocks.value]\n"), "did you mean \"value\"?"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[columns.x]\nrole = \"weight\"\n[columns.y]\nrole = \"weight\"\n"),
                  "more than one column has the role weight"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[run]\ndevice = \"gpu\"\n"), "run.device: expected auto"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[run]\ndevice = \"cuda:1\"\nsimd = \"scalar\"\n"), "asks for a GPU"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[run]\ndevice = \"cpu\"\ndevice_memory = \"8GiB\"\n"),
                  "run.device_memory limits a GPU's memory"));
  EXPECT_TRUE(
      has(refusal(std::string(kInput) + "[judge]\nmetrics = [\"silhuette\"]\n"), "did you mean \"silhouette\"?"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[behaviour]\nfeatures = [\"value\"]\n"), "without events.file"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[profile]\nquantiles = [0.5, 0.1]\n"), "must ascend"));
  EXPECT_TRUE(
      has(refusal("[events]\nfile = \"e.h5\"\n[behaviour]\nfeatures = [\"recncy\"]\n"), "did you mean \"recency\"?"));
  EXPECT_TRUE(has(refusal(std::string(kInput) + "[output]\nfolder = \".\"\n"), "is or holds the input"));
}

TEST_F(JobFiles, OutputFolderIsNeededToRun) {
  JobRequest asked = request(kInput);
  EXPECT_NO_THROW(resolve_job(asked));
  asked.scope.needs_output = true;
  EXPECT_TRUE(has(refusal(asked), "no output folder"));
}

TEST_F(JobFiles, PathsOfTheFileAreRelativeToIt) {
  JobRequest asked = request("[input]\nfile = [\"a.h5\", \"/b.h5\"]\n[cluster]\ninit = \"c.h5:/given\"\n");
  asked.flags = {flag_setting("output", "folder", "here", "--out")};
  const BoundJob bound = resolve_job(asked);
  EXPECT_EQ(bound.job.input.file, (std::vector<std::string>{(folder_ / "a.h5").string(), "/b.h5"}));
  EXPECT_EQ(bound.job.cluster.init, (folder_ / "c.h5").string() + ":/given");
  EXPECT_EQ(bound.job.output.folder, "here");
  EXPECT_EQ(job_values(bound.job)["cluster"]["init"], "c.h5:/given");
  EXPECT_EQ(job_values(bound.job)["input"]["file"], Json({"a.h5", "b.h5"}));
}

TEST_F(JobFiles, BrokenTomlNamesThePlace) {
  EXPECT_TRUE(has(refusal("[input]\nfile = data.h5\n"), "job.toml:2:"));
  JobRequest missing;
  missing.file = (folder_ / "none.toml").string();
  EXPECT_TRUE(has(refusal(missing), "none.toml"));
}

TEST_F(JobFiles, DatesNeedNoQuotes) {
  const BoundJob bound = resolve_job(request("[events]\nfile = \"e.h5\"\nas_of = 1998-07-01\n"));
  EXPECT_EQ(bound.job.events.as_of, "1998-07-01");
}

TEST_F(JobFiles, TheTemplateIsAValidJob) {
  std::string text = job_template();
  EXPECT_TRUE(has(text, "#k = [2, 10]"));
  std::string job = text;
  job.replace(job.find("[input]\n"), std::string("[input]\n").size(), kInput);
  const BoundJob bound = resolve_job(request(job));
  EXPECT_TRUE(bound.job.columns.empty());
  // With every comment sign taken away but those of explanations, each default is accepted as it is written.
  for (size_t at = 0; (at = text.find("\n#", at)) != std::string::npos; ++at)
    if (text[at + 2] != ' ') text.erase(at + 1, 1);
  std::vector<Problem> problems;
  bind_job(parse_job(text, "template", problems), problems);
  for (const Problem& problem : problems) ADD_FAILURE() << problem.where << ": " << problem.text;
}

TEST_F(JobFiles, HelpListsEveryKey) {
  const std::string help = job_help();
  for (const char* key : {"[input]", "[columns.NAME]", "max_iterations", "block_rows", "CLIENTELE_SECTION__KEY"})
    EXPECT_TRUE(has(help, key));
}

TEST(Settings, RawTextIsReadByTheKeysType) {
  std::vector<Problem> problems;
  const auto bound =
      bind_job(set_settings({"input.file=[\"a,b.h5\", c.h5]", "cluster.k=2,4", "run.strict=true",
                             "normalise.winsorise=[0.01,0.99]", "cluster.tolerance=1e-3", "events.as_of=899251200"},
                            problems),
               problems);
  EXPECT_TRUE(problems.empty()) << problems[0].text;
  EXPECT_EQ(bound.job.input.file, (std::vector<std::string>{"a,b.h5", "c.h5"}));
  EXPECT_EQ(bound.job.cluster.k, (std::vector<int64_t>{2, 4}));
  EXPECT_TRUE(bound.job.run.strict);
  EXPECT_EQ(bound.job.normalise.winsorise, (std::vector<double>{0.01, 0.99}));
  EXPECT_EQ(bound.job.events.as_of, "899251200");
  for (const char* wrong :
       {"cluster.k=x", "cluster.seed=1.5", "run.strict=yes", "cluster.tolerance=nan", "noequals", "k=3", "=", "a.=1"}) {
    problems.clear();
    bind_job(set_settings({wrong}, problems), problems);
    EXPECT_EQ(problems.size(), 1u) << wrong;
  }
}

TEST(Settings, EnvironmentNamesColumnsAsTheyAre) {
  std::vector<Problem> problems;
  const auto settings = environment_settings(
      {{"CLIENTELE_COLUMNS__Net__Worth__WEIGHT", "2"}, {"CLIENTELE_PYTHON", "p"}, {"HOME", "/"}}, problems);
  ASSERT_EQ(settings.size(), 1u);
  EXPECT_EQ(settings[0].section, "columns.Net__Worth");
  EXPECT_EQ(settings[0].key, "weight");
  EXPECT_TRUE(problems.empty());
}

}  // namespace
}  // namespace clientele
