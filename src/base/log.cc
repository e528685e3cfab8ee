// The log on spdlog: rotating files and stderr, text or escaped JSON.
#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <vector>

#include "base/json.h"

namespace vigil {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::string_view View(spdlog::string_view_t text) { return {text.data(), text.size()}; }

// spdlog's own %v does not escape, so a message with quotes or line ends would break the line.
class JsonText final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string text = json::serialize(json::string(View(message.payload)));
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonText>();
  }
};

// One message is one line, also when it quotes foreign bytes.
class OneLineText final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    for (const char c : message.payload) {
      out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<OneLineText>();
  }
};

std::unique_ptr<spdlog::pattern_formatter> MakeFormatter(bool as_json) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<JsonText>('*').add_flag<OneLineText>('?');
  formatter->set_pattern(as_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})"
                                 : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %?");
  return formatter;
}

std::shared_ptr<spdlog::logger>& TheLogger() {
  static std::shared_ptr<spdlog::logger> logger = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    sink->set_level(spdlog::level::warn);
    sink->set_formatter(MakeFormatter(false));
    return std::make_shared<spdlog::logger>("vigil", sink);
  }();
  return logger;
}

}  // namespace

Status OpenLog(const LogOptions& options) try {
  std::vector<spdlog::sink_ptr> sinks;
  auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  console->set_level(ToSpdlog(options.stderr_level));
  sinks.push_back(console);
  if (!options.directory.empty()) {
    std::filesystem::create_directories(options.directory);
    sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        (options.directory / "vigil.log").string(), options.file_size_max_bytes,
        static_cast<std::size_t>(options.files_max)));
    sinks.back()->set_level(ToSpdlog(options.level));
  }
  for (const auto& sink : sinks) {
    const bool file = sink != sinks.front();
    sink->set_formatter(MakeFormatter(options.json && file));
  }
  auto logger = std::make_shared<spdlog::logger>("vigil", sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::info);
  TheLogger() = std::move(logger);
  return {};
} catch (const std::exception& failure) {
  return Fail(ErrorCode::kPermission,
              format("cannot write logs to {}: {}; set [logs] directory to a folder this user may "
                     "write",
                     options.directory.string(), failure.what()));
}

void LogMessage(LogLevel level, std::string_view component, std::string_view message) {
  TheLogger()->log(ToSpdlog(level), "{}: {}", component, message);
}

void LogLimiter::Write(LogLevel level, std::string_view component, std::string_view message) {
  std::int64_t repeats = 0;
  {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.Now();
    if (now < next_) {
      ++held_back_;
      return;
    }
    next_ = now + interval_;
    repeats = std::exchange(held_back_, 0);
  }
  if (repeats == 0) {
    LogMessage(level, component, message);
  } else {
    LogMessage(level, component, format("{} ({} like it were held back)", message, repeats));
  }
}

}  // namespace vigil
