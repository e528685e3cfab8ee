// The whole way from sources to structs, and what people are told when it fails.
#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "base/format.h"
#include "base/nearest.h"
#include "config/config_keys.h"

namespace vigil::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSigningSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

std::string ErrorOf(std::string_view toml, const ConfigSources& sources = {}) {
  const auto config = LoadConfigText(toml, "vigil.toml", sources);
  if (config.has_value()) return "accepted";
  EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
  return config.error().message;
}

Config Load(std::string_view toml, const ConfigSources& sources = {}) {
  auto config = LoadConfigText(toml, "vigil.toml", sources);
  EXPECT_TRUE(config.has_value()) << config.error().message;
  return config.value_or(Config{});
}

TEST(Config, ChoosesTheGalleryIndex) {
  EXPECT_EQ(Load("").gallery.index, "auto");
  EXPECT_EQ(Load("[gallery]\nindex = \"faiss\"\nrecall_min = 0.95\n").gallery.recall_min, 0.95);
  EXPECT_THAT(ErrorOf("[gallery]\nindex = \"hnsw\"\n"), HasSubstr("auto, flat, faiss"));
  EXPECT_THAT(ErrorOf("[gallery]\nexact_references_max = 10\n"),
              HasSubstr("gallery.exact_references_max"));
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile()
      : directory_(std::filesystem::path(testing::TempDir()) /
                   ("vigil-config-" + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directories(directory_);
  }
  ~ConfigFile() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, std::string_view text) const {
    const auto path = directory_ / name;
    std::ofstream(path) << text;
    return path.string();
  }

  const std::filesystem::path directory_;
};

TEST(Config, ExampleFileIsTheTable) {
  EXPECT_EQ(ReadText(VIGIL_SOURCE_DIR "/config/vigil.example.toml"), ExampleToml());
}

TEST(Config, ExampleFileGivesTheDefaults) {
  const Config config = Load(ReadText(VIGIL_SOURCE_DIR "/config/vigil.example.toml"));
  const Config defaults;
  EXPECT_EQ(config.data.directory, defaults.data.directory);
  EXPECT_EQ(config.data.unmatched_crop_retention_h, 24);
  EXPECT_EQ(config.database.url, "sqlite:vigil.db");
  EXPECT_EQ(config.recognition.detect_interval_ms, 200);
  EXPECT_EQ(config.recognition.named_strangers_max, 0.01);
  EXPECT_EQ(config.recognition.motion_area_min, defaults.recognition.motion_area_min);
  EXPECT_EQ(config.alerts.cooldown_s, 300);
  EXPECT_EQ(config.api.port, 8080);
  EXPECT_EQ(config.api.metrics_port, 9090);
  EXPECT_EQ(config.logs.level, LogLevel::kInfo);
  EXPECT_EQ(config.logs.files_max, 5);
  EXPECT_TRUE(config.alerts.channels.empty());
  EXPECT_TRUE(config.cameras.empty());
}

TEST(Config, ExampleFileHoldsEveryKeyWithItsDefault) {
  const std::string example = ReadText(VIGIL_SOURCE_DIR "/config/vigil.example.toml");
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string line =
        key.in_list ? "\n#" + key.name + " = " : "\n" + key.name + " = " + key.default_toml + "\n";
    EXPECT_THAT(example, HasSubstr(line));
    EXPECT_THAT(example, HasSubstr(key.description));
  }
}

TEST(Config, UncommentedExampleLacksOnlyTheSecret) {
  std::string text = ReadText(VIGIL_SOURCE_DIR "/config/vigil.example.toml");
  for (std::size_t at = 0; (at = text.find("\n#", at)) != std::string::npos; ++at) {
    if (text[at + 2] != ' ') text.erase(at + 1, 1);
  }
  // Entries made from one pattern carry one name.
  text.replace(text.rfind("\"guards\""), 8, "\"guards-http\"");
  text.replace(text.rfind("\"guards\""), 8, "\"guards-mail\"");
  const std::string error = ErrorOf(text);
  EXPECT_THAT(error, HasSubstr("alerts.channels.0.secret: expects whsec_"));
  EXPECT_THAT(error, Not(HasSubstr("\n")));
}

