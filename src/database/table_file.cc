// Rows as bytes, and the files that hold them.
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/crypto.h"
#include "base/format.h"
#include "base/json.h"
#include "base/sync_folder.h"
#include "database/table_source.h"

namespace vigil::database {
namespace {

constexpr std::string_view kExtension = ".rows";
constexpr const char* kListFile = "tables.json";
constexpr std::uint64_t kBatchBytesMax = std::uint64_t{4} << 30;

enum class Kind : char { kNull, kInteger, kReal, kText, kBytes };

// Eight bytes, the lowest first.
void AppendNumber(std::uint64_t number, std::string& bytes) {
  for (int i = 0; i < 8; ++i, number >>= 8) bytes += static_cast<char>(number & 0xFF);
}

std::uint64_t NumberAt(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

void AppendValue(const Value::Variant& value, std::string& bytes) {
  bytes += static_cast<char>(value.index());
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    AppendNumber(std::bit_cast<std::uint64_t>(*integer), bytes);
  } else if (const auto* real = std::get_if<double>(&value)) {
    AppendNumber(std::bit_cast<std::uint64_t>(*real), bytes);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    AppendNumber(text->size(), bytes);
    bytes += *text;
  } else if (const auto* blob = std::get_if<Bytes>(&value)) {
    AppendNumber(blob->size(), bytes);
    bytes.append(reinterpret_cast<const char*>(blob->data()), blob->size());
  }
}

// Takes one value from the front of `bytes`.
Result<Value> TakeValue(std::string_view& bytes) {
  const auto damaged = [] { return Fail(ErrorCode::kDataLoss, "a row is cut or altered"); };
  if (bytes.empty()) return damaged();
  const auto kind = static_cast<Kind>(bytes.front());
  bytes.remove_prefix(1);
  if (kind == Kind::kNull) return Value();
  if (bytes.size() < 8) return damaged();
  const std::uint64_t number = NumberAt(bytes);
  bytes.remove_prefix(8);
  if (kind == Kind::kInteger) return Value(std::bit_cast<std::int64_t>(number));
  if (kind == Kind::kReal) return Value(std::bit_cast<double>(number));
  if ((kind != Kind::kText && kind != Kind::kBytes) || number > bytes.size()) return damaged();
  const std::string_view taken = bytes.substr(0, number);
  bytes.remove_prefix(number);
  if (kind == Kind::kText) return Value(taken);
  const auto* data = reinterpret_cast<const std::byte*>(taken.data());
  return Value(Bytes(data, data + taken.size()));
}

Status WriteFailed(const std::filesystem::path& file) {
  return Fail(
      ErrorCode::kUnavailable,
      format("{} cannot be written; check the folder and the space on its disk", file.string()));
}

std::filesystem::path FileOf(const std::filesystem::path& folder, const Table& table) {
  return folder / (table.name + std::string(kExtension));
}

class TableFiles final : public TableSource {
 public:
  explicit TableFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Status ReadList() {
    std::ifstream file(folder_ / kListFile, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    VIGIL_ASSIGN_OR_RETURN(const json::value list, ParseJson(text));
    for (const json::value& entry : list.as_array()) {
      const auto names = [&](const char* key) {
        return json::value_to<std::vector<std::string>>(entry.at(key));
      };
      tables_.push_back({.name = json::value_to<std::string>(entry.at("name")),
                         .columns = names("columns"),
                         .key = names("key")});
    }
    return {};
  }

  const std::vector<Table>& Tables() const override { return tables_; }

  Status ForEachBatch(const Table& table, const std::function<Status(const Rows&)>& take) override {
    const auto name = FileOf(folder_, table);
    const auto damaged = [&] {
      return Fail(ErrorCode::kDataLoss, format("{} is missing, cut or altered", name.string()));
    };
    std::ifstream file(name, std::ios::binary);
    if (!file) return damaged();
    std::string head(8, '\0');
    std::string packed;
    while (file.peek() != std::char_traits<char>::eof()) {
      if (!file.read(head.data(), 8) || NumberAt(head) > kBatchBytesMax) return damaged();
      packed.resize(NumberAt(head));
      if (!file.read(packed.data(), static_cast<std::streamsize>(packed.size()))) return damaged();
      VIGIL_ASSIGN_OR_RETURN(const Rows rows, UnpackRows(packed, table.columns.size()));
      VIGIL_RETURN_IF_ERROR(take(rows));
    }
    return {};
  }

 private:
  const std::filesystem::path folder_;
  std::vector<Table> tables_;
};

}  // namespace

void RowDigest::Add(std::string_view packed_batch) {
  hex_ = Sha256Hex(hex_ + Sha256Hex(packed_batch));
}

std::string PackRows(const Rows& rows) {
  std::string bytes;
  for (const auto& row : rows) {
    for (const Value& value : row) AppendValue(value.Get(), bytes);
  }
  return bytes;
}

Result<Rows> UnpackRows(std::string_view packed, std::size_t columns) {
  Rows rows;
  while (!packed.empty()) {
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < columns; ++i) {
      VIGIL_ASSIGN_OR_RETURN(Value value, TakeValue(packed));
      row.push_back(std::move(value));
    }
  }
  return rows;
}

Result<std::vector<TableDigest>> WriteTables(TableSource& source,
                                             const std::filesystem::path& folder,
                                             const CopyProgress& progress) {
  std::vector<TableDigest> digests;
  json::array list;
  for (const Table& table : source.Tables()) {
    list.push_back({{"name", table.name},
                    {"columns", json::value_from(table.columns)},
                    {"key", json::value_from(table.key)}});
    TableDigest digest{.name = table.name};
    RowDigest rows_digest;
    const auto name = FileOf(folder, table);
    std::ofstream file(name, std::ios::binary);
    const auto write = [&](const Rows& rows) -> Status {
      const std::string packed = PackRows(rows);
      std::string head;
      AppendNumber(packed.size(), head);
      if (!file.write(head.data(), 8) ||
          !file.write(packed.data(), static_cast<std::streamsize>(packed.size()))) {
        return WriteFailed(name);
      }
      rows_digest.Add(packed);
      digest.rows += static_cast<std::int64_t>(rows.size());
      if (progress) progress(table.name, digest.rows);
      return {};
    };
    VIGIL_RETURN_IF_ERROR(source.ForEachBatch(table, write));
    file.close();
    if (!file) return std::unexpected(WriteFailed(name).error());
    digest.digest = rows_digest.Hex();
    digests.push_back(std::move(digest));
  }
  std::ofstream file(folder / kListFile, std::ios::binary);
  file << WriteJson(list) << '\n';
  file.close();
  if (!file) return std::unexpected(WriteFailed(folder / kListFile).error());
  return digests;
}

Result<std::unique_ptr<TableSource>> OpenTableFiles(const std::filesystem::path& folder) {
  auto files = std::make_unique<TableFiles>(folder);
  try {
    VIGIL_RETURN_IF_ERROR(files->ReadList());
  } catch (const std::exception&) {
    return Fail(ErrorCode::kDataLoss,
                format("{} is no list of tables", (folder / kListFile).string()));
  }
  return files;
}

}  // namespace vigil::database
