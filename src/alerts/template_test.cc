// Placeholders are found and written so that no value leaves its place.
#include "alerts/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "contract/notifier_contract.h"

namespace vigil::alerts {
namespace {

using testing::HasSubstr;

std::string Filled(std::string_view text, Escape escape, const std::string& name = "Ada Example") {
  AlertMessage message = ContractAlert();
  message.person_name = name;
  const Secret secret("t:k/1");
  const auto parsed = Template::Parse(text, escape);
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed->Fill({message, std::as_bytes(std::span("pic", 3)), message.event_time,
                       "https://x/?incident=1", secret});
}

std::string FaultOf(std::string_view text) {
  const auto parsed = Template::Parse(text, Escape::kText);
  return parsed.has_value() ? "none" : parsed.error().message;
}

TEST(Template, FillsEveryPlaceholder) {
  for (const std::string& name : PlaceholderNames()) {
    EXPECT_THAT(Filled("<{{" + name + "}}>", Escape::kText), testing::StartsWith("<")) << name;
    EXPECT_THAT(Filled("{{" + name + "}}", Escape::kText), testing::Not(HasSubstr("{{"))) << name;
  }
  EXPECT_EQ(Filled("{{ person.name }} {{similarity}} of {{threshold}} at {{camera.name}}: {{link}}",
                   Escape::kText),
            "Ada Example 0.71 of 0.63 at Front door: https://x/?incident=1");
  EXPECT_EQ(Filled("{{snapshot_base64}} {{late}} {{person.severity}}", Escape::kText),
            "cGlj false high");
}

TEST(Template, NamesBothWhereItMayBeEither) {
  AlertMessage message = ContractAlert();
  message.person_name = "Ada";
  message.near_equal = true;
  const Secret secret("k");
  const auto parsed = Template::Parse("{{person.name}}", Escape::kText).value();
  const auto filled = [&] { return parsed.Fill({message, {}, message.event_time, "", secret}); };
  EXPECT_EQ(filled(), "Ada, or somebody else who is enrolled");
  message.or_person_id = "p2";
  message.or_person_name = "Berta";
  EXPECT_EQ(filled(), "Ada, or Berta");
  const auto parts =
      Template::Parse("{{near_equal}} {{or_person.id}} {{or_person.name}}", Escape::kText).value();
  EXPECT_EQ(parts.Fill({message, {}, message.event_time, "", secret}), "true p2 Berta");
}

TEST(Template, WritesValuesForTheirPlace) {
  const std::string name = "A\"b\\c\n&<ü>";
  EXPECT_EQ(Filled("{{person.name}}", Escape::kText, name), "A\"b\\c &<ü>");
  EXPECT_EQ(Filled("{{person.name}}", Escape::kJson, name), "A\\\"b\\\\c &<ü>");
  EXPECT_EQ(Filled("{{person.name}}", Escape::kUrl, name), "A%22b%5Cc%20%26%3C%C3%BC%3E");
  EXPECT_EQ(Filled("{{person.name}}", Escape::kHtml, name), "A&quot;b\\c &amp;&lt;ü&gt;");
  EXPECT_EQ(Filled("{{secret}}/{{person.name}}", Escape::kAddress, "a/b"), "t:k/1/a%2Fb");
  EXPECT_EQ(Filled("{{secret}}", Escape::kUrl), "t%3Ak%2F1");
}

TEST(Template, FiltersComeBeforeThePlaceAndOpenNoWayOut) {
  EXPECT_EQ(Filled("{{person.name|html}}", Escape::kJson, "\"<"), "&quot;&lt;");
  EXPECT_EQ(Filled("{{person.name|json|url}}", Escape::kText, "\""), "%5C%22");
  EXPECT_EQ(Filled("{{person.name | json}}", Escape::kJson, "\""), "\\\\\\\"");
}

TEST(Template, ValuesAreNoTemplates) {
  EXPECT_EQ(Filled("{{person.name}}", Escape::kText, "{{secret}}"), "{{secret}}");
}

TEST(Template, FaultsNameTheWordAndTheNearestKnownOne) {
  EXPECT_THAT(FaultOf("{{person.nam}}"),
              HasSubstr("{{person.nam}}; did you mean {{person.name}}?"));
  EXPECT_THAT(FaultOf("{{camera_name}}"), HasSubstr("did you mean {{camera.name}}?"));
  EXPECT_THAT(FaultOf("{{zzzzzzzzzzzzzzzzzzzz}}"), HasSubstr("there are title, text"));
  EXPECT_THAT(FaultOf("{{title|upper}}"), HasSubstr("no filter \"upper\""));
  EXPECT_THAT(FaultOf("Hello {{title"), HasSubstr("is not closed with }}"));
  EXPECT_EQ(FaultOf("{ } }} {"), "none");
}

}  // namespace
}  // namespace vigil::alerts
