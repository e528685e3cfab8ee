// libpq without its blocking calls: every wait has an end.
#include "database/postgres_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <ranges>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "base/trimmed.h"
#include "database/postgres_dialect.h"
#include "database/postgres_values.h"

namespace vigil::database {
namespace {

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ConnectionHandle = std::unique_ptr<PGconn, CloseConnection>;
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kReconnectPause{1};
// The key of the lock that write transactions hold; any number that nobody else takes.
constexpr const char* kTakeWriteLock = "SELECT pg_advisory_xact_lock(8103921764530271)";
constexpr const char* kTryWriteLock = "SELECT pg_try_advisory_xact_lock(8103921764530271) AS taken";
// Lists are asked with many combinations of filters; each is kept by the server until then.
constexpr std::size_t kStatementsMax = 256;

// What an SQLSTATE (appendix A of PostgreSQL's manual) means for the caller, and the mend.
std::pair<ErrorCode, std::string_view> Explain(std::string_view state) {
  if (state == "23505" || state == "23503") return {ErrorCode::kConflict, ""};
  if (state == "25006" || state == "42501") {
    return {ErrorCode::kPermission, "; grant the user what it needs on the database"};
  }
  if (state == "57014" || state == "55P03") {
    return {ErrorCode::kUnavailable,
            "; the server is too slow or another process writes: try again"};
  }
  if (state == "53100") return {ErrorCode::kUnavailable, "; free space on the server's disk"};
  if (state == "3D000") {
    return {ErrorCode::kUnavailable, "; make the database (createdb) and try again"};
  }
  const std::string_view kind = state.substr(0, 2);
  if (kind == "22" || kind == "23") return {ErrorCode::kInvalidArgument, ""};
  if (kind == "28") return {ErrorCode::kPermission, "; check user and password"};
  if (kind == "08" || kind == "40" || kind == "53" || kind == "57") {
    return {ErrorCode::kUnavailable, "; try again"};
  }
  if (kind == "XX" && state != "XX000") {
    return {ErrorCode::kDataLoss, "; restore it from a backup"};
  }
  return {ErrorCode::kInternal, ""};
}

// Why a connection was refused, and the mend. No SQLSTATE is given for it; only its words tell.
std::pair<ErrorCode, std::string_view> ExplainRefusal(std::string_view cause) {
  const auto says = [&](std::string_view words) { return cause.contains(words); };
  if (says("database \"") && says("does not exist")) {
    return {ErrorCode::kUnavailable, "make the database (createdb) and try again"};
  }
  if (says("role \"") && says("does not exist")) {
    return {ErrorCode::kPermission, "make the user (createuser) or name another"};
  }
  if (says("authentication failed") || says("password") || says("pg_hba")) {
    return {ErrorCode::kPermission, "check user and password"};
  }
  return {ErrorCode::kUnavailable, "check that the server runs"};
}

// libpq ends its messages with line ends and may write several lines.
std::string OneLine(const char* message) {
  std::string line(Trimmed(message, " \t\n"));
  std::ranges::replace(line, '\n', ' ');
  return line;
}

// One of the servers that an address names: postgresql://first:5432,second:5433/vigil
struct Server {
  std::string host;  // both empty: as the address has them
  std::string port;
};

std::vector<std::string> SplitList(std::string_view list) {
  std::vector<std::string> items;
  for (const auto item : std::views::split(list, ',')) items.emplace_back(item.begin(), item.end());
  return items;
}

// Those of an address that names several. libpq would try them one after the other as well, but
// leaves the time that each may take to its caller.
std::vector<Server> ServersOf(const std::string& url) {
  using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
  const Options options(PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
  std::vector<std::string> hosts;
  std::vector<std::string> ports;
  for (auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "hostaddr") return {Server()};  // left to libpq
    if (keyword == "host") hosts = SplitList(option->val);
    if (keyword == "port") ports = SplitList(option->val);
  }
  if (hosts.size() < 2) return {Server()};
  std::vector<Server> servers;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    std::string port = ports.size() == hosts.size() ? ports[i] : ports.empty() ? "" : ports[0];
    servers.push_back({hosts[i], std::move(port)});
  }
  return servers;
}

class PostgresConnection final : public Connection {
 public:
  explicit PostgresConnection(const PostgresOptions& options)
      : options_(options), name_(MaskUrl(options.url.Reveal())) {}

  Status Connect();

