#include "widgets.h"

#include <algorithm>
#include <cmath>

#include "numbers.h"

namespace clientele::page {

Html table(const std::string& caption, const std::vector<Heading>& headings, const Html& rows,
           const std::string& css_class) {
  Html head;
  for (const Heading& h : headings)
    head << element("th", {{"scope", "col"}, {"class", h.numeric ? "n" : ""}, {"title", h.help}}, text(h.title));
  const Html whole = element("caption", text(caption)) + element("thead", element("tr", head)) + element("tbody", rows);
  return element("div", {{"class", "scroll"}}, element("table", {{"class", css_class}}, whole));
}

Html cell(const Html& body) {
  return element("td", body);
}

Html cell(const std::string& data) {
  return element("td", text(data));
}

Html number_cell(const std::string& data) {
  return element("td", {{"class", "n"}}, text(data));
}

Html row_heading(const Html& body) {
  return element("th", {{"scope", "row"}}, body);
}

Html bar(double fraction) {
  const double width = std::isfinite(fraction) ? 100 * std::clamp(fraction, 0.0, 1.0) : 0;
  return element(
      "svg", {{"class", "bar"}, {"viewBox", "0 0 100 10"}, {"preserveAspectRatio", "none"}, {"aria-hidden", "true"}},
      leaf("rect", {{"class", "track"}, {"x", "0"}, {"y", "0"}, {"width", "100"}, {"height", "10"}}) +
          leaf("rect", {{"class", "fill"}, {"x", "0"}, {"y", "0"}, {"width", coordinate(width)}, {"height", "10"}}));
}

Html tile(const std::string& figure, const std::string& label, const std::string& note_text) {
  Html body = element("div", {{"class", "figure"}}, text(figure)) + element("div", {{"class", "label"}}, text(label));
  if (!note_text.empty()) body << element("div", {{"class", "note"}}, text(note_text));
  return element("div", {{"class", "tile"}}, body);
}

Html note(const std::string& sentence) {
  return element("p", {{"class", "note"}}, text(sentence));
}

Html details(const std::string& summary, const Html& body, bool open) {
  return element("details", {{"open", open ? "open" : ""}}, element("summary", text(summary)) + body);
}

Html definitions(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Html list;
  for (const auto& [term, description] : pairs)
    if (!description.empty()) list << element("div", element("dt", text(term)) + element("dd", text(description)));
  return element("dl", list);
}

}  // namespace clientele::page
