#include "src/report/numbers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/report/html.h"

namespace clientele::page {
namespace {

TEST(Numbers, ReadLikeNumbers) {
  const std::pair<double, const char*> cases[] = {{0, "0"},
                                                  {-0.0, "0"},
                                                  {1234567, "1,234,567"},
                                                  {999, "999"},
                                                  {1000, "1,000"},
                                                  {-1234.4, "−1,234"},
                                                  {482.13, "482.1"},
                                                  {48.26, "48.3"},
                                                  {6.2, "6.20"},
                                                  {0.5, "0.500"},
                                                  {0.0031, "0.00310"},
                                                  {1.24e-7, "1.2e-07"},
                                                  {1e300, "1.0e+300"},
                                                  {999.97, "1,000"},
                                                  {9.999, "10.0"}};
  for (const auto& [value, words] : cases) EXPECT_EQ(number(value), words);
  EXPECT_EQ(number(NAN), "–");
  EXPECT_EQ(number(HUGE_VAL), "–");
}

TEST(Numbers, SharesTimesAndScores) {
  const std::pair<double, const char*> shares[] = {{0, "0%"},         {0.41, "41%"}, {0.042, "4.2%"},
                                                   {0.0004, "<0.1%"}, {1, "100%"},   {0.9999, ">99.9%"},
                                                   {0.997, "99.7%"},  {NAN, "–"},    {12, "1,200%"}};
  for (const auto& [value, words] : shares) EXPECT_EQ(percent(value), words);
  EXPECT_EQ(times(3.14), "3.1×");
  EXPECT_EQ(times(0.054), "0.05×");
  EXPECT_EQ(times(0.0001), "<0.01×");
  EXPECT_EQ(times(1234), "1,234×");
  EXPECT_EQ(signed_score(1.234), "+1.23");
  EXPECT_EQ(signed_score(-0.5), "−0.50");
  EXPECT_EQ(signed_score(-0.001), "0.00");
}

TEST(Numbers, UnitsAndDates) {
  EXPECT_EQ(bytes(0), "0 B");
  EXPECT_EQ(bytes(1536), "1.5 KiB");
  EXPECT_EQ(bytes(3.1e9), "2.9 GiB");
  EXPECT_EQ(duration(0.004), "4 ms");
  EXPECT_EQ(duration(5.861), "5.86 s");
  EXPECT_EQ(duration(59.96), "1 min 00 s");
  EXPECT_EQ(duration(3725), "1 h 02 min");
  EXPECT_EQ(duration(-1), "–");
  EXPECT_EQ(date(899251200), "1998-07-01");
  EXPECT_EQ(date(-1), "1969-12-31");
  EXPECT_EQ(date(951782400), "2000-02-29");
  EXPECT_EQ(date(1e300), "–");
  EXPECT_EQ(compact(8615238), "8.62M");
  EXPECT_EQ(compact(800000), "800k");
  EXPECT_EQ(compact(0.9), "0.9");
  EXPECT_EQ(compact(-1000), "−1k");
  EXPECT_EQ(coordinate(1.0 / 3), "0.333");
  EXPECT_EQ(coordinate(-0.0001), "0");
  EXPECT_EQ(coordinate(NAN), "0");
}

TEST(Html, EscapesInOnePlace) {
  EXPECT_EQ(text("<a href=\"x\">&'</a>").str(), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(text("é€😀").str(), "é€😀");
  EXPECT_EQ(text("\xC0\xAF").str(), "\xEF\xBF\xBD\xEF\xBF\xBD");  // an overlong slash
  EXPECT_EQ(element("td", {{"title", "\"><b"}, {"class", ""}}, text("x")).str(),
            "<td title=\"&quot;&gt;&lt;b\">x</td>");
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdefg", 6), "abcde…");
  EXPECT_EQ(shorten("ééééé", 3), "éé…");
}

}  // namespace
}  // namespace clientele::page
