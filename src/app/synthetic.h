// Synthetic clients and purchase logs with planted segments. Every draw is counter-based (base/random.h), so a seed
// gives the same file on every machine and for any number of threads. Truth is stored beside the data in /truth.
#pragma once

#include <filesystem>

#include "clientele/base/thread_pool.h"
#include "clientele/env/env.h"
#include "command_line.h"

namespace clientele {

/// /matrix (n x d float32, names f0, f1, ...), /truth/segment; /client_id when asked for. mixture: Gaussian segments of
/// unequal size whose centres lie `separation` standard deviations apart on average, in columns of different scale and
/// offset; structureless: one Gaussian cloud (truth 0).
void generate_matrix(const std::filesystem::path& path, const GenerateArguments& g, ThreadPool& pool,
                     Progress& progress);

/// /events (client, ts, amount in minor units, qty, category, channel), rows by client and time, and /truth (client,
/// segment). Segments differ in purchase rate, amount and lifetime. Held in memory while it is made: about 48 bytes an
/// event.
void generate_events(const std::filesystem::path& path, const GenerateArguments& g, Progress& progress);

}  // namespace clientele
