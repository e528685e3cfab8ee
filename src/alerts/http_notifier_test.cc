// The templated channel against a real server on loopback, with the examples of the documentation.
#include "alerts/http_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "alerts/channel_settings.h"
#include "alerts/loopback_server.h"
#include "base/json.h"
#include "contract/notifier_contract.h"

namespace vigil::alerts {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kJsonBody = R"({"id": "{{alert.id}}", "who": "{{person.name}}"})";

HttpOptions OptionsFor(const std::string& url) {
  HttpOptions options;
  options.url = Secret(url);
  options.body = kJsonBody;
  options.allow_private_addresses = true;
  return options;
}

std::unique_ptr<Notifier> MakeHttp(const HttpOptions& options, const Clock& clock) {
  auto notifier = MakeHttpNotifier(options, clock);
  EXPECT_TRUE(notifier.has_value()) << notifier.error().message;
  return *std::move(notifier);
}

class HttpWorld {
 public:
  std::unique_ptr<Notifier> Make() { return MakeHttp(OptionsFor(receiver_.Url()), clock_); }
  void Refuse() { receiver_.SetReply("HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n"); }
  void Hang() { receiver_.Hang(); }
  void AwaitAttempt() { receiver_.requests.Await(1); }
  std::vector<std::string> Received() const {
    std::vector<std::string> ids;
    for (const HttpRequest& request : receiver_.requests.All()) {
      ids.emplace_back(ParseJson(request.body)->at("id").as_string());
    }
    return ids;
  }

 private:
  SystemClock clock_;
  HttpReceiver receiver_;
};

}  // namespace
}  // namespace vigil::alerts

namespace vigil {
INSTANTIATE_TYPED_TEST_SUITE_P(Http, NotifierContract, alerts::HttpWorld);
}

namespace vigil::alerts {
namespace {

class HttpNotifier : public testing::Test {
 protected:
  std::string FaultOf(const std::function<void(HttpOptions&)>& change) {
    HttpOptions options = OptionsFor("https://example.org/x");
    change(options);
    const auto notifier = MakeHttpNotifier(options, clock_);
    return notifier.has_value() ? "none" : notifier.error().message;
  }

