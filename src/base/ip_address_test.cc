// What counts as an address, and what lies in a range.
#include "base/ip_address.h"

#include <gtest/gtest.h>

namespace vigil {
namespace {

bool Within(std::string_view range, std::string_view address) {
  return IpRange::Parse(range).value().Contains(IpAddress::Parse(address).value());
}

TEST(IpAddress, ReadsAddressesAndNothingElse) {
  for (const char* text : {"192.0.2.1", "::1", "2001:db8::7"}) {
    ASSERT_TRUE(IpAddress::Parse(text)) << text;
    EXPECT_EQ(IpAddress::Parse(text)->Text(), text);
  }
  for (const char* text :
       {"", "localhost", "192.0.2.1:80", "[::1]", "fe80::1%eth0", "1.2.3", "192.0.2.1 ",
        "1.2.3.4.5", "0x7f.0.0.1", "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222"}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
}

TEST(IpAddress, OneAddressHasOneText) {
  EXPECT_EQ(IpAddress::Parse("::ffff:192.0.2.1")->Text(), "192.0.2.1");
  EXPECT_EQ(IpAddress::Parse("2001:0DB8:0:0::1")->Text(), "2001:db8::1");
  EXPECT_EQ(*IpAddress::Parse("::ffff:192.0.2.1"), *IpAddress::Parse("192.0.2.1"));
}

TEST(IpRange, HoldsWhatBeginsWithItsBits) {
  EXPECT_TRUE(Within("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(Within("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(Within("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(Within("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(Within("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(Within("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(Within("192.0.2.1", "::ffff:192.0.2.1"));
  EXPECT_FALSE(Within("192.0.2.1", "192.0.2.2"));
  EXPECT_FALSE(Within("10.0.0.0/8", "a00::1"));
}

TEST(IpRange, RefusesWhatIsNoRange) {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                           "0.0.0.0/0", "::/0", "::1/129", "proxy.example"}) {
    EXPECT_FALSE(IpRange::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace vigil
