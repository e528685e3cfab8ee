// installed.json is written by the installation; anything unexpected in it means damage.
#include "vision/model_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "base/crypto.h"
#include "base/format.h"
#include "base/json.h"

namespace vigil::vision {
namespace {

constexpr int kSchema = 1;
constexpr const char* kOwnCalibrations = "calibration.json";

std::string Mend(const std::string& id) { return format("run `vigil models install {}`", id); }

Result<std::string> ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return Fail(ErrorCode::kUnavailable, format("{} cannot be read", path.string()));
  }
  return text.str();
}

std::string TextOf(const json::object& object, const char* key) {
  return std::string(object.at(key).as_string());
}

// Like TextOf and at<int>, for keys that only some models have.
std::string TextOr(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

int IntegerOr(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? 0 : value->to_number<int>();
}

// A name without any path in it: installed.json may only point beside itself.
std::filesystem::path FileBeside(const std::filesystem::path& folder, const std::string& name) {
  if (name.empty() || std::filesystem::path(name).filename() != name || name == "..") {
    throw std::invalid_argument(format("\"{}\" is not a plain file name", name));
  }
  return folder / name;
}

ModelNetwork ParseNetwork(const json::object& entry, const std::filesystem::path& folder) {
  return {.network = TextOf(entry, "network"),
          .precision = TextOf(entry, "precision"),
          .source_sha256 = TextOf(entry, "source_sha256"),
          .xml = {FileBeside(folder, TextOf(entry, "xml")), TextOf(entry, "xml_sha256")},
          .bin = {FileBeside(folder, TextOf(entry, "bin")), TextOf(entry, "bin_sha256")}};
}

ModelCalibration ParseCalibration(const json::object& entry) {
  ModelCalibration calibration{TextOf(entry, "precision"), {}, TextOr(entry, "measured_on")};
  for (const json::value& point : entry.at("points").as_array()) {
    calibration.tail.points.push_back(
        {.false_match_rate = point.as_array().at(0).to_number<double>(),
         .similarity = point.as_array().at(1).to_number<double>()});
  }
  std::ranges::sort(calibration.tail.points, {}, &ImpostorTail::Point::similarity);
  return calibration;
}

// The faces that `record` lists under "typical_faces", if it does. Throws when they do not fit the
// model.
void ParseTypicalFaces(const json::object& record, InstalledModel& model) {
  const json::value* entry = record.if_contains("typical_faces");
  if (entry == nullptr) return;
  const json::object& typical = entry->as_object();
  model.typical_faces_sha256 = TextOf(typical, "sha256");
  model.typical_faces.temperature = typical.at("temperature").to_number<float>();
  if (!(model.typical_faces.temperature > 0))
    throw std::invalid_argument("the temperature of typical faces is not above 0");
  for (const json::value& numbers : typical.at("faces").as_array()) {
    std::vector<float>& face = model.typical_faces.faces.emplace_back();
    for (const json::value& number : numbers.as_array()) face.push_back(number.to_number<float>());
    if (std::ssize(face) != model.dimension)
      throw std::invalid_argument("typical faces are not of the model's dimension");
  }
}

// The head that `record` lists under "covered_head", if it does. Throws when it is of no sense.
void ParseCoveredHead(const json::object& record, InstalledModel& model) {
  const json::value* entry = record.if_contains("covered_head");
  if (entry == nullptr) return;
  CoveredHead& head = model.covered_head;
  const json::object& layer = entry->at("layer").as_object();
  head.channels = layer.at("channels").to_number<int>();
  head.side = layer.at("side").to_number<int>();
  for (const json::value& band : layer.at("bands").as_array()) {
    head.bands.push_back({.from = band.at(0).to_number<int>(), .to = band.at(1).to_number<int>()});
    const CoveredHead::Band& rows = head.bands.back();
    if (rows.from < 0 || rows.from >= rows.to || rows.to > head.side)
      throw std::invalid_argument("the head for covered faces reads rows beyond its layer");
  }
  for (const json::value& weight : entry->at("weights").as_array())
    head.weights.push_back(weight.to_number<float>());
  head.bias = entry->at("bias").to_number<float>();
  if (head.Empty() || head.channels <= 0 ||
      head.weights.size() != head.bands.size() * static_cast<std::size_t>(head.channels))
    throw std::invalid_argument("the head for covered faces does not fit its layer");
}

// Throws where a key is missing or of the wrong type.
InstalledModel ParseModel(const json::object& record, const std::filesystem::path& folder) {
  InstalledModel model;
  model.id = TextOf(record, "id");
  model.kind = TextOf(record, "kind");
  model.recipe = record.at("recipe").to_number<int>();
  model.source_archive = TextOf(record, "source_archive");
  model.source_archive_sha256 = TextOf(record, "source_archive_sha256");
  for (const json::value& entry : record.at("networks").as_array()) {
    model.networks.push_back(ParseNetwork(entry.as_object(), folder));
  }
  const json::object& input = record.at("input").as_object();
  model.input = {.width = IntegerOr(input, "width"),
                 .height = IntegerOr(input, "height"),
                 .colour = TextOf(input, "colour"),
                 .preprocessing = TextOf(input, "preprocessing"),
                 .crop = TextOr(input, "crop"),
                 .margin = IntegerOr(input, "margin")};
  const json::object& output = record.at("output").as_object();
  model.dimension = IntegerOr(output, "dimension");
  if (const json::value* floor = output.if_contains("threshold_floor")) {
    model.threshold_floor = floor->to_number<float>();
  }
  for (const json::value& entry : record.at("calibration").as_array()) {
    model.calibrations.push_back(ParseCalibration(entry.as_object()));
  }
  ParseTypicalFaces(record, model);
  ParseCoveredHead(record, model);
  return model;
}

Status VerifyFile(const InstalledModel& model, const ModelFile& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file.path, ignored)) {
    return Fail(ErrorCode::kUnavailable, format("model {}: {} is missing; {}", model.id,
                                                file.path.string(), Mend(model.id)));
  }
  auto actual = Sha256HexOfFile(file.path.string());
  if (!actual) return Annotate(std::move(actual).error(), format("model {}", model.id));
  if (*actual == file.sha256) return {};
  return Fail(ErrorCode::kDataLoss,
              format("model {}: {} was altered: SHA-256 expected {}, found {}; {}", model.id,
                     file.path.string(), file.sha256, *actual, Mend(model.id)));
}

