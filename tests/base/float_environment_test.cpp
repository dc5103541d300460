#include "clientele/base/float_environment.h"

#include <gtest/gtest.h>

#include <cfenv>
#include <cfloat>
#include <thread>

#include "clientele/base/thread_pool.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace clientele {
namespace {

/// Denormals live and rounding is to nearest.
bool is_default() {
  volatile double tiny = DBL_MIN;
  volatile double half = tiny / 2;
  volatile double one = 1, third = 3;
  return half > 0 && half * 2 == tiny && one / third == 1.0 / 3 && std::fegetround() == FE_TONEAREST;
}

void spoil() {
  std::fesetround(FE_UPWARD);
#if defined(__SSE2__)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero, denormals are zero
#endif
}

TEST(FloatEnvironment, IsPutRightForAScopeAndThenGivenBack) {
  ASSERT_TRUE(is_default());
  spoil();
  EXPECT_FALSE(is_default());
  {
    const DefaultFloatEnvironment environment;
    EXPECT_TRUE(is_default());
  }
  EXPECT_FALSE(is_default());
  use_default_float_environment();
  EXPECT_TRUE(is_default());
}

TEST(FloatEnvironment, WorkersAndTheCallerComputeInTheDefaultOne) {
  spoil();  // a new thread inherits the environment of its maker
  {
    ThreadPool pool(3);
    std::vector<char> right(64);
    pool.parallel_for(64, [&](int64_t index, int) { right[static_cast<size_t>(index)] = is_default(); });
    for (const char each : right) EXPECT_TRUE(each);
    EXPECT_FALSE(is_default());
  }
  use_default_float_environment();
}

}  // namespace
}  // namespace clientele
