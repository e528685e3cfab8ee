// /audit: who did what, and whether the record of it is as it was written.
#include "api/body_fields.h"
#include "api/resources.h"
#include "base/time_text.h"
#include "database/audit_head_file.h"
#include "database/audit_repository.h"
#include "database/audit_verification.h"

namespace vigil::api {
namespace {

using database::AuditHead;

Schema AuditEntrySchema() {
  return Object(
      "AuditEntry",
      {{"id", Id(), kRequired},
       {"at", Time(), kRequired},
       {"user_id", Text(), kRequired},
       {"user_name", Text(), kRequired},
       {"action", Text(), kRequired},
       {"object_id", Text(), kRequired},
       {"detail", Anything(), kRequired},
       {"sequence", Described(Count(), "its place in the chain"), kRequired},
       {"hash", Described(Text(), "SHA-256 over the row and the hash before it"), kRequired}});
}

std::vector<Field> HeadFields() {
  return {{"sequence", Described(Count(), "of the newest row; 0: none yet"), kRequired},
          {"hash", Described(Text(64, 64), "of that row"), kRequired},
          {"at", Described(Time(), "when it was signed"), kRequired},
          {"signature",
           Described(Text(1, 100),
                     "Ed25519 over `vigil audit head 1`, `newest`, sequence, hash and "
                     "milliseconds since 1970, a line each; base64"),
           kRequired},
          {"public_key", Described(Text(0, 100), "what the signature is checked with; base64")}};
}

Schema HeadSchema() { return Object("AuditHead", HeadFields()); }

Schema VerifyBody() {
  return Object("AuditVerification",
                {{"head", Nullable(Described(Object("WrittenAuditHead", HeadFields()),
                                             "one that was written down earlier"))}});
}

Schema VerdictSchema() {
  const Schema fault = Object(
      "AuditFault", {{"sequence", Described(Count(), "of the first row that is wrong"), kRequired},
                     {"id", Nullable(Described(Text(), "of what stands there")), kRequired},
                     {"what", Text(), kRequired}});
  return Object(
      "AuditVerdict",
      {{"intact", Flag(), kRequired},
       {"rows", Described(Count(), "that were read"), kRequired},
       {"first", Described(Count(), "the oldest row that retention kept"), kRequired},
       {"head", Nullable(Described(HeadSchema(), "the newest of the database")), kRequired},
       {"heads_matched", Described(Count(), "written down earlier, and right"), kRequired},
       {"heads_older", Described(Count(), "whose rows retention took away"), kRequired},
       {"lines_unreadable", Described(Count(), "of the file of heads"), kRequired},
       {"fault", Nullable(fault), kRequired}});
}

std::expected<AuditFilter, Problem> AuditFilterOf(const HttpRequest& request) {
  AuditFilter filter;
  std::vector<FieldError> errors;
  filter.user = request.Query("user").value_or("");
  filter.action = request.Query("action").value_or("");
  filter.object_id = request.Query("object").value_or("");
  ReadTimeQuery(request, "from", filter.from, errors);
  ReadTimeQuery(request, "to", filter.to, errors);
  if (!errors.empty()) return std::unexpected(InvalidFields(std::move(errors)));
  return filter;
}

Answer List(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Page page, PageOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(const AuditFilter filter, AuditFilterOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(
      const database::Page<AuditEntry> entries,
      database::AuditRepository(context.database).List({page.limit, page.after}, filter));
  json::array items;
  for (const AuditEntry& entry : entries.items) {
    const Result<json::value> detail = ParseJson(entry.detail);
    items.push_back({{"id", entry.id},
                     {"at", FormatTime(entry.at)},
                     {"user_id", entry.user_id},
                     {"user_name", entry.user_name},
                     {"action", entry.action},
                     {"object_id", entry.object_id},
                     {"detail", detail ? *detail : json::value(nullptr)},
                     {"sequence", entry.sequence},
                     {"hash", entry.hash}});
  }
  return ListResponse(std::move(items), entries.next);
}

Answer Head(const ApiContext& context) {
  VIGIL_ASSIGN_OR_RETURN(const database::NewestAuditHead newest,
                         database::ReadNewestAuditHead(context.database));
  return JsonResponse(AuditHeadJson(newest.head, newest.public_key));
}

// The head of the body, if it has one.
std::expected<std::optional<AuditHead>, Problem> GivenHead(const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::optional<AuditHead> given;
  if (!fields.Null("head") && fields.Object("head") != nullptr) {
    Result<AuditHead> head = database::AuditHeadOf(*fields.Find("head"));
    if (head.has_value()) {
      given = *std::move(head);
    } else {
      fields.Wrong("head", head.error().message);
    }
  }
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  return given;
}

json::object VerdictJson(const database::AuditVerdict& verdict, std::int64_t lines_unreadable) {
  json::object object{{"intact", !verdict.fault.has_value()},
                      {"rows", verdict.rows},
                      {"first", verdict.first},
                      {"head", nullptr},
                      {"heads_matched", verdict.heads_matched},
                      {"heads_older", verdict.heads_older},
                      {"lines_unreadable", lines_unreadable},
                      {"fault", nullptr}};
  if (verdict.head) object["head"] = AuditHeadJson(*verdict.head, verdict.public_key);
  if (verdict.fault) {
    object["fault"] = {{"sequence", verdict.fault->sequence},
                       {"id", OrNull(verdict.fault->id)},
                       {"what", verdict.fault->what}};
  }
  return object;
}

Answer Verify(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<AuditHead> given, GivenHead(call));
  database::WrittenAuditHeads written;
  if (!context.audit_heads_file.empty()) {
    VIGIL_ASSIGN_OR_RETURN(written, database::ReadAuditHeads(context.audit_heads_file));
  }
  if (given) written.heads.push_back(*given);
  VIGIL_ASSIGN_OR_RETURN(const database::AuditVerdict verdict,
                         database::VerifyAudit(context.database, written.heads));
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "audit.verify", "",
                                    {{"rows", verdict.rows}, {"intact", !verdict.fault}}));
  return JsonResponse(VerdictJson(verdict, written.unreadable));
}

}  // namespace

std::vector<Route> AuditRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/audit", Role::kAdmin, Lane::kStore, kNoBody,
       Description("listAudit", "audit", "Who did what, newest first.",
                   Gives(PageSchema(AuditEntrySchema())))
           .Query(PageFields())
           .Query({{"user", Described(Id(), "an account's id or name")},
                   {"action", Described(Id(), "whole, or a beginning with its dot: person.")},
                   {"object", Described(Id(), "the id of what was done to")},
                   {"from", Described(Time(), "at that time or later")},
                   {"to", Described(Time(), "at that time or earlier")}}),
       [&](const Call& call) { return List(context, call); }},
      {Method::kGet, "/api/v1/audit/head", Role::kAdmin, Lane::kStore, kNoBody,
       Description("getAuditHead", "audit", "The newest row of the audit log, signed.",
                   Gives(HeadSchema()))
           .Notes("Kept elsewhere, it proves later that no row up to it was changed or cut off."),
       [&](const Call&) { return Head(context); }},
      {Method::kPost, "/api/v1/audit/verify", Role::kAdmin, Lane::kHeavy, kJsonBodyBytesMax,
       Description("verifyAudit", "audit", "Whether the audit log is as it was written.",
                   Gives(VerdictSchema()))
           .Notes(
               "Reads all of it, about 2 s a million rows, and compares it with its signed head, "
               "the heads written to the data directory and the given one.")
           .Takes(VerifyBody()),
       [&](const Call& call) { return Verify(context, call); }},
  };
}

}  // namespace vigil::api
