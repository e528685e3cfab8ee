// The routes of every resource, one function and one file each; Api puts them into one table.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/auth.h"
#include "api/context.h"
#include "api/enrolment.h"
#include "api/router.h"
#include "base/json.h"

namespace vigil::api {

// `context` and `auth` must outlive the routes.
std::vector<Route> AuthRoutes(const ApiContext& context, Auth& auth);
std::vector<Route> UserRoutes(const ApiContext& context);
std::vector<Route> PersonRoutes(const ApiContext& context);
std::vector<Route> PhotoRoutes(const ApiContext& context);
std::vector<Route> EnrolmentRoutes(const ApiContext& context);  // by name, and resemblances
std::vector<Route> SearchRoutes(const ApiContext& context);
std::vector<Route> WatchlistRoutes(const ApiContext& context);
std::vector<Route> CameraRoutes(const ApiContext& context);
std::vector<Route> CameraGroupRoutes(const ApiContext& context);
std::vector<Route> LiveRoutes(const ApiContext& context, Authenticator& authenticator);
std::vector<Route> LiveVideoRoutes(const ApiContext& context, Authenticator& authenticator);
std::vector<Route> IncidentRoutes(const ApiContext& context);
std::vector<Route> DetectionRoutes(const ApiContext& context);
std::vector<Route> EventRoutes(const ApiContext& context, Authenticator& authenticator);
std::vector<Route> ProbeRoutes(const ApiContext& context);
std::vector<Route> ChannelRoutes(const ApiContext& context);
std::vector<Route> AlertRoutes(const ApiContext& context);
std::vector<Route> AuditRoutes(const ApiContext& context);
std::vector<Route> ModelSwitchRoutes(const ApiContext& context);
std::vector<Route> SystemRoutes(const ApiContext& context);
std::vector<Route> MonitoringRoutes(const ApiContext& context);  // livez, readyz, metrics

// The names of all channels, of the file and of the database: what others may refer to.
Result<std::vector<std::string>> ChannelNames(const ApiContext& context);

// One line of the audit log. Its failure fails the request: what is not recorded did not officially
// happen.
Status RecordAudit(const ApiContext& context, const Principal& who, std::string action,
                   std::string object_id, const json::object& detail = {});
// One line more: somebody was shown faces. `object_id` is the incident, photo or camera, `picture`
// a word for which of its pictures.
Status RecordView(const ApiContext& context, const Principal& who, std::string object_id,
                  std::string_view picture);

// GET /api/v1/openapi.json and /docs: what this table says of itself. `specification` is filled
// once the table is whole.
std::vector<Route> SpecificationRoutes(const std::shared_ptr<const std::string>& specification);

// Pieces of answers that several resources share, each with its shape.
json::array BoxJson(const Box& box);                        // [x1, y1, x2, y2]
json::value TimeJson(const std::optional<WallTime>& time);  // null for none
json::value OrNull(const std::string& text);                // null for an empty text
json::object UserJson(const User& user);                    // without its secrets
json::object CameraStateJson(const CameraState& state);
json::object QualityJson(const FaceQuality& quality);
json::object GalleryJson(const GalleryInfo& gallery);
json::object EnrolledPhotoJson(const EnrolledPhoto& enrolled);
json::object LookAlikeJson(const LookAlike& other);
Schema EnrolledPhotoSchema();
Schema BoxSchema();
Schema UserSchema();
Schema CameraStateSchema();
Schema QualitySchema();
Schema GallerySchema();
Schema SeveritySchema();
std::optional<Severity> SeverityOf(std::string_view word);
Schema OutcomeSchema();
Schema ReasonSchema();         // of what is unrecognisable
double Rounded(double value);  // to 6 decimals, so that floats do not show their noise

// Reads an RFC 3339 time of the query, when it is there; notes what is wrong with it.
void ReadTimeQuery(const HttpRequest& request, std::string_view name,
                   std::optional<WallTime>& target, std::vector<FieldError>& errors);

std::string TextOf(std::span<const std::byte> bytes);

// The fields of a form that make a person, and how they are read: as the body of createPerson, with
// the ids of `watchlists` in one text, separated by commas. Empty ones count as absent.
std::vector<Field> PersonFormFields();
std::expected<Person, Problem> PersonOfForm(const NamedValues& fields);

// 415 for no image, 400 for a damaged one, 422 for one without a usable face, else by the error's
// kind.
Problem ProblemOfPhoto(const PhotoError& error);

// The `file` of an uploaded form, or the whole body of an image/* request; points into `request`.
struct UploadedFile {
  std::string_view bytes;
  NamedValues fields;  // the form's other fields
};
std::expected<UploadedFile, Problem> UploadedFileOf(const HttpRequest& request);

}  // namespace vigil::api