  Result<Answer> Execute(std::string_view sql, const std::vector<Value>& parameters) override;
  Status ExecuteScript(const std::string& sql) override { return Run(ToPostgres(sql)); }
  Result<bool> HasTable(const std::string& name) override;
  Status Load(const std::string& table, const std::vector<std::string>& columns,
              const std::vector<std::vector<Value>>& rows) override;
  Status Begin(TransactionKind kind) override;
  Status Commit() override { return Run("COMMIT"); }
  void Rollback() override {
    if (Alive() && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
      (void)Run("ROLLBACK");
      // In doubt the server ends the transaction with the connection.
      if (Alive() && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) connection_.reset();
    }
  }

 private:
  bool Alive() const {
    return connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK;
  }
  Status Open();
  Status OpenAt(const Server& server);
  Status BeginOnce(TransactionKind kind);
  Status BeginUpgrade();
  // Statements without parameters or rows.
  Status Run(const std::string& sql);
  Result<std::string> Prepare(std::string_view sql, const PostgresParameters& parameters);
  // Gives the server a piece of a COPY, or (null) its end.
  Status Put(const std::string* piece, Clock::time_point deadline);
  // The last result of what was sent, an error if there was one. Drains the connection.
  Result<ResultHandle> Collect();
  Status Wait(short events, Clock::time_point deadline, std::string_view what);
  std::unexpected<Error> Refused(const PGresult* result) const;
  std::unexpected<Error> Lost();

  const PostgresOptions options_;
  const std::string name_;
  ConnectionHandle connection_;
  Clock::time_point next_attempt_{};
  std::unordered_map<std::string, std::string> statements_;  // SQL and types: prepared name
  std::uint64_t statements_named_ = 0;
  bool patient_ = false;  // in an upgrade: its statements take what they need
};

Status PostgresConnection::Wait(short events, Clock::time_point deadline, std::string_view what) {
  constexpr std::chrono::milliseconds kLook{50};  // for the program's stop
  pollfd waited{.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
  while (true) {
    const int ready = ::poll(&waited, 1, static_cast<int>(kLook.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Lost();
    if (options_.stop != nullptr && options_.stop->Passed()) {
      connection_.reset();
      return Fail(ErrorCode::kUnavailable, "the program stops and waits for no database");
    }
    if (Clock::now() >= deadline) {
      // Whatever comes late would be taken for the next answer.
      connection_.reset();
      return Fail(
          ErrorCode::kUnavailable,
          format("database {} did not {} in time; check the server and the network", name_, what));
    }
  }
}

std::unexpected<Error> PostgresConnection::Lost() {
  const std::string cause =
      connection_ == nullptr ? "no connection" : OneLine(PQerrorMessage(connection_.get()));
  connection_.reset();
  return Fail(ErrorCode::kUnavailable, format("database {}: {}; it is tried again", name_, cause));
}

std::unexpected<Error> PostgresConnection::Refused(const PGresult* result) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const auto [code, mend] = Explain(state == nullptr ? "" : state);
  // Only the primary message: the detail of a conflict holds the values.
  return Fail(code, format("database {}: {}{}", name_,
                           primary == nullptr ? "unknown error" : OneLine(primary), mend));
}

// Each server that the address names gets its own time: a dead first one must not use up that of
// the others.
Status PostgresConnection::Open() {
  Status opened;
  for (const Server& server : ServersOf(options_.url.Reveal())) {
    opened = OpenAt(server);
    if (opened.has_value() || (options_.stop != nullptr && options_.stop->Passed())) break;
  }
  return opened;
}

Status PostgresConnection::OpenAt(const Server& server) {
  statements_.clear();
  const auto deadline = Clock::now() + options_.connect_timeout;
  // An empty value is as none at all.
  const char* const keywords[] = {"dbname",
                                  "application_name",
                                  "tcp_user_timeout",
                                  server.host.empty() ? nullptr : "host",
                                  "port",
                                  nullptr};
  const char* const values[] = {
      options_.url.Reveal().c_str(), "vigil", "10000", server.host.c_str(),
      server.port.c_str(),           nullptr};
  connection_.reset(PQconnectStartParams(keywords, values, 1));
  if (connection_ == nullptr) return Fail(ErrorCode::kUnavailable, "no memory for a connection");
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return Lost();
  auto next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) {
      const std::string cause = OneLine(PQerrorMessage(connection_.get()));
      connection_.reset();
      const auto [code, mend] = ExplainRefusal(cause);
      return Fail(code, format("database {}: {}; {}", name_, cause, mend));
    }
    VIGIL_RETURN_IF_ERROR(
        Wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, "let us in"));
    next = PQconnectPoll(connection_.get());
  }
  PQsetnonblocking(connection_.get(), 1);
  PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
  return Run(
      format("SET statement_timeout = {}; SET lock_timeout = {}; "
             "SET client_encoding = 'UTF8'; SET timezone = 'UTC'; "
             "SET default_transaction_read_only = {}",
             options_.statement_timeout.count(), options_.lock_timeout.count(),
             options_.mode == PostgresMode::kReader ? "on" : "off"));
}

