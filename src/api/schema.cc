// Making of shapes, and their JSON Schema.
#include "api/schema.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/format.h"

namespace vigil::api {
namespace {

Schema Of(Schema::Kind kind) {
  Schema schema;
  schema.kind = kind;
  return schema;
}

Schema Bounded(Schema::Kind kind, double least, double greatest) {
  Schema schema = Of(kind);
  schema.least = least;
  schema.greatest = greatest;
  return schema;
}

// Whole numbers stay whole in the specification.
json::value NumberJson(double value) {
  if (value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

void SetLimits(json::object& object, const Schema& schema, std::string_view least,
               std::string_view greatest) {
  if (schema.least) object[least] = NumberJson(*schema.least);
  if (schema.greatest) object[greatest] = NumberJson(*schema.greatest);
}

void SetFields(json::object& object, const Schema& schema, json::object& components, bool closed) {
  json::object properties;
  json::array required;
  for (const Field& field : schema.fields) {
    properties[field.name] = JsonSchemaOf(field.schema, components, closed);
    if (field.presence == kRequired) required.emplace_back(field.name);
  }
  object["properties"] = std::move(properties);
  if (!required.empty()) object["required"] = std::move(required);
  if (closed) object["additionalProperties"] = false;
}

std::string_view TypeName(Schema::Kind kind) {
  switch (kind) {
    case Schema::Kind::kAnything:
      return "";
    case Schema::Kind::kText:
    case Schema::Kind::kWord:
    case Schema::Kind::kTime:
      return "string";
    case Schema::Kind::kFlag:
      return "boolean";
    case Schema::Kind::kInteger:
      return "integer";
    case Schema::Kind::kNumber:
      return "number";
    case Schema::Kind::kList:
      return "array";
    case Schema::Kind::kObject:
      return "object";
  }
  VIGIL_CHECK(false, "unknown kind of schema");
}

json::object InPlace(const Schema& schema, json::object& components, bool closed) {
  json::object object;
  const std::string_view type = TypeName(schema.kind);
  if (!type.empty()) object["type"] = type;
  switch (schema.kind) {
    case Schema::Kind::kText:
      SetLimits(object, schema, "minLength", "maxLength");
      break;
    case Schema::Kind::kWord:
      object["enum"] = json::array(schema.words.begin(), schema.words.end());
      break;
    case Schema::Kind::kInteger:
    case Schema::Kind::kNumber:
      SetLimits(object, schema, "minimum", "maximum");
      break;
    case Schema::Kind::kTime:
      object["format"] = "date-time";
      break;
    case Schema::Kind::kList:
      object["items"] = JsonSchemaOf(schema.items.front(), components, closed);
      SetLimits(object, schema, "minItems", "maxItems");
      break;
    case Schema::Kind::kObject:
      SetFields(object, schema, components, closed);
      break;
    default:
      break;
  }
  return object;
}

}  // namespace

Field::Field(std::string field_name, Schema field_schema, Presence field_presence)
    : name(std::move(field_name)), schema(std::move(field_schema)), presence(field_presence) {}

const Field* Schema::FieldNamed(std::string_view field) const {
  const auto found = std::ranges::find(fields, field, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

Schema Anything() { return Of(Schema::Kind::kAnything); }
Schema Text(int length_min, int length_max) {
  return Bounded(Schema::Kind::kText, length_min, length_max);
}
Schema Text() { return Of(Schema::Kind::kText); }
Schema Id() { return Text(1, 100); }
Schema Word(std::vector<std::string> words) {
  Schema schema = Of(Schema::Kind::kWord);
  schema.words = std::move(words);
  return schema;
}
Schema Flag() { return Of(Schema::Kind::kFlag); }
Schema Integer(std::int64_t least, std::int64_t greatest) {
  return Bounded(Schema::Kind::kInteger, static_cast<double>(least), static_cast<double>(greatest));
}
Schema Integer() { return Of(Schema::Kind::kInteger); }
Schema Count() {
  Schema schema = Of(Schema::Kind::kInteger);
  schema.least = 0;
  return schema;
}
Schema Number() { return Of(Schema::Kind::kNumber); }
Schema Number(double least, double greatest) {
  return Bounded(Schema::Kind::kNumber, least, greatest);
}
Schema Time() { return Of(Schema::Kind::kTime); }
Schema ListOf(Schema item) {
  Schema schema = Of(Schema::Kind::kList);
  schema.items.push_back(std::move(item));
  return schema;
}
Schema ListOf(Schema item, int length_min, int length_max) {
  Schema schema = ListOf(std::move(item));
  schema.least = length_min;
  schema.greatest = length_max;
  return schema;
}
Schema Object(std::string name, std::vector<Field> fields) {
  Schema schema = Of(Schema::Kind::kObject);
  schema.name = std::move(name);
  schema.fields = std::move(fields);
  return schema;
}
Schema PageSchema(Schema item) {
  std::string name = item.name.empty() ? "" : item.name + "Page";
  Schema next =
      Described(Nullable(Text()), "send it as `after` for the next page; null at the end");
  return Object(std::move(name), {{"items", ListOf(std::move(item)), kRequired},
                                  {"next", std::move(next), kRequired}});
}

Schema Nullable(Schema schema) {
  schema.nullable = true;
  return schema;
}
Schema Described(Schema schema, std::string sentence) {
  schema.description = std::move(sentence);
  return schema;
}
Schema Extended(std::string name, const Schema& object, std::vector<Field> more) {
  Schema schema = object;
  schema.name = std::move(name);
  for (Field& field : more) schema.fields.push_back(std::move(field));
  return schema;
}
Schema Change(std::string name, Schema object) {
  object.name = std::move(name);
  for (Field& field : object.fields) field.presence = kOptional;
  return object;
}

json::value JsonSchemaOf(const Schema& schema, json::object& components, bool closed) {
  json::object object;
  if (schema.name.empty()) {
    object = InPlace(schema, components, closed);
    if (schema.nullable && schema.kind == Schema::Kind::kWord) {
      object["enum"].get_array().emplace_back(nullptr);
    }
    if (schema.nullable && object.contains("type")) {
      object["type"] = json::array{object["type"], "null"};
    }
  } else {
    json::object component = InPlace(schema, components, closed);
    const json::value* known = components.if_contains(schema.name);
    VIGIL_CHECK(known == nullptr || *known == json::value(component),
                "two shapes have one name in the specification");
    components[schema.name] = std::move(component);
    object["$ref"] = "#/components/schemas/" + schema.name;
    if (schema.nullable) {
      object = {{"anyOf", json::array{object, json::object{{"type", "null"}}}}};
    }
  }
  if (!schema.description.empty()) object["description"] = schema.description;
  return object;
}

}  // namespace vigil::api
