#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "trainer/performance/benchmark.h"
#include "trainer/report_figures.h"

namespace petal {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string limit_text(const BenchmarkReport& report) {
  std::string text;
  double bytes = 0;
  for (const PrecisionLimit& one : report.limits) {
    if (one.limit.operations_per_second <= 0) continue;
    text += text.empty() ? "at most " : ", ";
    text += fmt::format("{:.0f} GFLOP/s in {} matrix products", one.limit.operations_per_second / 1e9,
                        to_string(one.measured_in));
    if (one.measured_in != one.precision)
      text += fmt::format(" ({} has no own here)", to_string(one.precision));
    bytes = std::max(bytes, one.limit.bytes_per_second);
  }
  if (text.empty()) return "its limits are not measured";
  return text + fmt::format(", {:.1f} GB/s in copies", bytes / 1e9);
}

OrderedJson limits_json(const BenchmarkReport& report) {
  OrderedJson limits = OrderedJson::array();
  for (const PrecisionLimit& one : report.limits) {
    limits.push_back({{"precision", to_string(one.precision)},
                      {"measured_in", to_string(one.measured_in)},
                      {"operations_per_second", one.limit.operations_per_second},
                      {"bytes_per_second", one.limit.bytes_per_second}});
  }
  return limits;
}

std::string lanes_text(const BenchmarkResult& result) {
  if (result.lanes > 1) return fmt::format("{}x{}", result.lanes, result.micro_batch);
  return fmt::format("{} thr", result.what.threads);
}

OrderedJson json_of(const BenchmarkResult& r, const std::string& device) {
  OrderedJson json = {
      {"model", r.what.name},
      {"mode", to_string(r.what.work)},
      {"device", device},
      {"precision", to_string(r.what.precision)},
      {"batch", r.what.batch},
      {"image_size", r.what.image_size},
      {"threads", r.what.threads},
      {"lanes", r.lanes},
      {"micro_batch", r.micro_batch},
      {"images_per_second", r.photos_per_second()},
      {"latency_ms", {{"p50", r.latency(0.5)}, {"p90", r.latency(0.9)}, {"p99", r.latency(0.99)}}},
      {"spread", r.spread()},
      {"runs", r.milliseconds.size()},
      {"compile_seconds", r.compile_seconds},
      {"peak_memory_bytes", r.peak_memory_bytes},
      {"parameters", r.parameters},
      {"operations", r.operations},
      {"share_of_limit", r.share_of_limit}};
  if (r.accuracy) json["test_accuracy"] = *r.accuracy;
  return json;
}

// A round number at or above `value`: 1, 2 or 5 times a power of ten.
double round_up(double value) {
  double step = 1;
  while (step * 10 <= value) step *= 10;
  while (step > value && step > 1e-9) step /= 10;
  for (const double factor : {1.0, 2.0, 5.0})
    if (step * factor >= value) return step * factor;
  return step * 10;
}

constexpr std::string_view svg_style =
    "<style>text{font:13px system-ui,sans-serif;fill:#2b2730}.axis{fill:#776f80;font-size:11px}"
    ".rule{stroke:#eee8f2}</style>";

std::string bars(const BenchmarkReport& report) {
  constexpr int row = 26, left = 300, width = 420;
  double largest = 0;
  for (const BenchmarkResult& r : report.results) largest = std::max(largest, r.photos_per_second());
  const int height = static_cast<int>(report.results.size()) * row + 20;
  std::string svg = fmt::format("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {} {}'>{}",
                                left + width + 90, height, svg_style);
  int y = 10;
  for (const BenchmarkResult& r : report.results) {
    const std::string label = fmt::format("{} {}, batch {}, {}", r.what.name, to_string(r.what.work),
                                          r.what.batch, to_string(r.what.precision));
    const double length = width * r.photos_per_second() / largest;
    svg += fmt::format(
        "<text x='{}' y='{}' text-anchor='end'>{}</text><rect x='{}' y='{}' width='{:.1f}' height='16' "
        "rx='4' "
        "fill='#8a6fb3'/><text x='{:.1f}' y='{}'>{:.1f}/s</text>",
        left - 10, y + 13, html_text(label), left, y, length, left + length + 6, y + 13,
        r.photos_per_second());
    y += row;
  }
  return svg + "</svg>\n";
}

std::string accuracy_against_speed(const std::string& machine,
                                   const std::vector<const BenchmarkResult*>& results) {
  constexpr int left = 60, top = 50, width = 620, height = 360;
  double fastest = 0, worst = 1;
  for (const BenchmarkResult* r : results) {
    fastest = std::max(fastest, r->photos_per_second());
    worst = std::min(worst, *r->accuracy);
  }
  const double right = round_up(fastest), bottom = std::max(0.0, std::floor(worst * 20 - 0.5) / 20);
  std::string svg = fmt::format("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {} {}'>{}",
                                left + width + 160, top + height + 50, svg_style);
  svg += fmt::format("<text x='{}' y='20'>Accuracy on the test photos, by speed on {}</text>", left,
                     html_text(machine));
  for (int i = 0; i <= 5; ++i) {
    const double share = i / 5.0, x = left + width * share, y = top + height * (1 - share);
    svg += fmt::format(
        "<line class='rule' x1='{0}' x2='{1}' y1='{2:.1f}' y2='{2:.1f}'/><text class='axis' x='{3}' "
        "y='{4:.1f}' "
        "text-anchor='end'>{5:.1f} %</text>",
        left, left + width, y, left - 6, y + 4, 100 * (bottom + (1 - bottom) * share));
    svg += fmt::format("<text class='axis' x='{:.1f}' y='{}' text-anchor='middle'>{:g}</text>", x,
                       top + height + 18, right * share);
  }
  svg += fmt::format("<text x='{}' y='{}' text-anchor='middle'>photos a second</text>", left + width / 2,
                     top + height + 40);
  for (const BenchmarkResult* r : results) {
    const double x = left + width * r->photos_per_second() / right,
                 y = top + height * (1 - (*r->accuracy - bottom) / (1 - bottom));
    svg += fmt::format(
        "<circle cx='{:.1f}' cy='{:.1f}' r='6' fill='#8a6fb3'/><text x='{:.1f}' y='{:.1f}'>{}</text>", x, y,
        x + 10, y + 4, html_text(r->what.name));
  }
  return svg + "</svg>\n";
}

}  // namespace

