// The default schedule, and finding the people it is made of.
#include "camera/scene.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>
#include <utility>

#include "base/format.h"

namespace vigil::camera {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLeadIn{1'500};
constexpr milliseconds kAlone{5'000};
constexpr milliseconds kTogether{6'000};
constexpr milliseconds kGap{1'200};
constexpr milliseconds kEmpty{4'000};
constexpr std::array kHeightsAlone{520, 420, 600, 480, 560};
constexpr std::array kHeightsTogether{420, 360, 440, 400, 380};

// The distributions of <random> differ between libraries; a scene must not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  double Between(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1.0p-53;
  }
  std::size_t Below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }

 private:
  std::mt19937_64 engine_;
};

enum class Lane { kWhole, kLeft, kRight };

struct Moment {
  milliseconds from;
  milliseconds length;
};

Visit MakeVisit(const Person& person, std::size_t photo, Moment moment, Lane lane, int photo_height,
                Dice& dice) {
  Visit visit{.person = person.name, .photo = person.photos[photo % person.photos.size()]};
  visit.from = moment.from;
  visit.to = moment.from + moment.length;
  visit.photo_height = photo_height;
  double left = 0.30;
  double right = 0.68;
  if (lane == Lane::kLeft) {
    left = 0.18;
    right = 0.32;
  } else if (lane == Lane::kRight) {
    left = 0.68;
    right = 0.82;
  }
  visit.start.x = left + dice.Between(-0.03, 0.03);
  visit.end.x = right + dice.Between(-0.03, 0.03);
  // The lower edge of the photo stands near the lower edge of the picture, as people do.
  const double centre = 1.0 - photo_height / 2.0 / 720.0;
  visit.start.y = centre + dice.Between(-0.06, -0.01);
  visit.end.y = centre + dice.Between(-0.06, -0.01);
  visit.tilt_degrees = dice.Between(2, 6);
  visit.zoom_at_end = dice.Between(0.92, 1.12);
  if (dice.Below(2) == 1) {
    std::swap(visit.start, visit.end);
  }
  return visit;
}

bool IsPhoto(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

}  // namespace

Result<std::vector<Person>> FindPeople(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<Person> people;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry.depth() != 1 || !entry->is_regular_file(error) || !IsPhoto(entry->path())) {
      continue;
    }
    const std::string name = entry->path().parent_path().filename().string();
    auto person = std::ranges::find(people, name, &Person::name);
    if (person == people.end()) {
      person = people.insert(people.end(), Person{.name = name, .photos = {}});
    }
    person->photos.push_back(name + "/" + entry->path().filename().string());
  }
  if (error) {
    return Fail(ErrorCode::kNotFound, format("{}: {}", folder, error.message()));
  }
  if (people.empty()) {
    return Fail(ErrorCode::kNotFound,
                format("{}: no photos; it takes one folder a person with .jpg or .png files in it",
                       folder));
  }
  std::ranges::sort(people, {}, &Person::name);
  for (Person& person : people) {
    std::ranges::sort(person.photos);
  }
  return people;
}

Scene MakeScene(const std::vector<Person>& people, std::uint64_t seed) {
  Dice dice(seed);
  std::vector<std::size_t> order(people.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
    std::swap(order[i], order[dice.Below(i + 1)]);
  }
  Scene scene;
  milliseconds now = kLeadIn;
  for (std::size_t i = 0; i < order.size(); ++i) {
    scene.visits.push_back(MakeVisit(people[order[i]], seed, {now, kAlone}, Lane::kWhole,
                                     kHeightsAlone[i % kHeightsAlone.size()], dice));
    now += kAlone + kGap;
  }
  now += kEmpty;
  for (std::size_t i = 0; order.size() > 1 && i < order.size(); i += 2) {
    const Lane lanes[] = {Lane::kLeft, Lane::kRight};
    for (std::size_t side = 0; side < 2; ++side) {
      const std::size_t turn = i + side;
      scene.visits.push_back(MakeVisit(
          people[order[turn % order.size()]], seed + 1 + turn / order.size(), {now, kTogether},
          lanes[side], kHeightsTogether[turn % kHeightsTogether.size()], dice));
    }
    now += kTogether + kGap;
  }
  scene.duration = now;
  return scene;
}

}  // namespace vigil::camera
