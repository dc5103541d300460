#include "clientele/data/events.h"

#include "tests/data/reading.h"

namespace clientele {
namespace {

using test::H5Writer;

class Events : public testing::Test {
 protected:
  EventsSpec spec(const std::string& file) {
    EventsSpec spec;
    spec.file = {folder_ / file};
    spec.amount = "amount";
    spec.channel = "channel";
    return spec;
  }

  test::TemporaryFolder folder_;
  ThreadPool pool_{2};
};

TEST_F(Events, ReadsColumnsAndRecordsAlike) {
  const std::vector<int64_t> clients = {7, -3, 7, 900000000000, 7}, ts = {50, 40, 30, 20, 10},
                             amount = {100, -5, 0, 999, 1};
  const std::vector<std::string> channels = {"web", "app", "web", "", "shop"};
  const auto doubles = [](const std::vector<int64_t>& v) { return std::vector<double>(v.begin(), v.end()); };
  for (const bool records : {false, true}) {
    {
      H5Writer file(folder_ / "e.h5");
      if (records) {
        file.records("/log", {{"client", "i8", doubles(clients)},
                              {"ts", "i8", doubles(ts)},
                              {"amount", "i4", doubles(amount)},
                              {"channel", "", {}, channels, 5}});
      } else {
        file.integers("/log/client", "i8", clients, {.chunk = {2}, .gzip = 1});
        file.integers("/log/ts", "i8", ts);
        file.integers("/log/amount", "i4", amount);
        file.texts("/log/channel", channels, 0);
      }
    }
    const EventLog log = read_events(spec("e.h5"), pool_);
    EXPECT_EQ(log.rows, 5);
    EXPECT_EQ(log.clients.integers, (std::vector<int64_t>{-3, 7, 900000000000}));
    EXPECT_EQ(log.client, (std::vector<int32_t>{1, 0, 1, 2, 1}));
    EXPECT_EQ(log.ts, ts);
    EXPECT_EQ(log.amount, amount);
    EXPECT_EQ(log.channels, (std::vector<std::string>{"app", "shop", "web"}));
    EXPECT_EQ(log.channel, (std::vector<int32_t>{2, 0, 2, -1, 1}));
    EXPECT_TRUE(log.qty.empty() && log.type.empty());
    EXPECT_EQ(log.plan.layout, "events");
  }
}

TEST_F(Events, SortsTextClientsByBytes) {
  {
    H5Writer file(folder_ / "t.h5");
    file.texts("/client", {"b", "B", "\xC3\xA9", "aa", "b"}, 0);
    file.integers("/ts", "i4", {1, 2, 3, 4, 5});
    file.integers("/type", "u1", {10, 9, 10, 9, 10});
  }
  EventsSpec s;
  s.file = {folder_ / "t.h5"};
  s.type = "type";
  const EventLog log = read_events(s, pool_);
  ASSERT_EQ(log.clients.rows, 4);
  EXPECT_EQ(log.clients.text(0) + log.clients.text(1) + log.clients.text(2) + log.clients.text(3), "Baab\xC3\xA9");
  EXPECT_EQ(log.client, (std::vector<int32_t>{2, 0, 3, 1, 2}));
  EXPECT_EQ(log.types, (std::vector<std::string>{"10", "9"}));
  EXPECT_EQ(log.type, (std::vector<int32_t>{0, 1, 0, 1, 0}));
}

TEST_F(Events, JoinsFiles) {
  for (const int part : {0, 1}) {
    H5Writer file(folder_ / (std::to_string(part) + ".h5"));
    file.integers("/e/client", part == 0 ? "i4" : "u2",
                  part == 0 ? std::vector<int64_t>{5, 6} : std::vector<int64_t>{6, 4, 5});
    file.integers("/e/ts", "i8", part == 0 ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{3, 4, 5});
    file.texts("/e/channel", part == 0 ? std::vector<std::string>{"y", "z"} : std::vector<std::string>{"x", "z", "w"},
               3);
  }
  EventsSpec s;
  s.file = {folder_ / "0.h5", folder_ / "1.h5"};
  s.channel = "channel";
  const EventLog log = read_events(s, pool_);
  EXPECT_EQ(log.clients.integers, (std::vector<int64_t>{4, 5, 6}));
  EXPECT_EQ(log.client, (std::vector<int32_t>{1, 2, 2, 0, 1}));
  EXPECT_EQ(log.channels, (std::vector<std::string>{"w", "x", "y", "z"}));
  EXPECT_EQ(log.channel, (std::vector<int32_t>{2, 3, 1, 3, 0}));
}

TEST_F(Events, IndexesManyClients) {
  std::vector<int64_t> clients, ts;
  for (int64_t i = 0; i < 200'000; ++i) {
    clients.push_back((i * 7919) % 50'021 * 1'000'003 - 7);
    ts.push_back(i);
  }
  {
    H5Writer file(folder_ / "m.h5");
    file.integers("/client", "i8", clients);
    file.integers("/ts", "i8", ts);
  }
  EventsSpec s;
  s.file = {folder_ / "m.h5"};
  const EventLog log = read_events(s, pool_);
  EXPECT_EQ(log.clients.rows, 50'021);
  EXPECT_TRUE(std::is_sorted(log.clients.integers.begin(), log.clients.integers.end()));
  for (size_t i = 0; i < clients.size(); ++i)
    ASSERT_EQ(log.clients.integers[static_cast<size_t>(log.client[i])], clients[i]);
}

TEST_F(Events, RefusesWhatIsNotExact) {
  {
    H5Writer file(folder_ / "f.h5");
    file.integers("/a/client", "i8", {1, 2});
    file.numbers("/a/ts", "f8", {2}, {1, 2});
    file.integers("/b/client", "i8", {1, 2});
    file.integers("/b/ts", "i8", {1, 2});
    file.numbers("/b/amount", "f4", {2}, {9.99, 1});
    file.integers("/c/client", "i8", {1, 2});
    file.integers("/c/ts", "i8", {1700000000000, 1700000000000});
    file.integers("/d/client", "i8", {1, 2, 3});
    file.integers("/d/ts", "i8", {1, 2});
    file.numbers("/e/client", "f8", {2}, {1, 2});
    file.integers("/e/ts", "i8", {1, 2});
    file.numbers("/g/client", "i8", {0}, {});
    file.numbers("/g/ts", "i8", {0}, {});
  }
  const auto message = [&](const std::string& dataset, const std::string& amount = "") {
    EventsSpec s;
    s.file = {folder_ / "f.h5"};
    s.dataset = dataset;
    s.amount = amount;
    return test::error_of([&] { read_events(s, pool_); });
  };
  EXPECT_TRUE(test::says(message("/a"), "UTC seconds"));
  EXPECT_TRUE(test::says(message("/b", "amount"), "minor units"));
  EXPECT_TRUE(test::says(message("/b", "amuont"), "did you mean \"amount\""));
  EXPECT_TRUE(test::says(message("/c"), "divide milliseconds"));
  EXPECT_TRUE(test::says(message("/d"), "3"));
  EXPECT_TRUE(test::says(message("/e"), "ids cannot be read"));
  EXPECT_TRUE(test::says(message("/g"), "empty"));
  EXPECT_TRUE(test::says(message(""), "several places"));
  EXPECT_TRUE(test::says(message("/nowhere"), "does not exist"));
}

TEST(ParseTime, ReadsDatesDateTimesAndSeconds) {
  EXPECT_EQ(parse_time("1970-01-01", "k"), 0);
  EXPECT_EQ(parse_time("1998-07-01", "k"), 899251200);
  EXPECT_EQ(parse_time("1998-07-01T12:00:01Z", "k"), 899251200 + 43201);
  EXPECT_EQ(parse_time("1998-07-01 00:00:59", "k"), 899251200 + 59);
  EXPECT_EQ(parse_time("1969-12-31", "k"), -86400);
  EXPECT_EQ(parse_time("899251200", "k"), 899251200);
  EXPECT_EQ(parse_time("-5", "k"), -5);
  for (const char* text : {"", "1998-7-1", "1998-02-30", "1998-07-01T25:00:00Z", "1998-07-01T12:00:00+02:00",
                           "yesterday", "1998-07-01T12:00", "12.5", "1998/07/01"}) {
    EXPECT_TRUE(test::says(test::error_of([&] { parse_time(text, "events.as_of"); }, ErrorKind::usage), "events.as_of"))
        << text;
  }
}

}  // namespace
}  // namespace clientele
