// A small CSV reader that knows where it is.
#include "app/enrolment_csv.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <string>

#include "base/format.h"
#include "base/nearest.h"
#include "base/trimmed.h"
#include "base/utf8.h"

namespace vigil::app {
namespace {

constexpr std::size_t kFaultsToldMax = 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Cell {
  std::string text;
  int line = 1;
  int column = 1;
};
using CsvRow = std::vector<Cell>;

class CsvReader {
 public:
  CsvReader(std::string_view text, char separator) : rest_(text), separator_(separator) {}

  bool AtEnd() const { return rest_.empty(); }

  // The next line's cells; a fault is a sentence about the cell that is last in it.
  CsvRow Next(std::string& fault) {
    CsvRow row;
    do {
      row.push_back({.text = {}, .line = line_, .column = column_});
      ReadCell(row.back(), fault);
    } while (fault.empty() && TakeIf(separator_));
    if (!fault.empty()) {
      SkipLine();
    } else {
      TakeIf('\r');
      TakeIf('\n');
    }
    return row;
  }

 private:
  void ReadCell(Cell& cell, std::string& fault) {
    if (!TakeIf('"')) {
      while (!AtEnd() && !EndsCell(rest_.front())) cell.text += Take();
      cell.text = Trimmed(cell.text);
      return;
    }
    while (true) {
      if (AtEnd()) {
        fault = "this quote is never closed";
        return;
      }
      const char next = Take();
      if (next == '"' && !TakeIf('"')) break;
      cell.text += next;
    }
    while (TakeIf(' ')) {
    }
    if (!AtEnd() && !EndsCell(rest_.front())) {
      fault = "text follows the closing quote; write \"\" for a quote within quotes";
    }
  }

  bool EndsCell(char next) const { return next == separator_ || next == '\n' || next == '\r'; }

  char Take() {
    const char next = rest_.front();
    rest_.remove_prefix(1);
    if (next == '\n') {
      ++line_;
      column_ = 1;
    } else if ((static_cast<unsigned char>(next) & 0xC0U) != 0x80U) {
      ++column_;  // bytes that continue a character are not counted
    }
    return next;
  }

  bool TakeIf(char wanted) {
    if (AtEnd() || rest_.front() != wanted) return false;
    Take();
    return true;
  }

  void SkipLine() {
    while (!AtEnd() && Take() != '\n') {
    }
  }

  std::string_view rest_;
  const char separator_;
  int line_ = 1;
  int column_ = 1;
};

const std::vector<std::string>& KnownColumns() {
  static const std::vector<std::string> known = {"name", "photo", "reason", "notes", "lists"};
  return known;
}

class CsvPlan {
 public:
  CsvPlan(std::string_view file, std::filesystem::path folder)
      : file_(file), folder_(std::move(folder)) {}

  void Fault(const Cell& at, std::string_view what) {
    if (faults_.size() <= kFaultsToldMax) faults_.push_back(Where(at) + ": " + std::string(what));
  }

  void ReadHeader(const CsvRow& header) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      std::string name = header[i].text;
      if (!IsUtf8(name)) return Fault(header[i], "this is not UTF-8; save the list as CSV UTF-8");
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      if (std::ranges::find(KnownColumns(), name) == KnownColumns().end()) {
        const std::string nearest = NearestWord(name, KnownColumns());
        Fault(header[i], format("{} is no column; {}", name.empty() ? "an empty name" : name,
                                nearest.empty() ? "there are name, photo, reason, notes and lists"
                                                : format("did you mean {}?", nearest)));
      } else if (!columns_.emplace(name, i).second) {
        Fault(header[i], format("the column {} is there twice", name));
      }
    }
    width_ = header.size();
    for (const char* needed : {"name", "photo"}) {
      if (!columns_.contains(needed) && faults_.empty()) {
        Fault(header.front(),
              format("the first line names the columns, and {} is not among them", needed));
      }
    }
  }

