// See watch_report.h. Widths and places are written as style attributes; they are numbers of ours.
#include "app/watch_report.h"

#include <algorithm>
#include <cmath>

#include "alerts/message_text.h"
#include "app/watch_report_page.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/time_text.h"
#include "media/photo.h"

namespace vigil::app {
namespace {

constexpr std::size_t kNameCharactersMax = 100;
constexpr int kPictureQuality = 80;

std::string Text(const std::string& text) {
  return alerts::EscapeHtml(alerts::OneLine(text, kNameCharactersMax));
}

// "1:02.4", "1:00:02.4"
std::string Position(std::chrono::milliseconds time) {
  const auto tenths = time.count() / 100;
  const auto seconds = tenths / 10;
  if (seconds >= 3600) {
    return format("{}:{:02}:{:02}.{}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                  tenths % 10);
  }
  return format("{}:{:02}.{}", seconds / 60, seconds % 60, tenths % 10);
}

double Percent(double part, double whole) {
  return whole > 0 ? std::clamp(100 * part / whole, 0.0, 100.0) : 0;
}

std::string Tile(std::size_t count, const std::string& what) {
  return format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", count, what);
}

}  // namespace

void WatchReport::Take(const pipeline::TrackOutcome& outcome) {
  end_ = std::max(end_, outcome.last_pts);
  const Decision& decision = outcome.decision;
  if (decision.outcome == Outcome::kUnrecognisable) {
    if (outcome.occasion == pipeline::Occasion::kEnded && decision.reason) {
      ++unrecognisable_[*decision.reason];
    }
    return;
  }
  auto known = appearances_.find(outcome.track_id);
  if (known == appearances_.end()) {
    if (appearances_.size() >= kAppearancesMax) {
      beyond_ += outcome.occasion == pipeline::Occasion::kEnded ? 1 : 0;
      return;
    }
    known = appearances_.try_emplace(outcome.track_id).first;
  }
  Appearance& appearance = known->second;
  appearance.track_id = outcome.track_id;
  appearance.outcome = decision.outcome;
  appearance.from = outcome.first_pts;
  appearance.to = outcome.last_pts;
  appearance.similarity = decision.similarity;
  appearance.threshold = decision.threshold;
  appearance.floor = decision.trace.threshold.floor;
  appearance.stranger_odds = decision.stranger_odds;
  if (!appearance.Named()) return;
  appearance.person_id = decision.candidates.front().person_id;
  appearance.name = outcome.person_name;
  if (outcome.occasion == pipeline::Occasion::kStillSeen) return;
  if (appearance.picture.empty() && pictures_ >= kPicturesMax) return;
  // A picture that cannot be encoded is shown as none.
  if (const auto jpeg = media::EncodeJpeg(outcome.best.crop.image, kPictureQuality)) {
    pictures_ += appearance.picture.empty() ? 1 : 0;
    appearance.picture = Base64Encode({reinterpret_cast<const char*>(jpeg->data()), jpeg->size()});
  }
}

std::vector<const WatchReport::Appearance*> WatchReport::Named() const {
  std::vector<const Appearance*> named;
  for (const auto& [track, appearance] : appearances_) {
    if (appearance.Named()) named.push_back(&appearance);
  }
  std::ranges::stable_sort(named, {}, [](const Appearance* one) { return one->from; });
  return named;
}

std::vector<const WatchReport::Appearance*> WatchReport::Strangers() const {
  std::vector<const Appearance*> strangers;
  for (const auto& [track, appearance] : appearances_) {
    if (!appearance.Named()) strangers.push_back(&appearance);
  }
  return strangers;
}

WatchReport::Time WatchReport::Duration() const { return std::max(end_, Time{1}); }

std::string WatchReport::Summary(const WatchReportFacts& facts) const {
  std::map<std::string, int> people;
  std::map<std::string, int> possible;
  for (const Appearance* appearance : Named()) {
    ++(appearance->outcome == Outcome::kMatch ? people : possible)[appearance->person_id];
  }
  std::erase_if(possible, [&](const auto& entry) { return people.contains(entry.first); });
  std::size_t poor = 0;
  std::string reasons;
  for (const auto& [reason, count] : unrecognisable_) {
    poor += static_cast<std::size_t>(count);
    std::string word(ReasonName(reason));
    std::ranges::replace(word, '_', ' ');
    reasons += format("{}{} {}", reasons.empty() ? "" : ", ", count, word);
  }
  std::string html = "<div class=\"tiles\">\n";
  html += Tile(people.size(), format("of {} enrolled recognised", facts.people_enrolled));
  html += Tile(possible.size(), "perhaps recognised");
  html += Tile(Strangers().size(), "strangers (tracks)");
  html += Tile(poor, "not recognisable" + (reasons.empty() ? "" : ": " + reasons));
  html += "</div>\n";
  if (beyond_ > 0) {
    html += format("<p class=\"note\">{} further faces are not listed: the page holds {}.</p>\n",
                   beyond_, kAppearancesMax);
  }
  return html;
}

std::string WatchReport::Row(const std::string& name,
                             const std::vector<const Appearance*>& appearances,
                             const char* kind) const {
  const auto whole = static_cast<double>(Duration().count());
  std::string html =
      format("<div class=\"row\"><span class=\"who\">{}</span><div class=\"lane\">", name);
  for (const Appearance* appearance : appearances) {
    const double left = Percent(static_cast<double>(appearance->from.count()), whole);
    const double width =
        Percent(static_cast<double>((appearance->to - appearance->from).count()), whole);
    const bool match = appearance->outcome == Outcome::kMatch;
    html += format("<i class=\"{}\" style=\"left:{:.2f}%;width:{:.2f}%\" title=\"{} to {}\"></i>",
                   appearance->Named() ? (match ? "match" : "possible") : kind,
                   std::min(left, 99.6), std::max(std::min(width, 100 - left), 0.4),
                   Position(appearance->from), Position(appearance->to));
  }
  return html + "</div></div>\n";
}

std::string WatchReport::Timeline() const {
  std::map<std::string, std::vector<const Appearance*>> by_person;
  std::vector<std::string> order;
  for (const Appearance* appearance : Named()) {
    auto& list = by_person[appearance->person_id];
    if (list.empty()) order.push_back(appearance->person_id);
    list.push_back(appearance);
  }
  std::string html = "<section><h2>When</h2>\n";
  for (const std::string& person : order) {
    html += Row(Text(by_person[person].front()->name), by_person[person], "");
  }
  if (const auto strangers = Strangers(); !strangers.empty()) {
    html += Row("Strangers", strangers, "stranger");
  }
  html += "<div class=\"row\"><span class=\"who\"></span><div class=\"axis\">";
  for (int quarter = 0; quarter <= 4; ++quarter) {
    html += format("<span>{}</span>", Position(Duration() * quarter / 4));
  }
  html +=
      "</div></div>\n<p class=\"key\"><i class=\"match\"></i> match <i class=\"possible\"></i> "
      "possible match <i class=\"stranger\"></i> stranger</p></section>\n";
  return html;
}

std::string WatchReport::Cards() const {
  const auto named = Named();
  if (named.empty()) {
    return "<section><h2>Appearances</h2><p>Nobody who is enrolled was recognised.</p></section>\n";
  }
  std::string html = "<section><h2>Appearances</h2>\n<div class=\"cards\">\n";
  for (const Appearance* appearance : named) {
    const bool match = appearance->outcome == Outcome::kMatch;
    const std::string name = Text(appearance->name);
    html += "<article>";
    html += appearance->picture.empty()
                ? "<div class=\"none\">no picture kept</div>"
                : format(
                      "<img alt=\"The best look at {}\" width=\"120\" height=\"120\" "
                      "src=\"data:image/jpeg;base64,{}\">",
                      name, appearance->picture);
    html += format(
        "<div><h3>{}</h3><p class=\"{}\">{}</p><p>{} to {}</p>"
        "<div class=\"bar\"><i class=\"{}\" style=\"width:{:.1f}%\"></i>"
        "<u style=\"left:{:.1f}%\"></u></div>"
        "<p class=\"score\"><b>{:.3f}</b>, needed {:.3f}</p>"
        "<p class=\"odds\">A stranger scores this high {}.</p></div></article>\n",
        name, match ? "match" : "possible", match ? "&#9650; Match" : "&#9651; Possible match",
        Position(appearance->from), Position(appearance->to), match ? "match" : "possible",
        Percent(appearance->similarity, 1), Percent(appearance->threshold, 1),
        appearance->similarity, appearance->threshold, alerts::OddsText(appearance->stranger_odds));
  }
  return html + "</div></section>\n";
}

std::string WatchReport::Html(const WatchReportFacts& facts) const {
  // "2026-11-22 21:28 UTC"
  std::string written = FormatTime(facts.written_at).substr(0, 16) + " UTC";
  written[10] = ' ';
  const std::string source = alerts::EscapeHtml(alerts::OneLine(facts.source, 300));
  std::string html(kReportHead);
  html += format("<title>Who appeared in {}</title>\n</head>\n<body>\n<main>\n", source);
  html += format(
      "<h1>Who appeared in {}</h1>\n<p class=\"note\">Watched until {}, written {}. {}</p>\n",
      source, Position(end_), written, alerts::EscapeHtml(facts.models));
  html += Summary(facts);
  if (!appearances_.empty()) html += Timeline();
  html += Cards();
  html +=
      "<footer>A similarity is no proof: a person looks before anybody acts. This page holds "
      "pictures of faces; treat it as such.</footer>\n</main>\n</body>\n</html>\n";
  return html;
}

}  // namespace vigil::app
