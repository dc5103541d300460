// Distinct keys of a long column, ascending, and the position of each row's key among them.
#pragma once

#include <cstdint>
#include <vector>

#include "clientele/base/thread_pool.h"
#include "clientele/data/ids.h"

namespace clientele {

/// clients = the distinct ids of `rows` in ascending order (integers by value, text by bytes); positions[i] is where
/// row i's id stands.
void index_distinct(const IdColumn& rows, ThreadPool& pool, IdColumn& clients, std::vector<int32_t>& positions);

}  // namespace clientele