std::string to_text(const BenchmarkReport& report) {
  std::size_t width = 5;
  for (const BenchmarkResult& r : report.results) width = std::max(width, r.what.name.size());
  std::string text = fmt::format("{}: {}\n\n", report.machine, limit_text(report));
  text += fmt::format(
      "{:{}}  {:12} {:>4} {:>5} {:>5} {:>6} {:>9} {:>6} {:>8} {:>8} {:>8} {:>7} {:>8} {:>6} {:>7} {:>8}\n",
      "model", width, "mode", "size", "batch", "prec", "cores", "photos/s", "spread", "p50 ms", "p90 ms",
      "p99 ms", "GFLOP", "params", "limit", "memory", "compile");
  for (const BenchmarkResult& r : report.results) {
    text += fmt::format(
        "{:{}}  {:12} {:>4} {:>5} {:>5} {:>6} {:>9.1f} {:>5.1f}% {:>8.2f} {:>8.2f} {:>8.2f} {:>7.2f} "
        "{:>7.2f}M {:>5.1f}% "
        "{:>4} MB {:>6.0f}ms\n",
        r.what.name, width, to_string(r.what.work), r.what.image_size, r.what.batch,
        to_string(r.what.precision), lanes_text(r), r.photos_per_second(), 100 * r.spread(), r.latency(0.5),
        r.latency(0.9), r.latency(0.99), static_cast<double>(r.operations) / 1e9,
        static_cast<double>(r.parameters) / 1e6, 100 * r.share_of_limit, r.peak_memory_bytes >> 20,
        r.compile_seconds * 1e3);
  }
  return text;
}

std::string to_json(const BenchmarkReport& report) {
  OrderedJson results = OrderedJson::array();
  for (const BenchmarkResult& r : report.results) results.push_back(json_of(r, report.device));
  return OrderedJson{{"machine", {{"name", report.machine}, {"limits", limits_json(report)}}},
                     {"results", std::move(results)}}
             .dump(2) +
         "\n";
}

std::string to_csv(const BenchmarkReport& report) {
  std::string csv =
      "model,mode,device,precision,batch,image_size,threads,lanes,micro_batch,images_per_second,p50_ms,p90_"
      "ms,p99_ms,"
      "spread,compile_seconds,peak_memory_bytes,parameters,operations,share_of_limit,test_accuracy\n";
  for (const BenchmarkResult& r : report.results) {
    std::string name = "\"";
    for (const char c : r.what.name) name += c == '"' ? std::string("\"\"") : std::string(1, c);
    csv += fmt::format(
        "{}\",{},{},{},{},{},{},{},{},{:.3f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{},{},{},{:.5f},{}\n", name,
        to_string(r.what.work), report.device, to_string(r.what.precision), r.what.batch, r.what.image_size,
        r.what.threads, r.lanes, r.micro_batch, r.photos_per_second(), r.latency(0.5), r.latency(0.9),
        r.latency(0.99), r.spread(), r.compile_seconds, r.peak_memory_bytes, r.parameters, r.operations,
        r.share_of_limit, r.accuracy ? fmt::format("{:.4f}", *r.accuracy) : "");
  }
  return csv;
}

std::string to_svg(const BenchmarkReport& report) {
  std::vector<const BenchmarkResult*> judged;
  for (const BenchmarkResult& r : report.results)
    if (r.accuracy) judged.push_back(&r);
  return judged.empty() ? bars(report) : accuracy_against_speed(report.machine, judged);
}

}  // namespace petal
