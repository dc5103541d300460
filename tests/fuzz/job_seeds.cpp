#include "tests/fuzz/job_seeds.h"

#include "src/app/job_help.h"

namespace clientele::test {

std::vector<std::string> job_seeds() {
  return {
      R"([input]
file = ["a.h5", "parts/*.h5"]
layout = "matrix"
dataset = "/x"
id = "client_id"
[columns.spend]
kind = "money"
transform = "log1p"
missing = "mean"
weight = 0.5
[columns."odd name"]
role = "profile"
[blocks.value]
weight = 2
[clean]
duplicates = "keep_last"
limit_missing = 0.3
[normalise]
method = "robust"
winsorise = [0.001, 0.999]
[cluster]
k = [2, 8]
init = "start.h5:/centroids"
restarts = 3
seed = 18446744073709551615
[profile]
quantiles = [0.1, 0.5, 0.9]
names = ["Growing", "Steady"]
[run]
threads = 2
device = "cuda:0"
[output]
folder = "segments"
)",
      R"(# a log
[events]
file = "events.h5"
ts = 'ts'
as_of = "2025-01-01"
window = 365
paying_only = true
[behaviour]
features = ["value", "timing", "recency"]
[cluster]
k = 4
stop = "strict"
)",
      "cluster.k = 3\ninput = {file = \"a.h5\"}\n",
      "[cluster]\nk = \"four\"\nkk = 1\nseed = -1\nk = 2\n[nowhere]\nx = 1979-05-27T07:32:00Z\n[[columns]]\n",
      "[input]\nfile = [1, [2, {a = inf}], nan, 0x1p3]\n[run\n",
      "\xEF\xBB\xBF[input]\nfile = \"\"\"\n\\u00e9\\U0001F600\\x\"\"\"\n",
      job_template(),
  };
}

}  // namespace clientele::test