TEST(Config, LaterSourcesWin) {
  const std::string_view toml = "[api]\nport = 1000\nmetrics_port = 1001\naddress = \"::1\"\n";
  const Config config = Load(toml, {.file = {},
                                    .environment = {{"VIGIL__API__PORT", "2000"},
                                                    {"VIGIL__API__METRICS_PORT", "2001"},
                                                    {"OTHER", "x"}},
                                    .overrides = {{"api.port", "3000"}}});
  EXPECT_EQ(config.api.address, "::1");
  EXPECT_EQ(config.api.metrics_port, 2001);
  EXPECT_EQ(config.api.port, 3000);
}

TEST(Config, ListsComeFromFileAndEnvironment) {
  const Config config = Load(
      "[[cameras]]\nname = \"a\"\nurl = \"rtsp://h/1\"\ndetect_interval_ms = 50\n",
      {.file = {},
       .environment = {{"VIGIL__CAMERAS__1__NAME", "b"}, {"VIGIL__CAMERAS__1__URL", "rtsp://h/2"}},
       .overrides = {}});
  ASSERT_EQ(config.cameras.size(), 2U);
  EXPECT_EQ(config.cameras[0].detect_interval_ms, 50);
  EXPECT_EQ(config.cameras[1].name, "b");
  EXPECT_EQ(config.cameras[1].url.Reveal(), "rtsp://h/2");
}

TEST(Config, ChannelsAreRead) {
  const Config config =
      Load("[[alerts.channels]]\nname = \"hook\"\nurl = \"https://example.org\"\nsecret = \"" +
               std::string(kSigningSecret) +
               "\"\ncooldown_s = 5\n[[alerts.channels]]\nname = \"mail\"\nkind = \"email\"\n"
               "smtp_url = \"smtps://h:465\"\ntls = \"implicit\"\nfrom = \"v@example.org\"\n",
           {.file = {},
            .environment = {{"VIGIL__ALERTS__CHANNELS__1__TO", "a@example.org, b@example.org"}},
            .overrides = {}});
  ASSERT_EQ(config.alerts.channels.size(), 2U);
  EXPECT_EQ(config.alerts.channels[0].secret.Reveal(), kSigningSecret);
  EXPECT_EQ(config.alerts.channels[0].cooldown_s, 5);
  EXPECT_EQ(config.alerts.channels[1].tls, SmtpTls::kImplicit);
  EXPECT_THAT(config.alerts.channels[1].to, ElementsAre("a@example.org", "b@example.org"));
}

TEST(Config, TrustedProxiesAreAddressesAndRanges) {
  EXPECT_TRUE(Load("").api.trusted_proxies.empty()) << "by default nobody is believed";
  const Config config = Load("[api]\ntrusted_proxies = [\"127.0.0.1\", \"2001:db8::/32\"]\n");
  EXPECT_EQ(config.api.trusted_proxies.size(), 2U);
  EXPECT_THAT(ErrorOf("[api]\ntrusted_proxies = [\"proxy.example\"]\n"),
              HasSubstr("proxy.example is no address"));
  EXPECT_THAT(ErrorOf("[api]\ntrusted_proxies = [\"0.0.0.0/0\"]\n"), HasSubstr("0.0.0.0/0"));
}

TEST(Config, UnknownKeyNamesTheNearest) {
  EXPECT_EQ(ErrorOf("[recognition]\n\nmin_face = 3\n"),
            "vigil.toml:3: recognition.min_face: unknown key; did you mean "
            "recognition.min_face_px?");
  EXPECT_THAT(ErrorOf("[recogniton]\nworkers = 3\n"),
              HasSubstr("unknown section [recogniton]; did you mean recognition?"));
  EXPECT_THAT(ErrorOf("workers = 3\n"), HasSubstr("did you mean recognition.workers?"));
  EXPECT_THAT(ErrorOf("[xyzzyplugh]\n"), HasSubstr("unknown section; known: alerts, "));
  EXPECT_THAT(
      ErrorOf("", {.file = {}, .environment = {{"VIGIL__API__PROT", "1"}}, .overrides = {}}),
      HasSubstr("VIGIL__API__PROT: api.prot: unknown key; did you mean api.port?"));
}

