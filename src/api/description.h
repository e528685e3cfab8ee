// What the specification says of one route: its names, what it takes, what it answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/schema.h"

namespace vigil::api {

// One kind of answer that is no error.
struct Reply {
  int status = 200;
  std::vector<std::string> media_types;  // empty: no body
  std::optional<Schema> schema;          // of a JSON body; absent: text or bytes
};

// A JSON body of that shape.
Reply Gives(Schema schema, int status = 200);
// A body that is no JSON: pictures, streams, texts.
Reply GivesMedia(std::vector<std::string> media_types, int status = 200);
// 204, or another status without a body.
Reply GivesNothing(int status = 204);

// How a route reads its body.
enum class BodyKind { kNone, kJson, kPhoto };

// Demanded by every Route. What follows from the rest of the route is not stated again: its path's
// parameters, its role, its limit, and the errors that any route of its kind may answer
// (RouteErrors).
//
//   Description("listCameras", "cameras", "All cameras with their state.", Gives(PageOf(Camera())))
//       .Query(PageFields())
struct Description {
  // `id` is unique ("createPerson"); `group` is one of kGroups in openapi.cc; `sentence` ends with
  // a full stop.
  Description(std::string id, std::string group, std::string sentence, Reply reply);

  // Adds a sentence or more below the summary.
  Description&& Notes(std::string text) &&;
  // A JSON body; BodyFields::Of(call) reads by this very shape.
  Description&& Takes(Schema schema) &&;
  // A photo: multipart/form-data with `file` and these text fields, or an image as the whole body
  // with the fields in the query, but for long texts.
  Description&& TakesPhoto(std::vector<Field> form_fields = {}) &&;
  Description&& Query(std::vector<Field> fields) &&;
  // Headers of its own that the route reads.
  Description&& Headers(std::vector<Field> fields) &&;
  // The shape of a parameter of the path that is no id.
  Description&& Path(std::string parameter, Schema schema) &&;
  // Another answer beside the first.
  Description&& Also(Reply reply) &&;
  // Statuses of errors beyond those of RouteErrors: 409, 422, 429 ...
  Description&& Fails(std::vector<int> statuses) &&;

  std::string operation_id;
  std::string tag;
  std::string summary;
  std::string notes;
  BodyKind body_kind = BodyKind::kNone;
  Schema body;  // the JSON body, or the fields of the photo's form
  std::vector<Field> query;
  std::vector<Field> headers;
  std::vector<Field> path;
  std::vector<Reply> replies;
  std::vector<int> errors;
};

// The fields that PageOf(request) reads: `limit` and `after`.
std::vector<Field> PageFields();
// The body of every error.
Schema ProblemSchema();

}  // namespace vigil::api
