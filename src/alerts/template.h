// Texts with placeholders, from which a templated HTTP channel makes its requests.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "core/alert.h"

namespace vigil::alerts {

// Where a filled template goes. Every value is written so that it cannot leave its place there:
// kText on one line, kJson inside a text of JSON, kUrl percent-encoded, kHtml as character
// references, kAddress as kUrl but for the secret, which an administrator writes as the receiver
// wants it.
enum class Escape { kText, kJson, kUrl, kHtml, kAddress };

// What the placeholders stand for. Referred to only while Fill runs.
struct TemplateValues {
  const AlertMessage& message;
  std::span<const std::byte> snapshot_jpeg;
  WallTime sent_at{};
  std::string link;
  const Secret& secret;
};

// "{{person.name}}" becomes the value, written for the place; "{{person.name|url}}" is first
// written by the filter (json, url, html) and then for the place, so that no filter opens a way
// out. There are no conditions and no loops. Immutable and thread-safe.
class Template {
 public:
  // kInvalidArgument names an unknown placeholder or filter and the nearest known one, or the brace
  // that is not closed.
  static Result<Template> Parse(std::string_view text, Escape escape);

  std::string Fill(const TemplateValues& values) const;
  // The text before the first placeholder; all of it when there is none.
  std::string_view LiteralStart() const;
  bool Uses(std::string_view placeholder) const;

 private:
  struct Piece {
    std::string text = {};         // when `placeholder` is negative
    int placeholder = -1;          // index into the table of placeholders
    std::vector<Escape> via = {};  // filters, in order
  };

  Status AddPlaceholder(std::string_view inside);

  std::vector<Piece> pieces_;
  Escape escape_ = Escape::kText;
};

// All placeholders, in the order of the documentation.
std::vector<std::string> PlaceholderNames();

}  // namespace vigil::alerts
