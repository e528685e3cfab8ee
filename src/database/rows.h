// Small pieces that repositories share: words of enumerations, pages, and the seal's contexts.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/format.h"
#include "core/alert.h"
#include "core/incident.h"
#include "core/outcome.h"
#include "core/user.h"
#include "database/connection.h"
#include "database/page.h"

namespace vigil::database {

std::string_view StateName(IncidentState state);
std::string_view StateName(DeliveryState state);
std::string_view RoleName(Role role);

// The value among `values` whose `name` is `word`; RowError when there is none.
template <class T, class Name>
T FromWord(std::string_view word, std::initializer_list<T> values, Name name) {
  const auto found = std::ranges::find_if(values, [&](T value) { return name(value) == word; });
  if (found == values.end()) throw RowError(format("unknown word '{}'", word));
  return *found;
}

Outcome OutcomeFromWord(std::string_view word);
Verdict VerdictFromWord(std::string_view word);
DeliveryState DeliveryStateFromWord(std::string_view word);
UnrecognisableReason UnrecognisableReasonFromWord(std::string_view word);
Severity SeverityOf(std::int64_t number);
inline int SeverityNumber(Severity severity) { return static_cast<int>(severity); }

inline int PageLimit(const PageRequest& request) { return std::clamp(request.limit, 1, 1000); }

// Makes a page of `rows`, of which one more than the page's limit was asked for.
template <class T, class Reader>
Page<T> MakePage(const std::vector<Row>& rows, int limit, Reader reader) {
  Page<T> page;
  const auto count = std::min(rows.size(), static_cast<std::size_t>(limit));
  for (std::size_t i = 0; i < count; ++i) page.items.push_back(reader(rows[i]));
  if (rows.size() > count) page.next = rows[count - 1].Text("id");
  return page;
}

// The setting that holds a sealed word, by which a wrong key is told.
inline constexpr const char* kKeyCheckSetting = "key_check";

// What a sealed column is bound to.
inline std::string SealContext(std::string_view table, std::string_view id,
                               std::string_view column) {
  return format("{}:{}:{}", table, id, column);
}

}  // namespace vigil::database
