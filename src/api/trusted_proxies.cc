// Reading of X-Forwarded-For from the right, as far as those who wrote it are trusted.
#include "api/trusted_proxies.h"

#include <algorithm>
#include <ranges>
#include <string_view>

#include "base/trimmed.h"

namespace vigil::api {
namespace {

constexpr int kHopsMax = 32;

// Some proxies add the port: "192.0.2.1:4711", "[2001:db8::7]:4711".
std::optional<IpAddress> AddressOf(std::string_view entry) {
  entry = Trimmed(entry);
  if (entry.starts_with('[')) {
    const std::size_t end = std::min(entry.find(']'), entry.size());
    return IpAddress::Parse(entry.substr(1, end - 1));
  }
  if (std::ranges::count(entry, ':') == 1) entry = entry.substr(0, entry.find(':'));
  return IpAddress::Parse(entry);
}

// The last word of a list that may stand in several headers.
std::string_view LastWord(const HttpRequest& request, std::string_view name) {
  std::string_view last;
  for (const auto& [key, value] : request.headers) {
    if (key == name) last = value;
  }
  const std::size_t comma = last.rfind(',');
  return Trimmed(comma == last.npos ? last : last.substr(comma + 1));
}

}  // namespace

Result<TrustedProxies> TrustedProxies::Of(const std::vector<std::string>& ranges) {
  TrustedProxies proxies;
  for (const std::string& text : ranges) {
    VIGIL_ASSIGN_OR_RETURN(const IpRange range, IpRange::Parse(text));
    proxies.ranges_.push_back(range);
  }
  return proxies;
}

bool TrustedProxies::Trusts(const IpAddress& address) const {
  return std::ranges::any_of(ranges_,
                             [&](const IpRange& range) { return range.Contains(address); });
}

bool TrustedProxies::Trusts(const std::string& address) const {
  if (ranges_.empty()) return false;
  const std::optional<IpAddress> parsed = IpAddress::Parse(address);
  return parsed && Trusts(*parsed);
}

void TrustedProxies::NameClient(HttpRequest& request) const {
  if (!Trusts(request.peer)) return;
  const std::string_view scheme = LastWord(request, "x-forwarded-proto");
  if (scheme == "https" || scheme == "http") request.scheme = scheme;
  int hops = 0;
  for (const auto& [name, value] : std::views::reverse(request.headers)) {
    if (name != "x-forwarded-for") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = rest.rfind(',');
      const std::optional<IpAddress> address =
          AddressOf(comma == rest.npos ? rest : rest.substr(comma + 1));
      rest = rest.substr(0, comma == rest.npos ? 0 : comma);
      if (!address || ++hops > kHopsMax) return;
      request.peer = address->Text();
      if (!Trusts(*address)) return;
    }
  }
}

}  // namespace vigil::api
