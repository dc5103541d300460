#include "clientele/base/thread_pool.h"
#include "clientele/compute/backends.h"
#include "clientele/data/inspect.h"
#include "commands.h"
#include "display.h"
#include "json_lines.h"
#include "machine.h"
#include "publication.h"
#include "stdout_text.h"
#include "version.h"

namespace clientele {
namespace {

Json verdict(const char* about, bool good, const std::string& text) {
  return {{"about", about}, {"verdict", good ? "ok" : "warning"}, {"text", text}};
}

Json device_list(const CudaFacts& cuda) {
  Json list = Json::array();
  for (const CudaDevice& device : cuda.devices)
    list.push_back(device.text + (device.reason.empty() ? "" : ", cannot be used: " + device.reason));
  return list;
}

Json verdicts(const MemoryFacts& memory, const std::string& pages, const CudaFacts& cuda, const FolderFacts& folder,
              const std::vector<SimdLevel>& levels) {
  Json list = Json::array();
  list.push_back(verdict("processor", levels.size() > 1,
                         levels.size() > 1 ? "vector instructions in use: " + simd_name(levels.back())
                                           : "no AVX2: the scalar path runs, several times slower"));
  list.push_back(verdict("memory", memory.usable_bytes() > int64_t{1} << 30,
                         readable_bytes(static_cast<double>(memory.usable_bytes())) + " can be used"));
  const bool small_pages = pages == "never";
  list.push_back(verdict("huge pages", !small_pages,
                         small_pages ? "switched off: large matrices run a little slower" : "available"));
  const CudaDevice* gpu = cuda.first_usable();
  list.push_back(verdict("gpu", true,
                         gpu != nullptr ? "device = \"auto\" uses " + gpu->text + ", cuda:" + std::to_string(gpu->index)
                                        : "none in use (" + (cuda.reason.empty() ? "no device" : cuda.reason) +
                                              "); the CPU gives the same bytes"));
  list.push_back(verdict("output folder", folder.writable && folder.exchange,
                         !folder.writable  ? "cannot be written: " + folder.reason
                         : folder.exchange ? "a new result can replace an old one in one step"
                                           : "an old result cannot be replaced in one step (" + folder.reason +
                                                 "): publish into a new folder each time"));
  return list;
}

}  // namespace

int doctor_command(const CommandLine& line) {
  const MemoryFacts memory = memory_facts();
  const std::string pages = huge_pages();
  const CudaFacts cuda = cuda_facts();
  const FolderFacts folder = folder_facts(line.out.empty() ? "." : line.out);
  const std::vector<SimdLevel> levels = simd_levels();
  const auto size = [&](int64_t bytes) {
    return line.json ? Json(bytes) : Json(readable_bytes(static_cast<double>(bytes)));
  };
  Json facts = {{"program", program_facts()},
                {"processor", processor_name()},
                {"simd", Json::array()},
                {"threads", ThreadPool().threads()}};
  for (const SimdLevel level : levels) facts["simd"].push_back(simd_name(level));
  facts["memory"] = {{"total", size(memory.total_bytes)},
                     {"available", size(memory.available_bytes)},
                     {"usable", size(memory.usable_bytes())},
                     {"cgroup_limit", memory.cgroup_limit_bytes > 0 ? size(memory.cgroup_limit_bytes) : Json(nullptr)}};
  facts["huge_pages"] = pages;
  facts["hdf5"] = hdf5_facts();
  facts["cuda"] = {{"built", cuda.built},
                   {"devices", device_list(cuda)},
                   {"runtime", cuda.runtime},
                   {"driver", cuda.driver},
                   {"reason", cuda.reason}};
  facts["output_folder"] = {{"path", folder.path},
                            {"file_system", folder.file_system},
                            {"free", size(folder.free_bytes)},
                            {"writable", folder.writable},
                            {"exchange", folder.exchange}};
  const Json said = verdicts(memory, pages, cuda, folder, levels);
  if (line.json) {
    facts["verdicts"] = said;
    write_stdout(json_text(facts));
    return 0;
  }
  std::string text = json_lines(facts) + '\n';
  for (const Json& one : said)
    text += one["verdict"].get<std::string>() + ": " + one["about"].get<std::string>() + ": " +
            one["text"].get<std::string>() + '\n';
  write_stdout(text);
  return 0;
}

}  // namespace clientele
