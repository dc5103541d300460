// Numbers as people read them. A value that is missing (NaN or infinite) is a dash.
#pragma once

#include <string>

namespace clientele::page {

/// Three digits and a unit for an axis: "8.62M", "544k", "0.9".
std::string compact(double value);
/// Two decimals: "0.45".
std::string hundredths(double value);
/// "1,234,567", "482.1", "0.031", "1.2e-07".
std::string number(double value);
/// number() with its sign, "+" included; a true minus sign.
std::string signed_number(double value);
/// Two decimals with sign, for z-scores and effect sizes.
std::string signed_score(double value);
/// 0.41 -> "41%", 0.042 -> "4.2%", tiny -> "<0.1%".
std::string percent(double share);
/// 3.1 -> "3.1×".
std::string times(double lift);
std::string bytes(double count);
/// "0.12 s", "2 min 03 s", "1 h 02 min".
std::string duration(double seconds);
/// UTC seconds -> "1998-07-01"; a dash outside the years 1 to 9999.
std::string date(double utc_seconds);
/// "1 client", "2 clients".
std::string counted(double count, const std::string& one, const std::string& many);
/// A coordinate or percentage inside an SVG: three decimals, never exponent, 0 for what is not finite.
std::string coordinate(double value);

}  // namespace clientele::page
