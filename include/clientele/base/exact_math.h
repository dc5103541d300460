// log, log1p, exp, asinh, erfinv, sin, cos, atan2 in double: one portable implementation shared by host and device,
// built from IEEE operations and explicit fma only, so that both give the same bits. Not correctly rounded: at most 1.5
// ulp, erfinv at most 8 ulp (measured 0.6 to 1.3 and 7.0). sin and cos: at most 1.5 ulp for |x| <= 2^50 but next to
// their zeros beyond 2^20, where the absolute error is below 2^-100; NaN for |x| > 2^50, where a double is too coarse
// to mean an angle. Special values follow C99 (log(0) = -inf, log(<0) = nan, ...). Every NaN that comes out is the
// quiet one, or the argument.
#pragma once

#include "clientele/base/host_device.h"

namespace clientele::exact {

CLIENTELE_HD double log(double x);
CLIENTELE_HD double log1p(double x);
CLIENTELE_HD double exp(double x);
CLIENTELE_HD double asinh(double x);
CLIENTELE_HD double erfinv(double x);
CLIENTELE_HD double sin(double x);
CLIENTELE_HD double cos(double x);
CLIENTELE_HD double atan2(double y, double x);

}  // namespace clientele::exact

#include "clientele/base/exact_math_inline.h"
