// A job: what to do, as nested Specs. No handles, nothing of this machine.
#pragma once

#include <map>
#include <string>

#include "clientele/base/visit.h"
#include "clientele/cluster/cluster.h"
#include "clientele/data/events.h"
#include "clientele/data/schema.h"
#include "clientele/data/source.h"
#include "clientele/judge/judge.h"
#include "clientele/judge/profile.h"
#include "clientele/prep/behaviour.h"
#include "clientele/prep/clean.h"
#include "clientele/prep/normalise.h"

namespace clientele {

/// [output] of a job file.
struct OutputSpec {
  std::string folder;  ///< where the result is published
  bool csv = false;    ///< segments.csv as well

  void visit(SpecVisitor& v);
};

/// [run] of a job file: where and how fast. Nothing here changes a byte of the labels, centroids or scores.
struct RunSpec {
  enum class Simd { automatic, scalar, avx2, avx512 };
  std::string device = "auto";  ///< auto, cpu, cuda or cuda:INDEX
  int64_t threads = 0;          ///< 0: one for each processor this process may use
  Simd simd = Simd::automatic;
  int64_t block_rows = 0;     ///< 0: all rows in one block
  std::string memory;         ///< "8GiB"; empty: four fifths of what is free
  std::string scratch;        ///< folder; empty: where the output folder will be
  std::string device_memory;  ///< of a GPU, "8GiB"; empty: what is free there, but for the driver's share
  bool strict = false;        ///< a warning makes the exit code 9

  void visit(SpecVisitor& v);
};

struct Job {
  InputSpec input;
  EventsSpec events;
  BehaviourSpec behaviour;
  std::map<std::string, ColumnSpec> columns;
  std::map<std::string, BlockSpec> blocks;
  CleanSpec clean;
  NormaliseSpec normalise;
  ClusterSpec cluster;
  JudgeSpec judge;
  ProfileSpec profile;
  OutputSpec output;
  RunSpec run;
};

/// Calls each(name, spec) for every section in the order of the job file; "columns.X" and "blocks.X" once for each X
/// declared.
template <class F>
void each_section(Job& job, F&& each) {
  each("input", job.input);
  each("events", job.events);
  each("behaviour", job.behaviour);
  for (auto& [name, spec] : job.columns) each("columns." + name, spec);
  for (auto& [name, spec] : job.blocks) each("blocks." + name, spec);
  each("clean", job.clean);
  each("normalise", job.normalise);
  each("cluster", job.cluster);
  each("judge", job.judge);
  each("profile", job.profile);
  each("output", job.output);
  each("run", job.run);
}

/// The job's one requested column of this role, or empty.
std::string column_with_role(const Job& job, ColumnRole role);

/// cluster.init as a file name, its dataset ("" for a model file). Only for ClusterSpec::given_start().
struct StartFile {
  std::string file;
  std::string dataset;
};
StartFile start_file(const std::string& init);

}  // namespace clientele