// Calibrations measured here hold for the weights and typical faces they were measured with, and
// for no others.
Status TakeOwnCalibrations(const std::filesystem::path& path, InstalledModel& model) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  const auto damaged = [&](std::string_view why) {
    return Fail(ErrorCode::kDataLoss,
                format("model {}: {} is damaged ({}); delete it, and run `vigil models calibrate` "
                       "again",
                       model.id, path.string(), why));
  };
  VIGIL_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  const auto parsed = ParseJson(text);
  if (!parsed) return damaged(parsed.error().message);
  try {
    const json::object& record = parsed->as_object();
    if (record.at("schema").to_number<int>() != kSchema) return damaged("unknown schema");
    if (TextOf(record, "source_archive_sha256") != model.source_archive_sha256) return {};
    if (TextOr(record, "typical_faces_sha256") != model.typical_faces_sha256) return {};
    std::vector<ModelCalibration> own;
    for (const json::value& entry : record.at("calibration").as_array()) {
      own.push_back(ParseCalibration(entry.as_object()));
    }
    model.calibrations.insert(model.calibrations.begin(), own.begin(), own.end());
    return {};
  } catch (const std::exception& failure) {
    return damaged(failure.what());
  }
}

// What calibration.json holds now; nothing when it is missing, damaged or of other weights.
json::array OwnCalibrations(const std::filesystem::path& path, const InstalledModel& model) {
  const auto text = ReadText(path);
  if (!text) return {};
  const auto parsed = ParseJson(*text);
  if (!parsed || !parsed->is_object()) return {};
  const json::object& record = parsed->as_object();
  const json::value* hash = record.if_contains("source_archive_sha256");
  const json::value* entries = record.if_contains("calibration");
  if (hash == nullptr || entries == nullptr || !entries->is_array()) return {};
  if (*hash != json::value(model.source_archive_sha256)) return {};
  const json::value* typical = record.if_contains("typical_faces_sha256");
  if ((typical == nullptr ? json::value("") : *typical) != json::value(model.typical_faces_sha256))
    return {};
  return entries->as_array();
}

json::object DescribeCalibration(const ModelCalibration& calibration) {
  json::array points;
  for (const ImpostorTail::Point& point : calibration.tail.points) {
    points.push_back(json::array{point.false_match_rate, point.similarity});
  }
  return {{"precision", calibration.precision},
          {"measured_on", calibration.measured_on},
          {"points", std::move(points)}};
}

// A short write (a full disk) may show only at the flush or the close. What is renamed must be on
// the disk first, or a power cut leaves the name with nothing behind it.
bool WriteDurably(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  file.close();
  if (!file) return false;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

// Other things are installed beside models (the demo's photos); their records name no networks.
// What cannot be read is shown.
bool MayBeModel(const std::filesystem::path& record) {
  const auto text = ReadText(record);
  if (!text) return true;
  const auto parsed = ParseJson(*text);
  return !parsed || !parsed->is_object() || parsed->as_object().contains("networks");
}

}  // namespace

const ModelNetwork* InstalledModel::Find(std::string_view network,
                                         std::string_view precision) const {
  const auto found = std::ranges::find_if(networks, [&](const ModelNetwork& candidate) {
    return candidate.network == network && candidate.precision == precision;
  });
  return found == networks.end() ? nullptr : &*found;
}

