// How long each stage took.
#pragma once

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "clientele/base/cancel.h"
#include "clientele/base/json.h"

namespace clientele {

class StageClock {
 public:
  /// Runs and times one stage; looks for a cancel request before and after it.
  template <class F>
  auto timed(const std::string& name, F&& stage) {
    check_cancel();
    const auto start = std::chrono::steady_clock::now();
    const auto end = [&] {
      stages_.emplace_back(name, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      check_cancel();
    };
    if constexpr (std::is_void_v<decltype(stage())>) {
      stage();
      end();
    } else {
      auto result = stage();
      end();
      return result;
    }
  }

  double total() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count(); }

  Json json() const {
    Json list = Json::array();
    for (const auto& [name, seconds] : stages_) list.push_back({{"name", name}, {"seconds", seconds}});
    return list;
  }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::vector<std::pair<std::string, double>> stages_;
};

}  // namespace clientele
