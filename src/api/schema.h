// The shape of JSON that goes in and out: read by BodyFields, written into the specification.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vigil::api {

struct Field;

// One shape as a plain value, made by the functions below. A limit is stated here once: BodyFields
// refuses by it and the specification tells it.
struct Schema {
  enum class Kind {
    kAnything,
    kText,     // least..greatest characters
    kWord,     // one of `words`
    kFlag,     // true or false
    kInteger,  // least..greatest
    kNumber,   // least..greatest
    kTime,     // RFC 3339
    kList,     // of `items[0]`; least..greatest of them
    kObject    // of `fields`
  };

  Kind kind = Kind::kAnything;
  std::string name;         // of the component in the specification; empty: described in place
  std::string description;  // a sentence; empty where the field's name says it
  bool nullable = false;
  std::optional<double> least;
  std::optional<double> greatest;
  std::vector<std::string> words;
  std::vector<Schema> items;
  std::vector<Field> fields;

  const Field* FieldNamed(std::string_view field) const;  // nullptr for none
};

enum class Presence { kOptional, kRequired };
inline constexpr Presence kOptional = Presence::kOptional;
inline constexpr Presence kRequired = Presence::kRequired;

// One field of an object, or one parameter. In an answer a required field is always there.
struct Field {
  Field(std::string field_name, Schema field_schema, Presence field_presence = kOptional);

  std::string name;
  Schema schema;
  Presence presence;
};

Schema Anything();
Schema Text(int length_min, int length_max);  // characters, not bytes
Schema Text();                                // of any length: for answers only
Schema Id();                                  // an opaque text of 1 to 100 characters
Schema Word(std::vector<std::string> words);
Schema Flag();
Schema Integer(std::int64_t least, std::int64_t greatest);
Schema Integer();
Schema Count();  // a whole number from 0
Schema Number();
Schema Number(double least, double greatest);
Schema Time();
Schema ListOf(Schema item);
Schema ListOf(Schema item, int length_min, int length_max);
// `name` is the component's ("Camera"); the same name always stands for the same shape. An empty
// name describes the object in place.
Schema Object(std::string name, std::vector<Field> fields);
// {"items": [...], "next": cursor or null}, as ListResponse writes it.
Schema PageSchema(Schema item);

Schema Nullable(Schema schema);
Schema Described(Schema schema, std::string sentence);
// The same object with more fields.
Schema Extended(std::string name, const Schema& object, std::vector<Field> more);
// The same fields, none of them required: the body of a PATCH.
Schema Change(std::string name, Schema object);

// The JSON Schema (draft 2020-12) of a shape. Named shapes within become references and are added
// to `components`. A `closed` object refuses further fields, as BodyFields does; answers may grow.
json::value JsonSchemaOf(const Schema& schema, json::object& components, bool closed);

}  // namespace vigil::api
