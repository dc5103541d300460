// log, log1p, exp, asinh, erfinv, sin, cos, atan2 in double: one portable implementation shared by host and device, built from IEEE
// operations and explicit fma only, so that both give the same bits. Accurate to about 1 ulp, not correctly rounded.
// Special values follow C99 (log(0) = -inf, log(<0) = nan, ...).
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
