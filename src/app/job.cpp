#include "job.h"

namespace clientele {

void OutputSpec::visit(SpecVisitor& v) {
  v.field({.name = "folder", .help = "Folder that the result is published in; replaced as a whole by the next run."},
          folder);
  v.field({.name = "csv", .help = "Write segments.csv beside segments.h5ad."}, csv);
}

void RunSpec::visit(SpecVisitor& v) {
  v.field({.name = "device",
           .help = "auto (a GPU when one can be used, else the CPU), cpu, cuda or cuda:INDEX; the result's bytes are "
                   "the same."},
          device);
  v.field({.name = "threads",
           .help = "Threads of the CPU; 0 is one for each processor this process may use.",
           .low = 0,
           .high = 4096},
          threads);
  v.choice_of({.name = "simd",
               .help = "Instruction set of the CPU backend; auto takes the widest one.",
               .choices = {"auto", "scalar", "avx2", "avx512"}},
              simd);
  v.field({.name = "block_rows",
           .help = "Rows of one block of the engine, made up to a multiple of 65536; 0 keeps all rows in one block.",
           .low = 0,
           .high = 0x1p40},
          block_rows);
  v.field(
      {.name = "memory",
       .help = "Memory that the job may take, such as 8GiB or 500MB; empty is four fifths of what is free (limits of "
               "control groups, SLURM and ulimit count). Rows that do not fit are kept in a scratch file and "
               "streamed; the bytes of the result are the same."},
      memory);
  v.field({.name = "scratch",
           .help = "Folder for the scratch file, which has no name and is gone with the job; empty is beside the "
                   "output folder."},
          scratch);
  v.field({.name = "device_memory",
           .help = "Memory of a GPU that the job may take, such as 8GiB; empty is what is free there, but for the "
                   "driver's share. Features that do not fit are kept in the host's memory and streamed to a GPU that "
                   "device names, or looked at only where a compressed copy on it leaves doubt; auto takes the CPU "
                   "then. The bytes of the result are the same."},
          device_memory);
  v.field({.name = "strict", .help = "A warning makes the exit code 9; the result is published all the same."}, strict);
}

std::string column_with_role(const Job& job, ColumnRole role) {
  for (const auto& [name, spec] : job.columns)
    if (spec.role == role) return name;
  return {};
}

StartFile start_file(const std::string& init) {
  const size_t colon = init.rfind(":/");
  if (colon == std::string::npos || colon == 0) return {init, ""};
  return {init.substr(0, colon), init.substr(colon + 1)};
}

}  // namespace clientele
