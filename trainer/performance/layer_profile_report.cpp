#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "trainer/performance/layer_profile.h"
#include "trainer/report_figures.h"

namespace petal {
namespace {

using OrderedJson = nlohmann::ordered_json;

// The sum of the layers may be this far from the unprofiled step before the profile says so.
constexpr double agreement = 0.05;

std::string title(const LayerProfile& p) {
  return fmt::format("{} {}, {}x{}, batch {}, {}", p.what.name, to_string(p.what.work), p.what.image_size,
                     p.what.image_size, p.what.batch, to_string(p.what.precision));
}

std::string lanes_text(const LayerProfile& p) {
  if (p.lanes == 1) return fmt::format("one network on {} threads", p.what.threads);
  return fmt::format("{} networks side by side, {} photos at a time each", p.lanes, p.micro_batch);
}

std::string totals(const LayerProfile& p) {
  double operations = 0;
  for (const LayerTiming& layer : p.layers) operations += layer.operations;
  const double rate = operations / (p.step_milliseconds / 1e3);
  std::string text = fmt::format("step {:.2f} ms: {:.1f} photos/s, {:.1f} GFLOP/s", p.step_milliseconds,
                                 static_cast<double>(p.what.batch) / p.step_milliseconds * 1e3, rate / 1e9);
  if (p.limit.operations_per_second > 0)
    text += fmt::format(", {:.1f} % of the limit of {:.0f} GFLOP/s in {} ({:.1f} GB/s)",
                        100 * rate / p.limit.operations_per_second, p.limit.operations_per_second / 1e9,
                        to_string(p.limit_measured_in), p.limit.bytes_per_second / 1e9);
  text += fmt::format("\ninput {:.2f} ms", p.input_milliseconds);
  text += fmt::format("; the layers and the input sum up to {:.2f} ms, {:+.1f} % from the step",
                      p.profiled_milliseconds, 100 * p.disagreement());
  if (std::abs(p.disagreement()) > agreement) text += ": they do not agree; profile again on a quiet machine";
  return text;
}

std::string column(const std::string& text, std::size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 1) + "~";
}

OrderedJson json_of(const LayerTiming& t) {
  return {{"name", t.name},
          {"kind", t.kind},
          {"phase", t.phase},
          {"block", t.block},
          {"src", t.src},
          {"dst", t.dst},
          {"layout", "NHWC"},
          {"precision", t.precision},
          {"implementation", t.implementation},
          {"milliseconds", t.milliseconds},
          {"share", t.share},
          {"operations", t.operations},
          {"bytes", t.bytes},
          {"gflops", t.gflops},
          {"gigabytes_per_second", t.gigabytes},
          {"share_of_limit", t.share_of_limit}};
}

constexpr std::string_view style = R"(
body{font:15px/1.5 system-ui,sans-serif;color:#2b2730;background:#faf8fb;margin:0 auto;max-width:1300px;padding:24px}
h1{font-size:26px;margin:0}h2{font-size:18px;margin:36px 0 10px}p.sub{color:#776f80;margin:2px 0 22px;white-space:pre-line}
svg,table{background:#fff;border:1px solid #e8e2ee;border-radius:10px}svg{width:100%}table{border-collapse:collapse;width:100%}
.wide{overflow-x:auto}th,td{padding:4px 7px;text-align:right;font-variant-numeric:tabular-nums;font-size:13px;white-space:nowrap}
th{font-weight:600}th:first-child,td:first-child,.left{text-align:left}.bar i{display:block;height:9px;background:#8a6fb3;border-radius:4px}
text{font:12px system-ui,sans-serif;fill:#2b2730}
)";

// A colour a kind of layer, the same wherever it stands.
std::string colour(const std::string& kind) {
  static const std::vector<std::pair<std::string, std::string>> known = {{"Conv2D", "#8a6fb3"},
                                                                         {"DepthwiseConv2D", "#4f9d8f"},
                                                                         {"Dense", "#c97b4a"},
                                                                         {"Add", "#b8a13c"},
                                                                         {"BatchNormalization", "#5b7fbf"},
                                                                         {"MaxPooling2D", "#a35d7c"},
                                                                         {"AveragePooling2D", "#a35d7c"},
                                                                         {"update", "#6d6d6d"}};
  const auto found = std::ranges::find(known, kind, &std::pair<std::string, std::string>::first);
  return found == known.end() ? "#b9aecb" : found->second;
}

// A bar a block, each made of its layers' times in the colours of their kinds.
std::string blocks_svg(const LayerProfile& p) {
  const std::vector<LayerTiming> rows = grouped(p, ProfileRows::block);
  constexpr int row = 22, left = 250, width = 640;
  double largest = 0;
  for (const LayerTiming& block : rows) largest = std::max(largest, block.milliseconds);
  std::string svg = fmt::format("<svg viewBox='0 0 {} {}' role='img' aria-label='time by block'>",
                                left + width + 120, rows.size() * row + 16);
  int y = 8;
  for (const LayerTiming& block : rows) {
    const std::string label = block.phase == "forward" ? block.name : block.name + ", " + block.phase;
    svg += fmt::format("<text x='{}' y='{}' text-anchor='end'>{}</text>", left - 8, y + 13, html_text(label));
    double x = left;
    for (const LayerTiming& layer : p.layers) {
      if (layer.block != block.name || layer.phase != block.phase) continue;
      const double length = width * layer.milliseconds / largest;
      svg += fmt::format(
          "<rect x='{:.1f}' y='{}' width='{:.2f}' height='15' fill='{}'><title>{} ({}): {:.3f} "
          "ms</title></rect>",
          x, y, length, colour(layer.kind), html_text(layer.name), html_text(layer.kind), layer.milliseconds);
      x += length;
    }
    svg += fmt::format("<text x='{:.1f}' y='{}'>{:.2f} ms, {:.1f} %</text>", x + 6, y + 13,
                       block.milliseconds, 100 * block.share);
    y += row;
  }
  return svg + "</svg>";
}

std::string layer_table(const LayerProfile& p) {
  double largest = 0;
  for (const LayerTiming& layer : p.layers) largest = std::max(largest, layer.milliseconds);
  std::string html =
      "<div class='wide'><table><tr><th>layer</th><th class='left'>kind</th><th class='left'>phase</th>"
      "<th class='left'>dst</th><th class='left'>precision</th><th "
      "class='left'>implementation</th><th>ms</th><th></th><th>share</th>"
      "<th>GFLOP/s</th><th>GB/s</th><th>of limit</th></tr>";
  for (const LayerTiming& t : p.layers) {
    html += fmt::format(
        "<tr><td>{}</td><td class='left'>{}</td><td class='left'>{}</td><td class='left'>{}</td><td "
        "class='left'>{}</td><td "
        "class='left'>{}</td>"
        "<td>{:.3f}</td><td class='bar' style='width:90px'><i style='width:{:.1f}%'></i></td><td>{:.1f} "
        "%</td>"
        "<td>{:.1f}</td><td>{:.1f}</td><td>{:.0f} %</td></tr>",
        html_text(t.name), html_text(t.kind), t.phase, t.dst, t.precision, html_text(t.implementation),
        t.milliseconds, 100 * t.milliseconds / largest, 100 * t.share, t.gflops, t.gigabytes,
        100 * t.share_of_limit);
  }
  return html + "</table></div>";
}

}  // namespace

std::string to_text(const LayerProfile& p, ProfileRows by, bool by_time, std::size_t most) {
  std::vector<LayerTiming> rows = grouped(p, by);
  if (by_time) std::ranges::stable_sort(rows, std::greater{}, &LayerTiming::milliseconds);
  if (most > 0 && rows.size() > most) rows.resize(most);
  std::string text = fmt::format("{}: {}\n{}\n\n", title(p), lanes_text(p), p.machine);
  text += fmt::format("{:28} {:18} {:16} {:20} {:4} {:26} {:>9} {:>6} {:>8} {:>7} {:>6}\n",
                      by == ProfileRows::layer   ? "layer"
                      : by == ProfileRows::block ? "block"
                                                 : "kind",
                      "kind", "phase", "dst", "prec", "implementation", "ms", "share", "GFLOP/s", "GB/s",
                      "limit");
  for (const LayerTiming& t : rows) {
    text += fmt::format("{:28} {:18} {:16} {:20} {:4} {:26} {:9.3f} {:5.1f}% {:8.1f} {:7.1f} {:5.0f}%\n",
                        column(t.name, 28), column(t.kind, 18), t.phase, column(t.dst, 20), t.precision,
                        column(t.implementation, 26), t.milliseconds, 100 * t.share, t.gflops, t.gigabytes,
                        100 * t.share_of_limit);
  }
  return text + "\n" + totals(p) + "\n";
}

std::string to_json(const LayerProfile& p) {
  OrderedJson layers = OrderedJson::array();
  for (const LayerTiming& layer : p.layers) layers.push_back(json_of(layer));
  return OrderedJson{{"model", p.what.name},
                     {"mode", to_string(p.what.work)},
                     {"batch", p.what.batch},
                     {"image_size", p.what.image_size},
                     {"precision", to_string(p.what.precision)},
                     {"threads", p.what.threads},
                     {"lanes", p.lanes},
                     {"micro_batch", p.micro_batch},
                     {"machine",
                      {{"name", p.machine},
                       {"limit_measured_in", to_string(p.limit_measured_in)},
                       {"operations_per_second", p.limit.operations_per_second},
                       {"bytes_per_second", p.limit.bytes_per_second}}},
                     {"step_milliseconds", p.step_milliseconds},
                     {"profiled_milliseconds", p.profiled_milliseconds},
                     {"input_milliseconds", p.input_milliseconds},
                     {"disagreement", p.disagreement()},
                     {"layers", std::move(layers)}}
             .dump(2) +
         "\n";
}

std::string to_trace(const LayerProfile& p) {
  double start = 0;
  for (const ProfileEvent& event : p.events)
    start = &event == p.events.data() ? event.begin : std::min(start, event.begin);
  OrderedJson events = OrderedJson::array();
  for (int lane = 0; lane < p.lanes; ++lane)
    events.push_back({{"name", "thread_name"},
                      {"ph", "M"},
                      {"pid", 1},
                      {"tid", lane},
                      {"args", {{"name", fmt::format("lane {}", lane)}}}});
  for (const ProfileEvent& event : p.events) {
    OrderedJson json = {{"name", "input"},
                        {"cat", "input"},
                        {"ph", "X"},
                        {"ts", (event.begin - start) * 1e6},
                        {"dur", (event.end - event.begin) * 1e6},
                        {"pid", 1},
                        {"tid", event.lane},
                        {"args", OrderedJson::object()}};
    if (event.entry >= 0) {
      const LayerTiming& layer = p.layers[static_cast<std::size_t>(event.entry)];
      json["name"] = layer.name;
      json["cat"] = layer.phase;
      json["args"] = {
          {"kind", layer.kind},     {"block", layer.block},         {"src", layer.src},
          {"dst", layer.dst},       {"precision", layer.precision}, {"implementation", layer.implementation},
          {"GFLOP/s", layer.gflops}};
    }
    events.push_back(std::move(json));
  }
  return OrderedJson{{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}}.dump() + "\n";
}

std::string to_html(const LayerProfile& p) {
  return fmt::format(
      "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' "
      "content='width=device-width'>"
      "<title>{0}</title><style>{1}</style><h1>{0}</h1><p class='sub'>{2}; {3}\n{4}</p><h2>By block</h2>{5}"
      "<h2>Layers, in order</h2>{6}</html>\n",
      html_text(title(p)), style, html_text(p.machine), lanes_text(p), html_text(totals(p)), blocks_svg(p),
      layer_table(p));
}

}  // namespace petal