TEST(Config, WrongShapesAreExplained) {
  EXPECT_THAT(ErrorOf("[cameras]\nname = \"a\"\n"), HasSubstr("write [[cameras]]"));
  EXPECT_THAT(ErrorOf("cameras = 3\n"), HasSubstr("write [[cameras]]"));
  EXPECT_THAT(ErrorOf("api = 3\n"), HasSubstr("write [api]"));
  EXPECT_THAT(ErrorOf("[api]\nport = 1979-05-27\n"), HasSubstr("a date or time is not expected"));
  EXPECT_THAT(ErrorOf("[api\n"), HasSubstr("vigil.toml:1:5: not valid TOML"));
  EXPECT_EQ(Load("cameras = []\n[api]\n").cameras.size(), 0U);
}

TEST(Config, AllErrorsComeAtOnce) {
  const std::string error = ErrorOf(
      "[api]\nport = 70000\naddress = 3\n[logs]\nlevel = \"loud\"\n[recognition]\n"
      "motion_gate = 1\nshots_max = \"3\"\nnamed_strangers_max = nan\n");
  EXPECT_THAT(error, AllOf(HasSubstr("vigil.toml:2: api.port: is 70000; expects 0 to 65535"),
                           HasSubstr("vigil.toml:3: api.address: expects a text in quotes"),
                           HasSubstr("one of: debug, info, warning, error, off"),
                           HasSubstr("recognition.motion_gate: expects true or false"),
                           HasSubstr("recognition.shots_max: expects a whole number"),
                           HasSubstr("named_strangers_max: expects a number")));
}

TEST(Config, RulesBetweenKeysAreChecked) {
  const std::string error = ErrorOf(
      "[api]\nport = 80\nmetrics_port = 80\ntls_key = \"k\"\n[data]\nseal_key = \"abc\"\n"
      "[database]\nurl = \"postgresql://u:hunter2@h/d\"\n[[cameras]]\nname = \"a\"\n"
      "[[cameras]]\nname = \"a\"\nurl = \"x\"\n[[alerts.channels]]\nname = \"m\"\n"
      "kind = \"email\"\nuser = \"u\"\nsmtp_url = \"smtp://u:hunter2@h\"\n");
  EXPECT_THAT(
      error,
      AllOf(HasSubstr("api.metrics_port: is 80 like api.port"),
            HasSubstr("api.tls_key: this version speaks plain HTTP"), HasSubstr("data.seal_key"),
            HasSubstr("database.url: holds a password"), HasSubstr("cameras.0.url: is missing"),
            HasSubstr("cameras.1.name: \"a\" is taken"),
            HasSubstr("alerts.channels.0.smtp_url: holds a login"),
            HasSubstr("alerts.channels.0.to"), HasSubstr("alerts.channels.0.from"),
            HasSubstr("alerts.channels.0.password: is missing"), Not(HasSubstr("hunter2"))));
}

