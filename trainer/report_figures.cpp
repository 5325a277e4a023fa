#include "trainer/report_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace petal {
namespace {

// A picture's plot area, in its own units.
constexpr double left = 46, top = 14, width = 400, height = 190;

struct Series {
  std::string name, colour;
  std::vector<std::pair<int, double>> points;  // epoch, value
};

struct ValueRange {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
};

std::vector<Series> series_of(const History& history, Curve curve) {
  std::vector<Series> all = {{"training", "#8a6fb3", {}}, {"validation", "#d2527f", {}}};
  for (const EpochRecord& epoch : history.epochs) {
    const bool loss = curve == Curve::loss;
    all[0].points.emplace_back(epoch.epoch, loss ? epoch.loss : epoch.accuracy);
    const auto& validation = loss ? epoch.val_loss : epoch.val_accuracy;
    if (validation) all[1].points.emplace_back(epoch.epoch, *validation);
  }
  return all;
}

ValueRange range_of(const std::vector<Series>& all, Curve curve) {
  ValueRange range;
  for (const Series& series : all) {
    for (const auto& [epoch, value] : series.points) {
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  if (curve == Curve::loss) range.low = 0;
  if (curve == Curve::accuracy) range.high = 1;
  if (range.high - range.low < 1e-9) range.low = range.high - 0.1;
  return range;
}

std::string horizontal_rules(const ValueRange& range) {
  std::string svg;
  for (int i = 0; i <= 4; ++i) {
    const double y = top + height * (1 - i / 4.0);
    svg += fmt::format(
        "<line x1='{}' x2='{}' y1='{:.1f}' y2='{:.1f}' class='rule'/><text x='{}' y='{:.1f}' "
        "class='axis'>{:.2f}</text>",
        left, left + width, y, y, left - 8, y + 4, range.low + (range.high - range.low) * i / 4.0);
  }
  return svg;
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string curve_svg(const History& history, Curve curve) {
  if (history.epochs.empty()) return "";
  const std::vector<Series> all = series_of(history, curve);
  const ValueRange range = range_of(all, curve);
  const int epochs = std::max(history.epochs.back().epoch, 2);
  const auto x = [&](int epoch) { return left + width * (epoch - 1) / (epochs - 1); };
  const auto y = [&](double value) {
    return top + height * (1 - (value - range.low) / (range.high - range.low));
  };
  std::string svg =
      fmt::format("<svg viewBox='0 0 {} {}' role='img' aria-label='{} by epoch'>", left + width + 12,
                  top + height + 44, curve == Curve::loss ? "loss" : "accuracy");
  svg += horizontal_rules(range);
  if (history.weights_epoch > 0) {
    svg += fmt::format("<line x1='{0:.1f}' x2='{0:.1f}' y1='{1}' y2='{2}' class='best'/>",
                       x(history.weights_epoch), top, top + height);
  }
  double legend = left;
  for (const Series& series : all) {
    if (series.points.empty()) continue;
    std::string points;
    for (const auto& [epoch, value] : series.points)
      points += fmt::format("{:.1f},{:.1f} ", x(epoch), y(value));
    svg += fmt::format("<polyline points='{}' fill='none' stroke='{}' stroke-width='2'/>", points,
                       series.colour);
    svg += fmt::format("<circle cx='{0:.1f}' cy='{1:.1f}' r='3' fill='{2}'/>", x(series.points.back().first),
                       y(series.points.back().second), series.colour);
    svg += fmt::format("<text x='{}' y='{}' fill='{}' class='legend'>{}</text>", legend, top + height + 38,
                       series.colour, series.name);
    legend += 90;
  }
  svg += fmt::format("<text x='{}' y='{}' class='axis'>epoch {}</text></svg>", left + width,
                     top + height + 18, history.epochs.back().epoch);
  return svg;
}

std::string confusion_html(const Evaluation& evaluation) {
  std::string html = "<table class='matrix'><tr><th>truth \\ predicted</th>";
  for (const ClassMetrics& c : evaluation.per_class) html += fmt::format("<th>{}</th>", html_text(c.label));
  html += "</tr>";
  for (std::size_t truth = 0; truth < evaluation.confusion_matrix.size(); ++truth) {
    const auto& row = evaluation.confusion_matrix[truth];
    const double sum =
        std::max(1.0, static_cast<double>(std::accumulate(row.begin(), row.end(), std::int64_t{0})));
    html += fmt::format("<tr><th>{}</th>", html_text(evaluation.per_class[truth].label));
    for (std::size_t predicted = 0; predicted < row.size(); ++predicted) {
      const double share = static_cast<double>(row[predicted]) / sum;
      // Right answers in green, wrong ones in red; the shade is the share of the row.
      const char* colour = predicted == truth ? "60,145,90" : "200,60,70";
      html +=
          fmt::format("<td style='background:rgba({},{:.2f})'>{}</td>", colour, share * 0.75, row[predicted]);
    }
    html += "</tr>";
  }
  return html + "</table>";
}

std::string class_html(const Evaluation& evaluation) {
  std::string html =
      "<table><tr><th>class</th><th>precision</th><th>recall</th><th>F1</th><th></th><th>log "
      "loss</th><th>photos</th></tr>";
  for (const ClassMetrics& c : evaluation.per_class) {
    html += fmt::format(
        "<tr><th>{}</th><td>{:.3f}</td><td>{:.3f}</td><td>{:.3f}</td><td class='bar'><i "
        "style='width:{:.0f}%'></i></td>"
        "<td>{:.3f}</td><td>{}</td></tr>",
        html_text(c.label), c.precision, c.recall, c.f1, c.f1 * 100, c.log_loss, c.support);
  }
  return html + "</table>";
}

}  // namespace petal
