// Who is believed to be the client.
#include "api/trusted_proxies.h"

#include <gtest/gtest.h>

namespace vigil::api {
namespace {

HttpRequest RequestFrom(const std::string& peer, NamedValues headers) {
  HttpRequest request = RequestOf(Method::kGet, "/").value();
  request.peer = peer;
  request.headers = std::move(headers);
  return request;
}

std::string ClientOf(const std::string& peer, NamedValues headers) {
  const auto proxies = TrustedProxies::Of({"10.0.0.0/8", "::1", "192.0.2.9"}).value();
  HttpRequest request = RequestFrom(peer, std::move(headers));
  proxies.NameClient(request);
  return request.peer;
}

TEST(TrustedProxies, AStrangerIsWhoConnects) {
  EXPECT_EQ(ClientOf("203.0.113.5", {{"x-forwarded-for", "198.51.100.1"}}), "203.0.113.5");
  EXPECT_EQ(ClientOf("", {{"x-forwarded-for", "198.51.100.1"}}), "");
  HttpRequest request = RequestFrom("10.0.0.1", {{"x-forwarded-for", "198.51.100.1"}});
  TrustedProxies().NameClient(request);
  EXPECT_EQ(request.peer, "10.0.0.1") << "by default nobody is trusted";
}

TEST(TrustedProxies, TheClientIsTheLastWhomAProxySaw) {
  EXPECT_EQ(ClientOf("10.0.0.1", {{"x-forwarded-for", "198.51.100.1"}}), "198.51.100.1");
  // The client wrote the first itself.
  EXPECT_EQ(ClientOf("10.0.0.1", {{"x-forwarded-for", "127.0.0.1, 198.51.100.1"}}), "198.51.100.1");
  EXPECT_EQ(
      ClientOf("10.0.0.1", {{"x-forwarded-for", "1.1.1.1,198.51.100.1 , 192.0.2.9,10.2.3.4"}}),
      "198.51.100.1");
  EXPECT_EQ(ClientOf("::ffff:10.0.0.1", {{"x-forwarded-for", "2001:DB8::7"}}), "2001:db8::7");
}

TEST(TrustedProxies, SeveralHeadersAreOneList) {
  EXPECT_EQ(ClientOf("10.0.0.1", {{"x-forwarded-for", "198.51.100.1"},
                                  {"host", "vigil"},
                                  {"x-forwarded-for", "10.0.0.2"}}),
            "198.51.100.1");
  EXPECT_EQ(
      ClientOf("10.0.0.1", {{"x-forwarded-for", "6.6.6.6"}, {"x-forwarded-for", "198.51.100.1"}}),
      "198.51.100.1");
}

TEST(TrustedProxies, TakesPortsAway) {
  EXPECT_EQ(ClientOf("10.0.0.1", {{"x-forwarded-for", "198.51.100.1:4711"}}), "198.51.100.1");
  EXPECT_EQ(ClientOf("10.0.0.1", {{"x-forwarded-for", "[2001:db8::7]:4711"}}), "2001:db8::7");
}

TEST(TrustedProxies, NonsenseEndsTheSearch) {
  EXPECT_EQ(ClientOf("10.0.0.1", {}), "10.0.0.1");
  for (const char* list : {"", ",", "unknown", "198.51.100.1, unknown", "198.51.100.1,", "[::1",
                           "[", "]:", "198.51.100.1, _hidden"}) {
    const std::string client = ClientOf("10.0.0.1", {{"x-forwarded-for", list}});
    EXPECT_TRUE(client == "10.0.0.1" || client == "::1") << list << " gave " << client;
  }
  EXPECT_EQ(ClientOf("10.0.0.1", {{"x-forwarded-for", "1.1.1.1, nonsense, 10.0.0.3"}}), "10.0.0.3");
}

TEST(TrustedProxies, WhereAllAreProxiesTheFirstAsks) {
  EXPECT_EQ(ClientOf("10.0.0.1", {{"x-forwarded-for", "10.0.0.7, 10.0.0.3"}}), "10.0.0.7");
}

TEST(TrustedProxies, ReadsABoundedList) {
  std::string list = "198.51.100.1";
  for (int i = 0; i < 1000; ++i) list += ",10.0.0.3";
  EXPECT_EQ(ClientOf("10.0.0.1", {{"x-forwarded-for", list}}), "10.0.0.3");
}

TEST(TrustedProxies, TellTheScheme) {
  const auto proxies = TrustedProxies::Of({"10.0.0.1"}).value();
  const auto scheme = [&](const std::string& peer, const std::string& told) {
    HttpRequest request = RequestFrom(peer, {{"x-forwarded-proto", told}});
    proxies.NameClient(request);
    return request.scheme;
  };
  EXPECT_EQ(scheme("10.0.0.1", "https"), "https");
  EXPECT_EQ(scheme("10.0.0.1", "https, http"), "http");
  EXPECT_EQ(scheme("10.0.0.1", "gopher"), "");
  EXPECT_EQ(scheme("10.0.0.2", "https"), "");
}

TEST(TrustedProxies, NamesTheEntryThatIsNone) {
  const auto proxies = TrustedProxies::Of({"10.0.0.1", "proxy.example"});
  ASSERT_FALSE(proxies);
  EXPECT_NE(proxies.error().message.find("proxy.example"), std::string::npos);
}

}  // namespace
}  // namespace vigil::api