  // The receiver of config/channels/NAME.json, sent to our server in place of the real one.
  HttpOptions Example(const std::string& name) {
    std::ifstream file(std::string(VIGIL_SOURCE_DIR) + "/config/channels/" + name + ".json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto parsed = ParseJson(text);
    EXPECT_TRUE(parsed.has_value()) << name;
    const json::object& channel = parsed->get_object();
    const auto receiver = ReadReceiver("http", channel.at("settings").get_object(),
                                       {"https://vigil.example.org"}, clock_);
    EXPECT_TRUE(receiver.has_value())
        << (receiver ? "" : receiver.error().front().field + receiver.error().front().message);
    HttpOptions options = std::get<HttpOptions>(*receiver);
    const std::string url = options.url.Reveal();
    const std::size_t path = url.find('/', url.find("://") + 3);
    options.url = Secret(format("http://127.0.0.1:{}{}", receiver_.Port(), url.substr(path)));
    options.allow_private_addresses = true;
    return options;
  }

  HttpRequest Sent(const HttpOptions& options, const std::string& person = "Ada \"A\" <Ex&mple>") {
    AlertMessage message = ContractAlert();
    message.person_name = person;
    const std::string jpeg = "\xFF\xD8picture";
    const auto answer =
        MakeHttp(options, clock_)->Deliver(message, std::as_bytes(std::span(jpeg)), {});
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return receiver_.requests.All().back();
  }

  ManualClock clock_{WallTime{std::chrono::milliseconds{1'700'000'030'500}}};
  HttpReceiver receiver_;
};

TEST_F(HttpNotifier, ExampleOfAnSmsGateway) {
  receiver_.SetReply("HTTP/1.1 202 Taken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const HttpRequest request = Sent(Example("sms-gateway"));
  EXPECT_THAT(request.head, StartsWith("POST /send HTTP/1.1\r\n"));
  EXPECT_EQ(request.Header("Authorization"), "Bearer the-api-key-of-the-gateway");
  EXPECT_EQ(request.Header("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.body,
            "to=%2B491700000000&from=Vigil&text=Looks%20like%20Ada%20%22A%22%20%3CEx%26mple%3E%20at"
            "%20Front%20door%20https%3A%2F%2Fvigil.example.org%2F%3Fincident%3D"
            "0192c1f0-0000-7000-8000-000000000002");
}

TEST_F(HttpNotifier, ExampleOfTelegram) {
  const HttpRequest request = Sent(Example("telegram"));
  EXPECT_THAT(request.head, StartsWith("POST /bot123456:the-token-of-the-bot/sendPhoto HTTP/1.1"));
  EXPECT_THAT(request.Header("Content-Type"), StartsWith("multipart/form-data; boundary="));
  EXPECT_THAT(request.body, HasSubstr("name=\"chat_id\"\r\n\r\n-1001234567890\r\n"));
  EXPECT_THAT(request.body,
              HasSubstr("name=\"caption\"\r\n\r\nLooks like Ada \"A\" <Ex&mple> at "));
  EXPECT_THAT(request.body, HasSubstr("name=\"photo\"; filename=\"snapshot.jpg\"\r\nContent-Type: "
                                      "image/jpeg\r\n\r\n\xFF\xD8picture\r\n"));
}

TEST_F(HttpNotifier, ExampleOfNtfy) {
  const HttpRequest request = Sent(Example("ntfy"));
  EXPECT_EQ(request.Header("Authorization"), "Bearer tk_the-access-token");
  const auto body = ParseJson(request.body);
  ASSERT_TRUE(body.has_value()) << request.body;
  EXPECT_EQ(body->at("topic"), "vigil");
  EXPECT_EQ(body->at("title"), "Looks like Ada \"A\" <Ex&mple> at Front door");
  EXPECT_EQ(body->at("priority"), 5);
  EXPECT_THAT(body->at("click").as_string().c_str(), StartsWith("https://vigil.example.org/?"));
}

TEST_F(HttpNotifier, ExampleOfSlackStyleHooks) {
  const HttpRequest request = Sent(Example("slack"));
  EXPECT_THAT(request.head,
              StartsWith("POST /services/T00000000/B00000000/the-secret-part HTTP/1.1\r\n"));
  const auto body = ParseJson(request.body);
  ASSERT_TRUE(body.has_value()) << request.body;
  EXPECT_THAT(body->at("text").as_string().c_str(),
              StartsWith("Looks like Ada &quot;A&quot; &lt;Ex&amp;mple&gt; at Front door\n"));
}

TEST_F(HttpNotifier, NamesCannotBreakOut) {
  HttpOptions options = OptionsFor(receiver_.Url() + "?who={{person.name}}");
  options.headers = {{"X-Who", Secret("{{person.name}}")}};
  const HttpRequest request = Sent(options, "a\",\"b\\\r\nX-Evil: 1\r\n\r\n&x=/../");
  EXPECT_EQ(request.Header("X-Evil"), "");
  EXPECT_EQ(ParseJson(request.body)->get_object().size(), 2U);
  EXPECT_THAT(request.head, HasSubstr("?who=a%22%2C%22b%5C%20%20X-Evil"));
  EXPECT_THAT(request.head, HasSubstr("%26x%3D%2F..%2F HTTP/1.1"));
}

TEST_F(HttpNotifier, FaultsAreFoundWhenItIsMade) {
  EXPECT_EQ(FaultOf([](HttpOptions&) {}), "none");
  EXPECT_THAT(
      FaultOf([](auto& o) { o.body = "{\"a\": \"{{persn.name}}\"}"; }),
      StartsWith("body: there is no placeholder {{persn.name}}; did you mean {{person.nam"));
  EXPECT_THAT(FaultOf([](auto& o) { o.body = "{\"a\": {{person.name}}}"; }),
              StartsWith("body: is no JSON once it is filled in"));
  EXPECT_THAT(FaultOf([](auto& o) { o.url = Secret("https://{{camera.name}}/x"); }),
              StartsWith("url: expects"));
  EXPECT_THAT(FaultOf([](auto& o) { o.url = Secret("https://user{{secret}}.example.org/"); }),
              StartsWith("url: expects"));
  EXPECT_THAT(FaultOf([](auto& o) { o.url = Secret("file:///etc/passwd"); }), StartsWith("url: "));
  EXPECT_THAT(FaultOf([](auto& o) { o.method = "DELETE"; }), StartsWith("method: "));
  EXPECT_THAT(FaultOf([](auto& o) { o.method = "GET"; }), StartsWith("body: a GET has none"));
  EXPECT_THAT(FaultOf([](auto& o) { o.success = "299-200"; }), StartsWith("success: "));
  EXPECT_THAT(FaultOf([](auto& o) { o.secret = Secret("a\r\nb"); }), StartsWith("secret: "));
  EXPECT_THAT(FaultOf([](auto& o) { o.snapshot_field = "photo"; }), StartsWith("fields: "));
  EXPECT_THAT(FaultOf([](auto& o) { o.headers = {{"X", Secret("a\nb")}}; }),
              StartsWith("headers: X is not on one line"));
}

TEST_F(HttpNotifier, StatusAndReplyAreTheAnswer) {
  receiver_.SetReply("HTTP/1.1 202 Ok\r\nContent-Length: 7\r\nConnection: close\r\n\r\nqueued\n");
  HttpOptions options = OptionsFor(receiver_.Url());
  options.success = "200,202";
  options.secret = Secret("hidden-word");
  auto notifier = MakeHttp(options, clock_);
  EXPECT_EQ(*notifier->Deliver(ContractAlert(), {}, {}), "HTTP 202");
  receiver_.SetReply("HTTP/1.1 201 Ok\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(notifier->Deliver(ContractAlert(), {}, {}).error().code, ErrorCode::kUnavailable);
  receiver_.SetReply(
      "HTTP/1.1 400 No\r\nContent-Length: 15\r\nConnection: close\r\n\r\nbad hidden-word");
  const auto refused = notifier->Deliver(ContractAlert(), {}, {});
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message, Not(HasSubstr("hidden-word")));
}

// An administrator of the API could otherwise read what machines behind it say.
TEST_F(HttpNotifier, DoesNotQuoteAPrivateReceiver) {
  receiver_.SetReply("HTTP/1.1 400 No\r\nContent-Length: 8\r\nConnection: close\r\n\r\ninternal");
  const auto refused =
      MakeHttp(OptionsFor(receiver_.Url()), clock_)->Deliver(ContractAlert(), {}, {});
  EXPECT_THAT(refused.error().message,
              testing::AllOf(HasSubstr("400"), Not(HasSubstr("internal"))));
}

TEST_F(HttpNotifier, NeverGoesToMetadataServices) {
  for (const char* url : {"http://169.254.169.254/latest/meta-data", "http://[fe80::1]/",
                          "http://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/"}) {
    const auto refused = MakeHttp(OptionsFor(url), clock_)->Deliver(ContractAlert(), {}, {});
    ASSERT_FALSE(refused.has_value()) << url;
    EXPECT_THAT(refused.error().message, HasSubstr("never permitted")) << url;
  }
}

TEST_F(HttpNotifier, RefusesPrivateAddressesAndFollowsNoRedirect) {
  HttpOptions options = OptionsFor(receiver_.Url());
  options.allow_private_addresses = false;
  const auto refused = MakeHttp(options, clock_)->Deliver(ContractAlert(), {}, {});
  EXPECT_THAT(refused.error().message, HasSubstr("allow_private_addresses"));
  EXPECT_TRUE(receiver_.requests.All().empty());
  HttpReceiver target;
  receiver_.SetReply("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " +
                     target.Url() + "\r\n\r\n");
  const auto moved =
      MakeHttp(OptionsFor(receiver_.Url()), clock_)->Deliver(ContractAlert(), {}, {});
  EXPECT_THAT(moved.error().message, HasSubstr("redirect"));
  EXPECT_TRUE(target.requests.All().empty());
}

TEST(ChannelSettings, ShowNoSecretAndKeepThemWhenSentBack) {
  const SystemClock clock;
  const json::object stored{
      {"url", "https://user:hunter2@example.org/?token=hunter2"},
      {"secret", "hunter2"},
      {"headers", {{"Authorization", "hunter2 {{secret}}"}, {"X-Old", "hunter2"}}},
      {"body", kJsonBody}};
  const auto receiver = ReadReceiver("http", stored, {}, clock);
  ASSERT_TRUE(receiver.has_value());
  const json::object shown = ShownSettings(*receiver);
  EXPECT_THAT(json::serialize(shown), Not(HasSubstr("hunter2")));
  json::object change = shown;
  change["headers"].get_object().erase("X-Old");
  change["method"] = "PUT";
  const json::object merged = MergeSettings(stored, change, shown);
  EXPECT_EQ(merged.at("url"), stored.at("url"));
  EXPECT_EQ(merged.at("secret"), "hunter2");
  EXPECT_EQ(merged.at("method"), "PUT");
  EXPECT_EQ(merged.at("headers"), (json::value{{"Authorization", "hunter2 {{secret}}"}}));
}

// Hooks keep their token in the path, bots and gateways in the query, a field or the body.
TEST(ChannelSettings, AnOperatorSeesWhereItGoesAndNoToken) {
  const SystemClock clock;
  const auto operators_view = [&](std::string_view kind, const json::object& settings) {
    const auto receiver = ReadReceiver(kind, settings, {}, clock);
    EXPECT_TRUE(receiver.has_value()) << (receiver ? "" : receiver.error().front().message);
    return ShownSettings(*receiver, Viewer::kOperator);
  };
  const json::object http = operators_view(
      "http", {{"url", "https://user:hunter2@hooks.example.org/services/hunter2?key=hunter2"},
               {"headers", {{"X-Key", "hunter2"}}},
               {"body", R"({"token": "hunter2"})"}});
  EXPECT_THAT(json::serialize(http), Not(HasSubstr("hunter2")));
  EXPECT_EQ(http.at("url"), "https://hooks.example.org/***");
  EXPECT_EQ(http.at("body"), "***");
  const json::object form =
      operators_view("http", {{"url", "https://api.example.org/bothunter2/sendPhoto"},
                              {"content_type", "multipart/form-data"},
                              {"fields", {{"token", "hunter2"}}}});
  EXPECT_THAT(json::serialize(form), Not(HasSubstr("hunter2")));
  EXPECT_EQ(form.at("fields"), (json::value{{"token", "***"}}));
  const json::object webhook =
      operators_view("webhook", {{"url", "https://hooks.example.org/hunter2"},
                                 {"secret", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}});
  EXPECT_EQ(webhook.at("url"), "https://hooks.example.org/***");
  const json::object email = operators_view("email", {{"smtp_url", "smtp://mail.example.org:587"},
                                                      {"user", "hunter2"},
                                                      {"password", "hunter2"},
                                                      {"from", "a@example.org"},
                                                      {"to", json::array{"b@example.org"}}});
  EXPECT_THAT(json::serialize(email), Not(HasSubstr("hunter2")));
}

TEST(ChannelSettings, EveryFaultIsNamed) {
  const SystemClock clock;
  const auto wrong =
      ReadReceiver("webhook", {{"url", 7}, {"scret", "x"}, {"secret", true}}, {}, clock);
  ASSERT_FALSE(wrong.has_value());
  std::vector<std::string> fields;
  for (const SettingError& error : wrong.error()) fields.push_back(error.field);
  EXPECT_THAT(fields, testing::UnorderedElementsAre("url", "secret", "scret"));
  const auto late =
      ReadReceiver("email", {{"smtp_url", "smtp://h:1"}, {"from", "a@b.c"}}, {}, clock);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().front().field, "to");
}

}  // namespace
}  // namespace vigil::alerts