  void ReadRow(const CsvRow& row) {
    if (row.size() == 1 && row.front().text.empty()) return;
    if (row.size() != width_) {
      return Fault(row.back(),
                   format("this line has {} columns, the first has {}", row.size(), width_));
    }
    for (const char* needed : {"name", "photo"}) {
      const Cell& cell = row[columns_.at(needed)];
      if (cell.text.empty()) return Fault(cell, format("the {} is empty", needed));
      if (!IsUtf8(cell.text)) return Fault(cell, format("the {} is not UTF-8", needed));
    }
    PlannedPhoto photo;
    photo.person = row[columns_.at("name")].text;
    photo.path = folder_ / row[columns_.at("photo")].text;
    photo.where = Where(row[columns_.at("photo")]);
    if (const Cell* cell = Find(row, "reason")) photo.reason = cell->text;
    if (const Cell* cell = Find(row, "notes")) photo.notes = cell->text;
    if (const Cell* cell = Find(row, "lists")) {
      for (std::string_view rest = cell->text; !rest.empty();) {
        const std::size_t bar = std::min(rest.find('|'), rest.size());
        if (const auto name = Trimmed(rest.substr(0, bar)); !name.empty()) {
          photo.lists.emplace_back(name);
        }
        rest.remove_prefix(std::min(bar + 1, rest.size()));
      }
      if (!photo.lists.empty()) photo.where = Where(*cell);
    }
    photos_.push_back(std::move(photo));
  }

  bool Faulty() const { return !faults_.empty(); }

  Result<std::vector<PlannedPhoto>> Finish() {
    if (faults_.empty()) {
      ShareAcrossLines();
      return std::move(photos_);
    }
    std::string told = "the list has faults, nothing was enrolled:";
    for (std::size_t i = 0; i < std::min(faults_.size(), kFaultsToldMax); ++i) {
      told += "\n  " + faults_[i];
    }
    if (faults_.size() > kFaultsToldMax) told += "\n  and more";
    return Fail(ErrorCode::kInvalidArgument, std::move(told));
  }

 private:
  // Whichever photo is enrolled first makes the person, so each must carry what is said of them.
  void ShareAcrossLines() {
    std::map<std::string, PlannedPhoto> told;  // by person: the first reason and the first notes
    for (const PlannedPhoto& photo : photos_) {
      PlannedPhoto& first = told[photo.person];
      if (first.reason.empty()) first.reason = photo.reason;
      if (first.notes.empty()) first.notes = photo.notes;
    }
    for (PlannedPhoto& photo : photos_) {
      const PlannedPhoto& first = told.at(photo.person);
      photo.reason = first.reason;
      photo.notes = first.notes;
    }
  }

  std::string Where(const Cell& cell) const {
    return format("{}:{}:{}", file_, cell.line, cell.column);
  }

  const Cell* Find(const CsvRow& row, std::string_view column) const {
    const auto found = columns_.find(column);
    return found == columns_.end() ? nullptr : &row[found->second];
  }

  const std::string file_;
  const std::filesystem::path folder_;
  std::map<std::string, std::size_t, std::less<>> columns_;
  std::size_t width_ = 0;
  std::vector<PlannedPhoto> photos_;
  std::vector<std::string> faults_;
};

char SeparatorOf(std::string_view text) {
  const std::string_view first_line = text.substr(0, text.find('\n'));
  const std::size_t at = first_line.find_first_of(",;\t");
  return at == std::string_view::npos ? ',' : first_line[at];
}

}  // namespace

Result<std::vector<PlannedPhoto>> ParseEnrolmentCsv(std::string_view text, std::string_view file,
                                                    const std::filesystem::path& folder) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  CsvPlan plan(file, folder);
  CsvReader reader(text, SeparatorOf(text));
  for (bool first = true; first || !reader.AtEnd(); first = false) {
    std::string fault;
    const CsvRow row = reader.Next(fault);
    if (!fault.empty()) {
      plan.Fault(row.back(), fault);
    } else if (first) {
      plan.ReadHeader(row);
    } else {
      plan.ReadRow(row);
    }
    if (first && plan.Faulty()) break;  // no line can be read without the columns
  }
  return plan.Finish();
}

}  // namespace vigil::app
