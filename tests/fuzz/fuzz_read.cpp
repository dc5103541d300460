// Any bytes may stand in an input file: opening, reading, inspecting and the events layout end in values or in Error,
// nothing else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "clientele/base/errors.h"
#include "clientele/data/events.h"
#include "clientele/data/inspect.h"
#include "clientele/data/model.h"
#include "clientele/data/source.h"
#include "tests/fuzz/input_file.h"

namespace clientele {
namespace {

constexpr int64_t kRowsRead = 300;
constexpr int64_t kMostIds = 100'000;

void only_errors(const std::function<void()>& task) {
  try {
    task();
  } catch (const Error&) {
  }
}

void read_some(Source& source, ThreadPool& pool) {
  const auto d = std::min<int64_t>(64, static_cast<int64_t>(source.schema().columns.size()));
  std::vector<int> columns;
  for (int j = 0; j < d; ++j) columns.push_back(j);
  const int64_t rows = std::min(kRowsRead, source.rows());
  std::vector<double> out(static_cast<size_t>(rows * d));
  for (const int64_t first : {int64_t{0}, source.rows() - rows}) {
    only_errors([&] { source.read(first, columns, {out.data(), rows, d, rows}); });
  }
  if (source.rows() <= kMostIds) source.read_ids(pool);
}

void read_everything(const std::string& path) {
  ThreadPool pool(1);
  for (const char* layout : {"auto", "matrix", "columns", "compound", "anndata"}) {
    only_errors([&] {
      InputSpec spec;
      spec.file = {path};
      spec.layout = layout;
      read_some(*open_input(spec, pool), pool);
    });
  }
  only_errors([&] { inspect_file(path); });
  only_errors([&] {
    EventsSpec spec;
    spec.file = {path};
    spec.amount = "amount";
    read_events(spec, pool);
  });
  only_errors([&] {
    if (is_model_file(path)) read_model(path);
  });
}

}  // namespace
}  // namespace clientele

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const clientele::test::InputFile file(data, size);
  clientele::read_everything(file.path());
  return 0;
}
