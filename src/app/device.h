// The backend that a job asks for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clientele/base/thread_pool.h"
#include "clientele/compute/backends.h"
#include "job.h"

namespace clientele {

/// What `run.device` comes to on this machine.
struct DeviceChoice {
  bool cuda = false;
  int index = 0;
  std::string reason;  ///< one sentence
};
/// Throws Error{device} when a GPU is asked for by name and none can be used.
DeviceChoice choose_device(const RunSpec& spec);

std::unique_ptr<Backend> open_backend(const RunSpec& spec, const DeviceChoice& choice, ThreadPool& pool);

}  // namespace clientele
