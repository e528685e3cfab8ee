// Forms as browsers, curl and attackers send them.
#include "api/multipart.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vigil::api {
namespace {

TEST(MultipartBoundary, ReadsQuotedAndPlainBoundaries) {
  EXPECT_EQ(MultipartBoundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(MultipartBoundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b;c\""), "a b;c");
}

TEST(MultipartBoundary, RefusesOtherTypesAndLengths) {
  for (const std::string& type :
       {std::string("application/json"), std::string("multipart/form-data"),
        std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"a"),
        "multipart/form-data; boundary=" + std::string(71, 'x')}) {
    EXPECT_EQ(MultipartBoundary(type), std::nullopt) << type;
  }
}

TEST(ParseMultipart, ReadsFieldsAndFiles) {
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"top\"\r\n\r\n3\r\n"
      "--b\r\nContent-Type: image/jpeg\r\n"
      "content-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".jpg\"\r\n\r\n"
      "\r\n--\r\n--c\r\n\r\n--b--\r\n";
  const auto parts = ParseMultipart(body, "b");
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ(parts->at(0).name, "top");
  EXPECT_EQ(parts->at(0).content, "3");
  EXPECT_EQ(parts->at(0).file_name, "");
  EXPECT_EQ(parts->at(1).name, "file");
  EXPECT_EQ(parts->at(1).file_name, "a \"b\".jpg");
  EXPECT_EQ(parts->at(1).content, "\r\n--\r\n--c\r\n");
}

TEST(ParseMultipart, RefusesWhatIsNotWhole) {
  const std::string head = "Content-Disposition: form-data; name=\"a\"\r\n";
  for (const std::string& body :
       {std::string(), std::string("--b"), std::string("--x\r\n"), "--b\r\n" + head + "\r\nvalue",
        "--b\r\n" + head + "value\r\n--b--", std::string("--b\r\nX: y\r\n\r\nv\r\n--b--"),
        "--b\r\n" + std::string(5000, 'x') + "\r\n\r\nv\r\n--b--"}) {
    EXPECT_FALSE(ParseMultipart(body, "b")) << body.substr(0, 80);
  }
}

TEST(ParseMultipart, RefusesMorePartsThanAllowed) {
  std::string body;
  for (int i = 0; i < 3; ++i) {
    body += "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n";
  }
  body += "--b--";
  EXPECT_TRUE(ParseMultipart(body, "b", 3));
  EXPECT_FALSE(ParseMultipart(body, "b", 2));
}

RC_GTEST_PROP(ParseMultipart, TakesAnyBytesWithoutAFault, (const std::string& bytes)) {
  const auto parts = ParseMultipart("--b\r\n" + bytes + "\r\n--b--", "b");
  if (parts) RC_ASSERT(parts->size() <= 16U);
}

TEST(Multipart, RefusesNamesThatAreNotUtf8) {
  for (const char* disposition : {"name=\"f\xFCr\"", "name=\"file\"; filename=\"\xFC.jpg\""}) {
    const auto parts = ParseMultipart(
        "--b\r\nContent-Disposition: form-data; " + std::string(disposition) + "\r\n\r\nx\r\n--b--",
        "b", 4);
    ASSERT_FALSE(parts.has_value());
    EXPECT_NE(parts.error().message.find("not valid UTF-8"), std::string::npos);
  }
}

}  // namespace
}  // namespace vigil::api
