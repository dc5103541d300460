// The floating-point environment that every result is computed in: round to nearest, no traps, denormals on. A library
// built with -Ofast can switch denormals off in any thread that it starts or initialises (exactness.md 1).
#pragma once

#include <cfenv>

namespace clientele {

/// For good, in the calling thread. Main and every thread of this program begin with it.
inline void use_default_float_environment() {
  std::fesetenv(FE_DFL_ENV);
}

/// For a scope, in the calling thread; then what was there before.
class DefaultFloatEnvironment {
 public:
  DefaultFloatEnvironment() {
    std::fegetenv(&before_);
    use_default_float_environment();
  }
  ~DefaultFloatEnvironment() { std::fesetenv(&before_); }
  DefaultFloatEnvironment(const DefaultFloatEnvironment&) = delete;
  DefaultFloatEnvironment& operator=(const DefaultFloatEnvironment&) = delete;

 private:
  std::fenv_t before_;
};

}  // namespace clientele
