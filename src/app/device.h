// The backend that a job asks for, and the one that has room for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clientele/base/thread_pool.h"
#include "clientele/compute/backends.h"
#include "clientele/env/env.h"
#include "footprint.h"
#include "job.h"

namespace clientele {

/// What `run.device` comes to on this machine.
struct DeviceChoice {
  bool cuda = false;
  int index = 0;
  std::string reason;  ///< one sentence
};
/// Throws Error{device} when a GPU is asked for by name and cannot be used.
DeviceChoice choose_device(const RunSpec& spec, const CudaFacts& facts);

/// A GPU's memory, as far as a job is concerned.
struct DeviceRoom {
  int64_t bytes = 0;       ///< what the job may take
  int64_t free_bytes = 0;  ///< what is free
  bool given = false;      ///< run.device_memory is what says so
};
/// run.device_memory, or what is free but for what the driver takes while the job runs and nobody can plan: code that
/// is loaded when it is first called, what the pool rounds up.
DeviceRoom device_room(const RunSpec& spec, int64_t free_bytes);

/// `choice`, a GPU, if the job fits; auto's other choice, the CPU, if it does not. Throws Error{device} when the GPU
/// was asked for by name. needed_bytes: of the regime that takes least.
DeviceChoice choice_with_room(const RunSpec& spec, const DeviceChoice& choice, int64_t needed_bytes,
                              const DeviceRoom& room);

/// The backend of a job. Which one it is, is settled when the size of the features is known.
class JobBackend {
 public:
  /// `pool` must outlive the backend. A GPU that auto chose and that cannot be opened (another process has it for
  /// itself, or there is no memory for a context) has become the CPU, with a warning; Error{device} when it was asked
  /// for by name.
  JobBackend(const RunSpec& spec, const DeviceChoice& choice, ThreadPool& pool);

  Backend& operator*() const { return *backend_; }
  Backend* operator->() const { return backend_.get(); }
  const DeviceChoice& choice() const { return choice_; }
  /// Of a GPU's memory, what the job may take now. Nothing for the CPU.
  DeviceRoom device_room() const;
  /// A GPU was opened: this process holds the driver's context of it to its end.
  bool holds_context() const { return holds_context_; }

  /// What the first stages share. Everything given must outlive it.
  Env env(Comm& comm, Progress& progress) const;
  /// Always true of the CPU, whose memory can be swapped and shared. A GPU that was asked for by name may stream the
  /// features; auto takes one for what stays there (whether streaming outruns the CPU has not been measured).
  bool has_room(const Footprint& need) const;
  /// Afterwards the backend has room: a GPU that auto chose and that is too small has become the CPU, with a warning.
  /// Nothing of the earlier backend may be in use. Throws Error{device} when the GPU was asked for by name.
  Env with_room(Env&& env, const Footprint& need);
  void make_room(const Footprint& need);

 private:
  void open();
  /// False: it cannot be opened, and the choice is the CPU now.
  bool open_gpu();
  /// Of a GPU's memory, at least.
  int64_t needed_bytes(const Footprint& need) const;

  RunSpec spec_;
  ThreadPool& pool_;
  DeviceChoice choice_;
  int64_t host_bytes_;  ///< of the host's memory, what the job may take
  bool holds_context_ = false;
  std::vector<std::string> warnings_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace clientele
