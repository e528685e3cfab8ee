// Scenes to and from JSON: what --describe prints, --script reads.
#include <algorithm>
#include <iterator>
#include <set>

#include "base/format.h"
#include "base/json.h"
#include "camera/scene.h"

namespace vigil::camera {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kVisitsMax = 200;
constexpr int kSideMax = 3840;

json::array PlaceToJson(const Place& place) { return {place.x, place.y}; }

// Who is visible in each stretch between two changes; an empty list is an empty picture.
json::array Timeline(const Scene& scene) {
  std::set<milliseconds> changes{milliseconds{0}, scene.duration};
  for (const Visit& visit : scene.visits) {
    changes.insert(visit.from);
    changes.insert(visit.to);
  }
  json::array timeline;
  for (auto from = changes.begin(); std::next(from) != changes.end(); ++from) {
    json::array people;
    for (const Visit& visit : scene.visits) {
      if (visit.from <= *from && *from < visit.to) {
        people.emplace_back(visit.person);
      }
    }
    timeline.push_back(json::object{{"from_ms", from->count()},
                                    {"to_ms", std::next(from)->count()},
                                    {"people", std::move(people)}});
  }
  return timeline;
}

// Reads the fields of one object and remembers the first fault.
class Fields {
 public:
  Fields(const json::object& object, std::string where)
      : object_(object), where_(std::move(where)) {}

  std::int64_t Integer(std::string_view key, std::int64_t low, std::int64_t high) {
    const json::value* value = object_.if_contains(key);
    const std::int64_t* number = value == nullptr ? nullptr : value->if_int64();
    if (number == nullptr || *number < low || *number > high) {
      Fault(key, format("a whole number from {} to {}", low, high));
      return low;
    }
    return *number;
  }

  double Number(const json::value* value, std::string_view key, double low, double high) {
    boost::system::error_code error;
    const double number = value == nullptr ? 0 : value->to_number<double>(error);
    if (value == nullptr || error || !(number >= low && number <= high)) {
      Fault(key, format("a number from {} to {}", low, high));
      return low;
    }
    return number;
  }
  double Number(std::string_view key, double low, double high) {
    return Number(object_.if_contains(key), key, low, high);
  }

  std::string Text(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_string() || value->get_string().empty()) {
      Fault(key, "a text");
      return {};
    }
    return std::string(value->get_string());
  }

  Place At(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_array() || value->get_array().size() != 2) {
      Fault(key, "[x, y] as shares of the picture");
      return {};
    }
    const json::array& pair = value->get_array();
    return {Number(&pair[0], key, -1, 2), Number(&pair[1], key, -1, 2)};
  }

  void Fault(std::string_view key, std::string_view wanted) {
    if (fault_.empty()) {
      fault_ = format("{}{} must be {}", where_, key, wanted);
    }
  }
  const std::string& fault() const { return fault_; }

 private:
  const json::object& object_;
  const std::string where_;
  std::string fault_;
};

Result<Visit> ParseVisit(const json::value& value, std::size_t index, milliseconds duration) {
  const std::string where = format("visits[{}].", index);
  if (!value.is_object()) {
    return Fail(ErrorCode::kInvalidArgument, where + " must be an object");
  }
  Fields fields(value.get_object(), where);
  Visit visit;
  visit.person = fields.Text("person");
  visit.photo = fields.Text("photo");
  visit.from = milliseconds(fields.Integer("from_ms", 0, duration.count()));
  visit.to = milliseconds(fields.Integer("to_ms", visit.from.count() + 1, duration.count()));
  visit.photo_height = static_cast<int>(fields.Integer("photo_height", 16, 2160));
  visit.start = fields.At("start");
  visit.end = fields.At("end");
  visit.tilt_degrees = fields.Number("tilt_degrees", -180, 180);
  visit.zoom_at_end = fields.Number("zoom_at_end", 0.25, 4);
  if (!fields.fault().empty()) {
    return Fail(ErrorCode::kInvalidArgument, fields.fault());
  }
  return visit;
}

}  // namespace

std::string DescribeScene(const Scene& scene) {
  json::array visits;
  for (const Visit& visit : scene.visits) {
    visits.push_back(json::object{{"person", visit.person},
                                  {"photo", visit.photo},
                                  {"from_ms", visit.from.count()},
                                  {"to_ms", visit.to.count()},
                                  {"photo_height", visit.photo_height},
                                  {"start", PlaceToJson(visit.start)},
                                  {"end", PlaceToJson(visit.end)},
                                  {"tilt_degrees", visit.tilt_degrees},
                                  {"zoom_at_end", visit.zoom_at_end}});
  }
  return WriteJson(json::object{{"width", scene.width},
                                {"height", scene.height},
                                {"frames_per_second", scene.frames_per_second},
                                {"duration_ms", scene.duration.count()},
                                {"visits", std::move(visits)},
                                {"timeline", Timeline(scene)}});
}

Result<Scene> ParseScene(std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(const json::value value, ParseJson(text));
  if (!value.is_object()) {
    return Fail(ErrorCode::kInvalidArgument, "a scene must be a JSON object");
  }
  Fields fields(value.get_object(), "");
  Scene scene;
  scene.width = static_cast<int>(fields.Integer("width", 64, kSideMax));
  scene.height = static_cast<int>(fields.Integer("height", 64, kSideMax));
  if (scene.width % 16 != 0 || scene.height % 16 != 0) {
    fields.Fault("width and height", "multiples of 16");
  }
  scene.frames_per_second = static_cast<int>(fields.Integer("frames_per_second", 1, 60));
  scene.duration = milliseconds(fields.Integer("duration_ms", 1, 3'600'000));
  const json::value* visits = value.get_object().if_contains("visits");
  if (visits == nullptr || !visits->is_array() || visits->get_array().size() > kVisitsMax) {
    fields.Fault("visits", format("a list of at most {}", kVisitsMax));
  }
  if (!fields.fault().empty()) {
    return Fail(ErrorCode::kInvalidArgument, fields.fault());
  }
  for (const json::value& entry : visits->get_array()) {
    VIGIL_ASSIGN_OR_RETURN(Visit visit, ParseVisit(entry, scene.visits.size(), scene.duration));
    scene.visits.push_back(std::move(visit));
  }
  std::ranges::stable_sort(scene.visits, {}, &Visit::from);
  return scene;
}

}  // namespace vigil::camera