TEST(Config, SecretsAreNeverPrinted) {
  EXPECT_THAT(
      ErrorOf("[[alerts.channels]]\nname = \"w\"\nurl = \"hunter2\"\nsecret = \"hunter2\"\n"),
      AllOf(HasSubstr("secret: expects whsec_"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(ErrorOf("[data]\nseal_key = hunter2\n"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(ErrorOf("[data]\nseal_keey = \"hunter2\"\n"), Not(HasSubstr("hunter2")));
}

TEST_F(ConfigFile, SecretsCanStandInFiles) {
  const std::string key(64, 'a');
  const std::string path = Write("key", key + "\n");
  const std::string toml = "[data]\nseal_key_file = \"" + path + "\"\n";
  EXPECT_EQ(Load(toml).data.seal_key.Reveal(), key);
  EXPECT_THAT(ErrorOf(toml + "seal_key = \"" + key + "\"\n"),
              HasSubstr("give either this or data.seal_key"));
  EXPECT_THAT(ErrorOf("[data]\nseal_key_file = \"" + path + "-none\"\n"), HasSubstr("cannot read"));
  const std::string other(64, 'b');
  EXPECT_EQ(
      Load(toml, {.file = {}, .environment = {{"VIGIL__DATA__SEAL_KEY", other}}, .overrides = {}})
          .data.seal_key.Reveal(),
      other);
}

TEST_F(ConfigFile, SecretFilesSayWhyTheyCannotBeRead) {
  const auto error_of = [&](const std::filesystem::path& path) {
    return ErrorOf("[data]\nseal_key_file = \"" + path.string() + "\"\n");
  };
  const auto pipe = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(error_of(pipe), HasSubstr("is a pipe, not a file")) << "and does not wait for it";
  EXPECT_THAT(error_of("/dev/zero"), HasSubstr("is a device or socket, not a file"));
  EXPECT_THAT(error_of(directory_), HasSubstr("is a directory, not a file"));
  EXPECT_THAT(error_of(directory_ / "none"), HasSubstr("No such file"));
}

TEST(Config, RefusesWhatIsNotUtf8) {
  const ConfigSources sources{.file = std::nullopt,
                              .environment = {{"VIGIL__CAMERAS__0__NAME", "T\xFCr"},
                                              {"VIGIL__CAMERAS__0__URL", "rtsp://a"}},
                              .overrides = {}};
  EXPECT_THAT(ErrorOf("", sources), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(ErrorOf("[[cameras]]\nname = \"T\xFCr\"\nurl = \"rtsp://a\"\n"),
              HasSubstr("vigil.toml:2"));
}

TEST_F(ConfigFile, IsReadFromDisk) {
  const std::string path = Write("other.toml", "[api]\nport = 81\n");
  const auto config = LoadConfig({.file = path, .environment = {}, .overrides = {}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->api.port, 81);
  const auto missing =
      LoadConfig({.file = directory_ / "none.toml", .environment = {}, .overrides = {}});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  const auto folder = LoadConfig({.file = directory_, .environment = {}, .overrides = {}});
  ASSERT_FALSE(folder.has_value());
  EXPECT_EQ(folder.error().code, ErrorCode::kPermission);
}

TEST(Config, PathsAreResolved) {
  const Environment home = {{"HOME", "/home/ada"}};
  EXPECT_EQ(Load("", {{}, home, {}}).models.directory, "/home/ada/.cache/vigil/models");
  Environment both = home;
  both["VIGIL_MODELS_DIRECTORY"] = "/srv/models";
  EXPECT_EQ(Load("", {{}, both, {}}).models.directory, "/srv/models");
  EXPECT_EQ(Load("[models]\ndirectory = \"here\"\n", {{}, home, {}}).models.directory, "here");
  EXPECT_EQ(Load("[models]\ndirectory = \"here\"\n", {{}, both, {}}).models.directory,
            "/srv/models");
  both["VIGIL__MODELS__DIRECTORY"] = "there";
  EXPECT_EQ(Load("", {{}, both, {}}).models.directory, "there");
  Config config;
  EXPECT_EQ(config.DatabaseFile(), "data/vigil.db");
  config.database.url = "sqlite:/srv/v.db";
  EXPECT_EQ(config.DatabaseFile(), "/srv/v.db");
}

TEST(Config, TheDatabaseIsAFileOrAServerAndItsPasswordStandsElsewhere) {
  for (const char* url : {"postgresql://vigil@db.example/vigil", "postgresql:///vigil?host=/run/pg",
                          "postgresql://vigil@[::1]:5433/vigil?passfile=/etc/vigil/pgpass"}) {
    const auto config = LoadConfigText(format("[database]\nurl = \"{}\"\n", url), "vigil.toml");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_TRUE(config->UsesPostgres());
    EXPECT_TRUE(config->DatabaseFile().empty());
  }
  for (const char* url :
       {"postgresql://vigil:hunter2@db/vigil", "postgresql://db/v?password=hunter2",
        "postgres:vigil", "mysql://db/vigil", "sqlite:"}) {
    const std::string error = ErrorOf(format("[database]\nurl = \"{}\"\n", url));
    EXPECT_THAT(error, AllOf(HasSubstr("database.url"), Not(HasSubstr("hunter2")))) << url;
  }
}

TEST(Config, TextOutsideQuotesIsToldWithItsLine) {
  for (const char* text : {"[logs]\nlevel = é", "[logs]\n\xC2\xA0level = 1", "[logs]\né = 1",
                           "[logs]\nlevel = \"a\" é", "[logs]\nlevel = '''a'''é"}) {
    const auto config = LoadConfigText(text, "vigil.toml");
    ASSERT_FALSE(config) << text;
    EXPECT_THAT(config.error().message, HasSubstr("vigil.toml:2:")) << text;
    EXPECT_THAT(config.error().message, HasSubstr("quotes")) << text;
  }
}

TEST(Config, TextInsideQuotesAndCommentsIsFree) {
  const auto config = LoadConfigText(
      "\xEF\xBB\xBF# Kamera für später\n[[cameras]]\nname = \"Tür \\\" é\" # größer\n"
      "url = 'rtsp://192.0.2.1/é'\ngroup = \"\"\"é \"quoted\" é\"\"\"\n",
      "vigil.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->cameras.at(0).name, "Tür \" é");
}

RC_GTEST_PROP(Config, NeverFailsOtherThanByAnError, (const std::string& text)) {
  const auto config = LoadConfigText("[recognition]\n" + text, "vigil.toml");
  RC_ASSERT(config.has_value() || config.error().code == ErrorCode::kInvalidArgument);
}

TEST(ReferenceMarkdown, IsThePageInDocs) {
  std::ifstream file(std::filesystem::path(VIGIL_SOURCE_DIR) / "docs/configuration.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  EXPECT_TRUE(page == ReferenceMarkdown())
      << "docs/configuration.md is not current: vigil config --markdown > docs/configuration.md";
}

TEST(ReferenceMarkdown, NamesEveryKeyWithItsLimits) {
  const std::string page = ReferenceMarkdown();
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_THAT(page, HasSubstr("| `" + key.name + "` |"));
  }
  EXPECT_THAT(page, HasSubstr("auto, f32, bf16, i8"));
  EXPECT_THAT(page, HasSubstr("0 to 65535"));
}

TEST(EditDistance, CountsEditsAndSwaps) {
  EXPECT_EQ(EditDistance("port", "port"), 0);
  EXPECT_EQ(EditDistance("prot", "port"), 1);
  EXPECT_EQ(EditDistance("", "port"), 4);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
}

TEST(CameraAreas, AreReadAndWrongOnesRefusedByName) {
  const std::string camera = "[[cameras]]\nname = \"a\"\nurl = \"rtsp://h/1\"\n";
  const Config config = Load(camera + "areas = [\"0 0; 1 0; 1 1\"]\nface_score_min = 0.9\n");
  EXPECT_EQ(config.cameras.at(0).areas.size(), 1U);
  EXPECT_DOUBLE_EQ(config.cameras.at(0).face_score_min, 0.9);
  EXPECT_FALSE(config.cameras.at(0).keyframes_when_idle);
  EXPECT_THAT(ErrorOf(camera + "areas = [\"0 0; 1 1\"]\n"),
              HasSubstr("cameras.0.areas: has 2 corners"));
  EXPECT_THAT(ErrorOf(camera + "excluded_areas = [\"all\"]\n"),
              HasSubstr("cameras.0.excluded_areas: \"all\" is no corner"));
  EXPECT_THAT(ErrorOf(camera + "face_score_min = 2\n"), HasSubstr("expects 0 to 1"));
}

}  // namespace
}  // namespace vigil::config