Status PostgresConnection::Connect() {
  const auto now = Clock::now();
  if (now < next_attempt_) {
    return Fail(ErrorCode::kUnavailable,
                format("database {} is away; it is tried again in a moment", name_));
  }
  Status opened = Open();
  if (!opened.has_value()) {
    connection_.reset();
    next_attempt_ = Clock::now() + kReconnectPause;
  }
  return opened;
}

Status PostgresConnection::Begin(TransactionKind kind) {
  const bool fresh = !Alive();
  if (fresh) VIGIL_RETURN_IF_ERROR(Connect());
  Status begun = BeginOnce(kind);
  if (begun.has_value() || Alive() || fresh) return begun;
  // The server went and came back while nothing was asked of it.
  VIGIL_RETURN_IF_ERROR(Connect());
  return BeginOnce(kind);
}

Status PostgresConnection::BeginOnce(TransactionKind kind) {
  patient_ = false;
  if (kind == TransactionKind::kRead) return Run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (options_.mode == PostgresMode::kReader) {
    return Fail(ErrorCode::kPermission, "a reading connection was asked to write");
  }
  Status begun =
      kind == TransactionKind::kUpgrade ? BeginUpgrade() : Run(format("BEGIN; {}", kTakeWriteLock));
  if (!begun.has_value()) Rollback();
  return begun;
}

Status PostgresConnection::BeginUpgrade() {
  VIGIL_RETURN_IF_ERROR(Run("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"));
  VIGIL_ASSIGN_OR_RETURN(const Answer answer, Execute(kTryWriteLock, {}));
  if (answer.rows.at(0).Flag("taken")) {
    patient_ = true;
    return {};
  }
  LogInfo("database", "another process changes database {}; waiting until it is done", name_);
  patient_ = true;
  return Run(kTakeWriteLock);
}

Result<bool> PostgresConnection::HasTable(const std::string& name) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      Execute("SELECT to_regclass(quote_ident($1)) IS NOT NULL AS found", {name}));
  return answer.rows.at(0).Flag("found");
}

Status PostgresConnection::Run(const std::string& sql) {
  if (!Alive()) return Lost();
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return Lost();
  VIGIL_RETURN_IF_ERROR(Collect());
  return {};
}

Result<std::string> PostgresConnection::Prepare(std::string_view sql,
                                                const PostgresParameters& parameters) {
  std::string key = std::string(sql) + parameters.TypeKey();
  if (const auto known = statements_.find(key); known != statements_.end()) return known->second;
  if (statements_.size() >= kStatementsMax) {
    VIGIL_RETURN_IF_ERROR(Run("DEALLOCATE ALL"));
    statements_.clear();
  }
  std::string name = format("s{}", statements_named_++);
  if (PQsendPrepare(connection_.get(), name.c_str(), std::string(sql).c_str(), parameters.Count(),
                    parameters.Types()) == 0) {
    return Lost();
  }
  VIGIL_RETURN_IF_ERROR(Collect());
  statements_.emplace(std::move(key), name);
  return name;
}

