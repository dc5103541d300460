#include "display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <thread>
#include <utility>

#include "clientele/base/cancel.h"

namespace clientele {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kSameStage = std::chrono::seconds(1);
constexpr auto kHeartbeat = std::chrono::seconds(30);

std::string clock_time() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M:%S", &local);
  return text;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

DisplayOptions display_options(bool json, bool quiet) {
  DisplayOptions options{.json = json, .quiet = quiet};
  options.terminal = !json && !quiet && isatty(STDERR_FILENO) == 1;
  const char* no_colour = std::getenv("NO_COLOR");
  options.colour = options.terminal && (no_colour == nullptr || *no_colour == '\0');
  return options;
}

struct Display::State {
  DisplayOptions options;
  std::FILE* out;
  std::mutex mutex;
  std::condition_variable stop_signal;
  bool stopping = false;
  bool bar_shown = false;
  std::string name, unit, news;
  int64_t total = 0;
  std::atomic<int64_t> done{0};
  Clock::time_point started = Clock::now();
  Clock::time_point begun = Clock::now();
  Clock::time_point told{};  ///< when a line about the stage was last written
  std::thread ticker;

  void write(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
  }

  void clear_bar() {
    if (bar_shown) write("\r\x1b[K");
    bar_shown = false;
  }

  void line(const std::string& text) {
    clear_bar();
    write(text + '\n');
  }

  void event(Json json) {
    json["seconds"] = seconds_since(begun);
    write(json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n');
  }

  /// "1,234,567 of 10,000,000 rows, 12,345,678 rows/s, 7.1 s left"
  std::string amounts(int64_t now) const {
    if (name.empty() || unit.empty()) return {};
    const double spent = seconds_since(started);
    const double rate = spent > 0 ? static_cast<double>(now) / spent : 0;
    std::string text = readable_count(now) + (total > 0 ? " of " + readable_count(total) : "") + ' ' + unit;
    if (rate >= 1) text += ", " + readable_count(static_cast<int64_t>(rate)) + ' ' + unit + "/s";
    if (total > now && now > 0 && spent > 0.5)
      text += ", " + readable_seconds(static_cast<double>(total - now) / rate) + " left";
    return text;
  }

  void draw_bar() {
    if (name.empty()) return;
    const int64_t now = done.load(std::memory_order_relaxed);
    winsize window{};
    const size_t width = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 20 ? window.ws_col : 80;
    std::string bar;
    if (total > 0) {
      constexpr int kCells = 20;
      const double share = std::min(1.0, static_cast<double>(now) / static_cast<double>(total));
      const int full = static_cast<int>(share * kCells);
      bar = " [" + std::string(static_cast<size_t>(full), '#') + std::string(static_cast<size_t>(kCells - full), '.') +
            "] " + std::to_string(static_cast<int>(share * 100)) + " %";
    }
    std::string rest = bar + "  " + (news.empty() ? amounts(now) : printable(news));
    const size_t room = width > name.size() + 1 ? width - name.size() - 1 : 0;
    if (rest.size() > room) rest.resize(room);
    write("\r\x1b[K" + (options.colour ? "\x1b[1m" + name + "\x1b[0m" : name) + rest);
    bar_shown = true;
  }

  void heartbeat() {
    told = Clock::now();
    const int64_t now = done.load(std::memory_order_relaxed);
    if (options.json) {
      event({{"event", "heartbeat"}, {"stage", name}, {"done", now}, {"total", total}, {"unit", unit}, {"note", news}});
    } else {
      const std::string text = news.empty() ? amounts(now) : printable(news);
      line(clock_time() + ' ' + name + ": " + (text.empty() ? "working" : text) + ", " +
           readable_seconds(seconds_since(started)));
    }
  }

  /// A stage line, but of many like "k-means, k = 3, start 2 of 50" the first and then one a second.
  void tell_stage(const std::string& before) {
    const auto family = [](const std::string& text) { return text.substr(0, text.find(", start ")); };
    if (options.quiet || (family(before) == family(name) && Clock::now() - told < kSameStage)) return;
    told = Clock::now();
    if (options.json) {
      event({{"event", "stage"}, {"stage", name}, {"total", total}, {"unit", unit}});
    } else if (!options.terminal) {
      // Iterations end when nothing changes any more: their total is a limit.
      const std::string limit = unit == "iterations" ? "at most " : "";
      line(clock_time() + ' ' + name + (total > 0 ? ": " + limit + readable_count(total) + ' ' + unit : ""));
    }
  }

  void tick() {
    std::unique_lock lock(mutex);
    while (!stop_signal.wait_for(lock, kRedraw, [&] { return stopping; })) {
      if (options.terminal) {
        draw_bar();
      } else if (!name.empty() && Clock::now() - told >= kHeartbeat) {
        heartbeat();
      }
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    stop_signal.notify_all();
    if (ticker.joinable()) ticker.join();
  }
};

Display::Display(const DisplayOptions& options, std::FILE* out) : state_(std::make_unique<State>()) {
  state_->options = options;
  state_->out = out;
  if (!options.quiet) state_->ticker = std::thread([state = state_.get()] { state->tick(); });
}

Display::~Display() {
  state_->stop();
  state_->clear_bar();
}

void Display::stage(const std::string& name, int64_t total, const std::string& unit) {
  check_cancel();
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  const std::string before = std::exchange(s.name, name);
  s.total = total;
  s.unit = unit;
  s.news.clear();
  s.done.store(0, std::memory_order_relaxed);
  s.started = Clock::now();
  s.tell_stage(before);
}

void Display::advance(int64_t units) {
  state_->done.fetch_add(units, std::memory_order_relaxed);
  check_cancel();
}

void Display::note(const std::string& text) {
  check_cancel();
  const std::lock_guard lock(state_->mutex);
  state_->news = text;
}

void Display::warn(const std::string& text) {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  if (s.options.json) {
    s.event({{"event", "warning"}, {"text", text}});
  } else {
    s.line((s.options.colour ? "\x1b[33mwarning:\x1b[0m " : "warning: ") + printable(text));
  }
}

void Display::finish(const Json& summary, const std::vector<std::string>& lines) {
  State& s = *state_;
  s.stop();
  const std::lock_guard lock(s.mutex);
  s.name.clear();
  s.clear_bar();
  if (s.options.json) {
    Json last = {{"event", "summary"}};
    last.update(summary);
    s.event(last);
  } else if (!s.options.quiet) {
    for (const std::string& text : lines) s.line(printable(text));
  }
}

}  // namespace clientele
