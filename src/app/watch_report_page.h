// The fixed part of the report's page: its head, with the colours of the dashboard.
#pragma once

#include <string_view>

namespace vigil::app {

// Up to the title. The policy forbids scripts and anything from elsewhere, whatever a name holds.
inline constexpr std::string_view kReportHead = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
:root { color-scheme: dark light; --ground: #101418; --surface: #181d23; --raised: #222932;
  --text: #e6eaee; --muted: #a3adb8; --edge: #66727f; --match: #ff8a80; --possible: #ffc266; }
@media (prefers-color-scheme: light) {
  :root { --ground: #ffffff; --surface: #f4f6f8; --raised: #e9edf1; --text: #15191e;
    --muted: #4d5762; --edge: #78838f; --match: #b3261e; --possible: #7a4b00; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 14px/20px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px; }
h1 { font-size: 24px; line-height: 32px; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 12px; }
h3 { font-size: 16px; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; }
.note, footer, .odds, .key { color: var(--muted); }
section { background: var(--surface); border-radius: 8px; padding: 16px; margin-top: 24px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 16px;
  margin-top: 24px; }
.tile { background: var(--surface); border-radius: 8px; padding: 16px; }
.tile b { display: block; font-size: 28px; line-height: 36px; }
.tile span { color: var(--muted); }
.row { display: flex; align-items: center; gap: 12px; margin-bottom: 8px; }
.who { flex: 0 0 140px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.lane { position: relative; flex: 1; height: 20px; background: var(--raised); border-radius: 4px;
  overflow: hidden; }
.lane i { position: absolute; top: 3px; bottom: 3px; border-radius: 3px; }
.axis { flex: 1; display: flex; justify-content: space-between; color: var(--muted);
  font-size: 12px; }
.key { font-size: 12px; margin-top: 4px; }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
  vertical-align: -1px; margin-left: 12px; }
.key i:first-child { margin-left: 0; }
i.match, .bar i.match { background: var(--match); }
i.possible, .bar i.possible { background: var(--possible); }
i.stranger { background: var(--edge); }
p.match { color: var(--match); }
p.possible { color: var(--possible); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); gap: 16px; }
article { display: flex; gap: 16px; background: var(--raised); border-radius: 8px; padding: 12px; }
article > div:last-child { flex: 1; min-width: 0; }
article img, .none { flex: 0 0 120px; width: 120px; height: 120px; border-radius: 4px; }
.none { display: grid; place-items: center; background: var(--surface); color: var(--muted); }
.bar { position: relative; height: 8px; margin: 8px 0 4px; background: var(--ground);
  border-radius: 4px; }
.bar i { position: absolute; left: 0; top: 0; bottom: 0; border-radius: 4px; }
.bar u { position: absolute; top: -4px; bottom: -4px; width: 2px; background: var(--text); }
footer { margin-top: 24px; font-size: 12px; }
</style>
)html";

}  // namespace vigil::app
