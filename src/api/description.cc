// Putting descriptions together.
#include "api/description.h"

#include <utility>

#include "base/check.h"

namespace vigil::api {

Reply Gives(Schema schema, int status) { return {status, {"application/json"}, std::move(schema)}; }
Reply GivesMedia(std::vector<std::string> media_types, int status) {
  return {status, std::move(media_types), std::nullopt};
}
Reply GivesNothing(int status) { return {status, {}, std::nullopt}; }

Description::Description(std::string id, std::string group, std::string sentence, Reply reply)
    : operation_id(std::move(id)), tag(std::move(group)), summary(std::move(sentence)) {
  VIGIL_CHECK(!operation_id.empty() && summary.ends_with('.'), "a route lacks its description");
  replies.push_back(std::move(reply));
}

Description&& Description::Notes(std::string text) && {
  notes = std::move(text);
  return std::move(*this);
}
Description&& Description::Takes(Schema schema) && {
  body_kind = BodyKind::kJson;
  body = std::move(schema);
  return std::move(*this);
}
Description&& Description::TakesPhoto(std::vector<Field> form_fields) && {
  body_kind = BodyKind::kPhoto;
  body = Object("", std::move(form_fields));
  return std::move(*this);
}
Description&& Description::Query(std::vector<Field> fields) && {
  for (Field& field : fields) query.push_back(std::move(field));
  return std::move(*this);
}
Description&& Description::Headers(std::vector<Field> fields) && {
  for (Field& field : fields) headers.push_back(std::move(field));
  return std::move(*this);
}
Description&& Description::Path(std::string parameter, Schema schema) && {
  path.emplace_back(std::move(parameter), std::move(schema), kRequired);
  return std::move(*this);
}
Description&& Description::Also(Reply reply) && {
  replies.push_back(std::move(reply));
  return std::move(*this);
}
Description&& Description::Fails(std::vector<int> statuses) && {
  errors.insert(errors.end(), statuses.begin(), statuses.end());
  return std::move(*this);
}

std::vector<Field> PageFields() {
  return {{"limit", Described(Integer(1, 200), "how many items at most; 50 when absent")},
          {"after", Described(Text(0, 1000), "the `next` of the page before")}};
}

Schema ProblemSchema() {
  const Schema error = Object("", {{"field", Text(), kRequired}, {"message", Text(), kRequired}});
  return Object("Problem",
                {{"type", Text(), kRequired},
                 {"title", Text(), kRequired},
                 {"status", Integer(400, 599), kRequired},
                 {"detail", Described(Text(), "what went wrong, with its mend"), kRequired},
                 {"code", Described(Text(), "a stable word for programs"), kRequired},
                 {"errors", Described(ListOf(error), "by field of the body or the query")}});
}

}  // namespace vigil::api