Result<ResultHandle> PostgresConnection::Collect() {
  // The server ends a statement by itself; what is waited for beyond that is the network.
  constexpr std::chrono::hours kUpgradeMax{24};
  const auto deadline =
      Clock::now() +
      (patient_ ? kUpgradeMax : options_.statement_timeout + std::chrono::seconds{2});
  int unsent = PQflush(connection_.get());
  ResultHandle last;
  ResultHandle failed;
  while (true) {
    while (unsent == 1 || PQisBusy(connection_.get()) != 0) {
      VIGIL_RETURN_IF_ERROR(
          Wait(static_cast<short>(POLLIN | (unsent == 1 ? POLLOUT : 0)), deadline, "answer"));
      if (PQconsumeInput(connection_.get()) == 0) return Lost();
      unsent = PQflush(connection_.get());
    }
    if (unsent < 0) return Lost();
    ResultHandle next(PQgetResult(connection_.get()));
    if (next == nullptr) break;
    if (PQresultStatus(next.get()) == PGRES_COPY_IN) return next;
    if (PQresultStatus(next.get()) == PGRES_FATAL_ERROR) {
      failed = std::move(next);
    } else {
      last = std::move(next);
    }
  }
  if (!Alive()) return Lost();
  if (failed != nullptr) return Refused(failed.get());
  return last;
}

Result<Answer> PostgresConnection::Execute(std::string_view sql, const std::vector<Value>& values) {
  constexpr int kBinary = 1;
  if (!Alive()) return Lost();
  const PostgresParameters parameters(values);
  VIGIL_ASSIGN_OR_RETURN(const std::string statement, Prepare(sql, parameters));
  if (PQsendQueryPrepared(connection_.get(), statement.c_str(), parameters.Count(),
                          parameters.Values(), parameters.Lengths(), parameters.Formats(),
                          kBinary) == 0) {
    return Lost();
  }
  VIGIL_ASSIGN_OR_RETURN(const ResultHandle result, Collect());
  Answer answer;
  const std::string_view command = PQcmdStatus(result.get());
  if (!command.starts_with("SELECT")) {
    const std::string_view count = PQcmdTuples(result.get());
    for (const char digit : count) answer.changed = answer.changed * 10 + (digit - '0');
  }
  std::vector<std::string> columns;
  const int width = PQnfields(result.get());
  for (int i = 0; i < width; ++i) columns.emplace_back(PQfname(result.get(), i));
  const auto shared = std::make_shared<const std::vector<std::string>>(std::move(columns));
  const int rows = PQntuples(result.get());
  answer.rows.reserve(static_cast<std::size_t>(rows));
  for (int row = 0; row < rows; ++row) {
    std::vector<Value> read;
    read.reserve(static_cast<std::size_t>(width));
    for (int i = 0; i < width; ++i) read.push_back(PostgresValue(result.get(), row, i));
    answer.rows.emplace_back(shared, std::move(read));
  }
  return answer;
}

Status PostgresConnection::Put(const std::string* piece, Clock::time_point deadline) {
  while (true) {
    const int taken = piece == nullptr ? PQputCopyEnd(connection_.get(), nullptr)
                                       : PQputCopyData(connection_.get(), piece->data(),
                                                       static_cast<int>(piece->size()));
    if (taken < 0) return Lost();
    if (taken > 0) return {};
    VIGIL_RETURN_IF_ERROR(Wait(POLLIN | POLLOUT, deadline, "take rows"));
    if (PQconsumeInput(connection_.get()) == 0 || PQflush(connection_.get()) < 0) return Lost();
  }
}

Status PostgresConnection::Load(const std::string& table, const std::vector<std::string>& columns,
                                const std::vector<std::vector<Value>>& rows) {
  std::string names;
  for (const std::string& column : columns) {
    names += format("{}\"{}\"", names.empty() ? "" : ", ", column);
  }
  VIGIL_RETURN_IF_ERROR(
      Run(format("COPY \"{}\" ({}) FROM STDIN WITH (FORMAT binary)", table, names)));
  const auto deadline = Clock::now() + options_.statement_timeout;
  constexpr std::size_t kPiece = 1 << 20;
  std::string piece = PostgresCopyBegin();
  for (const std::vector<Value>& row : rows) {
    AppendPostgresCopyRow(row, piece);
    if (piece.size() < kPiece) continue;
    VIGIL_RETURN_IF_ERROR(Put(&piece, deadline));
    piece.clear();
  }
  piece += PostgresCopyEnd();
  VIGIL_RETURN_IF_ERROR(Put(&piece, deadline));
  VIGIL_RETURN_IF_ERROR(Put(nullptr, deadline));
  VIGIL_RETURN_IF_ERROR(Collect());
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> OpenPostgres(const PostgresOptions& options) {
  auto connection = std::make_unique<PostgresConnection>(options);
  VIGIL_RETURN_IF_ERROR(connection->Connect());
  return connection;
}

}  // namespace vigil::database