const ModelCalibration* InstalledModel::CalibrationOf(std::string_view precision) const {
  for (const std::string_view wanted : {precision, std::string_view("fp32")}) {
    const auto found = std::ranges::find(calibrations, wanted, &ModelCalibration::precision);
    if (found != calibrations.end()) return &*found;
  }
  return nullptr;
}

ImpostorTail InstalledModel::TailOf(std::string_view precision) const {
  const ModelCalibration* calibration = CalibrationOf(precision);
  return calibration == nullptr ? ImpostorTail{} : calibration->tail;
}

Result<InstalledModel> FindModel(const std::filesystem::path& directory, const std::string& id) {
  const std::filesystem::path folder = directory / id;
  const std::filesystem::path path = folder / "installed.json";
  std::error_code ignored;
  if (id.empty() || std::filesystem::path(id).filename() != id ||
      !std::filesystem::exists(path, ignored)) {
    return Fail(ErrorCode::kUnavailable, format("model {} is not installed: {} is missing; {}", id,
                                                path.string(), Mend(id)));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  const auto damaged = [&](std::string_view why) {
    return Fail(ErrorCode::kDataLoss,
                format("model {}: {} is damaged ({}); {}", id, path.string(), why, Mend(id)));
  };
  const auto parsed = ParseJson(text);
  if (!parsed) return damaged(parsed.error().message);
  try {
    const json::object& record = parsed->as_object();
    if (const int schema = record.at("schema").to_number<int>(); schema != kSchema) {
      return damaged(format("schema {}, this version reads {}", schema, kSchema));
    }
    InstalledModel model = ParseModel(record, folder);
    if (model.id != id) return damaged(format("it describes {}", model.id));
    VIGIL_RETURN_IF_ERROR(TakeOwnCalibrations(folder / kOwnCalibrations, model));
    return model;
  } catch (const std::exception& failure) {
    return damaged(failure.what());
  }
}

Status SaveCalibrations(const std::filesystem::path& directory, const InstalledModel& model,
                        const std::vector<ModelCalibration>& calibrations) {
  const std::filesystem::path path = directory / model.id / kOwnCalibrations;
  json::array entries;
  for (const ModelCalibration& calibration : calibrations)
    entries.push_back(DescribeCalibration(calibration));
  for (const json::value& entry : OwnCalibrations(path, model)) {
    const json::value* precision =
        entry.is_object() ? entry.as_object().if_contains("precision") : nullptr;
    const bool replaced =
        precision == nullptr ||
        std::ranges::any_of(calibrations, [&](const ModelCalibration& calibration) {
          return *precision == json::value(calibration.precision);
        });
    if (!replaced) entries.push_back(entry);
  }
  const json::object record{{"schema", kSchema},
                            {"source_archive_sha256", model.source_archive_sha256},
                            {"typical_faces_sha256", model.typical_faces_sha256},
                            {"calibration", std::move(entries)}};
  const std::filesystem::path temporary = path.string() + ".new";
  bool saved = WriteDurably(temporary, WriteJson(record) + '\n');
  std::error_code failure;
  if (saved) std::filesystem::rename(temporary, path, failure);
  saved = saved && !failure;
  if (!saved) {
    std::filesystem::remove(temporary, failure);
    return Fail(ErrorCode::kPermission,
                format("{} cannot be written; check the models directory", path.string()));
  }
  return {};
}

Status VerifyNetwork(const InstalledModel& model, const ModelNetwork& network) {
  VIGIL_RETURN_IF_ERROR(VerifyFile(model, network.xml));
  return VerifyFile(model, network.bin);
}

Status VerifyModel(const InstalledModel& model) {
  if (model.networks.empty()) {
    return Fail(ErrorCode::kUnavailable,
                format("model {} holds no network; {}", model.id, Mend(model.id)));
  }
  for (const ModelNetwork& network : model.networks) {
    VIGIL_RETURN_IF_ERROR(VerifyNetwork(model, network));
  }
  return {};
}

std::vector<ModelListing> ListModels(const std::filesystem::path& directory) {
  std::vector<ModelListing> listings;
  std::error_code failure;
  std::filesystem::directory_iterator entries(directory, failure);
  for (; !failure && entries != std::filesystem::directory_iterator(); entries.increment(failure)) {
    std::error_code ignored;
    const std::filesystem::path record = entries->path() / "installed.json";
    if (!std::filesystem::exists(record, ignored) || !MayBeModel(record)) continue;
    const std::string id = entries->path().filename().string();
    listings.push_back({id, FindModel(directory, id)});
  }
  std::ranges::sort(listings, {}, &ModelListing::id);
  return listings;
}

}  // namespace vigil::vision
