// What a run is known by: its job, its input's bytes and the program's version. Same key and complete output: nothing
// to do.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "clientele/base/thread_pool.h"
#include "job.h"

namespace clientele {

struct InputFile {
  std::string path;
  int64_t size = 0;
  int64_t modified = 0;  ///< UTC seconds
  std::string checksum;  ///< XXH3-64 of the bytes; of a file over 4 MiB, XXH3-64 of the text that its 4 MiB pieces'
                         ///< checksums make
};

/// Every file that decides the result, with its bytes read once by all threads. Throws Error{input} for a missing file.
std::vector<InputFile> fingerprint(const Job& job, ThreadPool& pool);
/// The same files with size and time only; nothing is read.
std::vector<InputFile> list_inputs(const Job& job);
/// "2026-11-22T01:30:00Z".
std::string iso_time(int64_t utc_seconds);
/// Throws Error{input} if a file's size or time changed since.
void refuse_changed(const std::vector<InputFile>& files);

std::string run_key(const Job& job, const std::vector<InputFile>& files);

/// True if the folder holds a complete output of this key: run.json says so and every file's checksum is right.
bool up_to_date(const std::filesystem::path& folder, const std::string& key);

}  // namespace clientele
