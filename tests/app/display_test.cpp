// What a log and a terminal see.
#include "src/app/display.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "clientele/base/cancel.h"
#include "clientele/base/errors.h"
#include "src/app/json_lines.h"

namespace clientele {
namespace {

template <class F>
std::string shown(const DisplayOptions& options, F&& body) {
  std::FILE* file = std::tmpfile();
  {
    Display display(options, file);
    body(display);
  }
  std::string text(static_cast<size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return text;
}

void play(Display& display) {
  display.stage("clean", 1000, "rows");
  display.advance(500);
  display.note("halfway");
  display.warn("careful");
  display.finish({{"status", "done"}}, {"the end"});
}

TEST(Display, LogHasALineAStage) {
  const std::string text = shown({}, play);
  EXPECT_NE(text.find(" clean: 1,000 rows\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("halfway"), std::string::npos);  // news for the next heartbeat
  EXPECT_NE(text.find("warning: careful\n"), std::string::npos);
  EXPECT_EQ(text.substr(text.size() - 8), "the end\n");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Display, ManyStartsAreOneStage) {
  const std::string text = shown({}, [](Display& display) {
    for (const char* name : {"k-means, k = 2, start 1 of 2", "k-means, k = 2, start 2 of 2", "write"})
      display.stage(name, 0, "");
  });
  EXPECT_NE(text.find("start 1"), std::string::npos);
  EXPECT_EQ(text.find("start 2"), std::string::npos);
  EXPECT_NE(text.find("write"), std::string::npos);
}

TEST(Display, IterationsAreALimit) {
  const std::string text = shown({}, [](Display& display) { display.stage("k-means, k = 3", 300, "iterations"); });
  EXPECT_NE(text.find("k-means, k = 3: at most 300 iterations\n"), std::string::npos) << text;
}

TEST(Display, EveryKIsToldAndEveryStartThatTakesASecond) {
  const std::string text = shown({}, [](Display& display) {
    for (const char* name : {"k-means, k = 2, start 1 of 3", "k-means, k = 2, start 2 of 3"})
      display.stage(name, 0, "");
    std::this_thread::sleep_for(std::chrono::milliseconds(1010));
    for (const char* name : {"k-means, k = 2, start 3 of 3", "k-means, k = 3, start 1 of 3"})
      display.stage(name, 0, "");
  });
  EXPECT_NE(text.find("k = 2, start 1"), std::string::npos) << text;
  EXPECT_EQ(text.find("k = 2, start 2"), std::string::npos) << text;
  EXPECT_NE(text.find("k = 2, start 3"), std::string::npos) << text;
  EXPECT_NE(text.find("k = 3, start 1"), std::string::npos) << text;
}

TEST(Display, QuietJsonIsWarningsAndTheSummary) {
  const std::string text = shown({.json = true, .quiet = true}, play);
  EXPECT_EQ(text.find("\"stage\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"warning\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"summary\""), std::string::npos) << text;
}

TEST(Display, NamesCannotReachTheTerminalRaw) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\td\x7f"), "a\\x1b[2Jb\\nc\\x09d\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "1m"),
            "\\xc2\\x9b"
            "1m");  // the one-character form of escape and bracket
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  const std::string words = "Umsatz in \u20ac, \u00e4lter, \U0001f600";
  EXPECT_EQ(printable(words), words);
  const std::string text = shown({}, [](Display& display) {
    display.warn("bad\x1b]0;x\x07");
    display.finish({}, {"line\nerror: forged"});
  });
  EXPECT_EQ(text, "warning: bad\\x1b]0;x\\x07\nline\\nerror: forged\n");
  EXPECT_EQ(json_lines({{"a\nb", "c\x1b"}}), "a\\nb: c\\x1b\n");
}

TEST(Display, QuietLeavesWarnings) {
  EXPECT_EQ(shown({.quiet = true}, play), "warning: careful\n");
}

TEST(Display, JsonIsOneEventALineAndEndsInASummary) {
  const std::string text = shown({.json = true}, play);
  std::vector<Json> events;
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    events.push_back(Json::parse(text.substr(start, end - start)));
    start = end + 1;
  }
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0]["event"], "stage");
  EXPECT_EQ(events[0]["total"], 1000);
  EXPECT_EQ(events[1]["event"], "warning");
  EXPECT_EQ(events[2]["event"], "summary");
  EXPECT_EQ(events[2]["status"], "done");
}

TEST(Display, TerminalBarIsRedrawnInPlaceAndCleared) {
  const std::string text = shown({.terminal = true}, [](Display& display) {
    display.stage("cluster", 10, "iterations");
    display.advance(5);
    std::FILE* pause = popen("sleep 0.3", "r");
    pclose(pause);
    display.finish({}, {"done"});
  });
  EXPECT_NE(text.find("\r\x1b[Kcluster [##########..........] 50 %"), std::string::npos) << text;
  EXPECT_NE(text.find("\r\x1b[Kdone\n"), std::string::npos) << text;
}

TEST(Display, CancelEndsTheWork) {
  const std::string text = shown({}, [](Display& display) {
    display.stage("clean", 1, "rows");
    request_cancel(2);
    EXPECT_THROW(display.advance(1), Error);
    request_cancel(0);
  });
  EXPECT_FALSE(text.empty());
}

TEST(Readable, Numbers) {
  EXPECT_EQ(readable_count(0), "0");
  EXPECT_EQ(readable_count(999), "999");
  EXPECT_EQ(readable_count(1234567), "1,234,567");
  EXPECT_EQ(readable_count(-1000), "-1,000");
  EXPECT_EQ(readable_seconds(3.14159), "3.14 s");
  EXPECT_EQ(readable_seconds(61), "1 min 01 s");
  EXPECT_EQ(readable_seconds(7260), "2 h 01 min");
  EXPECT_EQ(readable_bytes(1536), "1.5 KiB");
}

TEST(JsonLines, Shapes) {
  const Json json = {
      {"a", 1}, {"b", {{"c", true}, {"d", nullptr}}}, {"list", {"x", "y"}}, {"rows", {{{"n", 1}, {"empty", ""}}}}};
  EXPECT_EQ(json_lines(json), "a: 1\nb:\n  c: yes\n  d: -\nlist: x, y\nrows:\n  n 1\n");
}

}  // namespace
}  // namespace clientele
