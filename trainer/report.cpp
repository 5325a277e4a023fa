#include "trainer/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/image/image.h"
#include "trainer/report_figures.h"

namespace petal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_mistakes = 24;
constexpr std::int64_t thumbnail_height = 150;

constexpr std::string_view style = R"(
body{font:15px/1.5 system-ui,sans-serif;color:#2b2730;background:#faf8fb;margin:0 auto;max-width:1000px;padding:24px}
h1{font-size:26px;margin:0}h2{font-size:18px;margin:36px 0 10px}p.sub{color:#776f80;margin:2px 0 22px}
.facts{display:flex;flex-wrap:wrap;gap:12px}.fact{background:#fff;border:1px solid #e8e2ee;border-radius:10px;padding:12px 18px}
.fact b{display:block;font-size:22px}.fact span{color:#776f80;font-size:13px}.pair{display:flex;flex-wrap:wrap;gap:20px}
.pair>div{flex:1 1 420px}svg{width:100%;background:#fff;border:1px solid #e8e2ee;border-radius:10px}
.rule{stroke:#eee8f2}.best{stroke:#b9aecb;stroke-dasharray:4 4}.axis{font-size:11px;fill:#776f80;text-anchor:end}
.legend{font-size:12px}table{border-collapse:collapse;background:#fff;border:1px solid #e8e2ee;max-width:100%}
.wide{overflow-x:auto}th,td{padding:5px 12px;text-align:right;font-variant-numeric:tabular-nums}th{font-weight:600;text-align:left}
.matrix td{text-align:center;min-width:40px}.bar{width:140px}.bar i{display:block;height:9px;background:#8a6fb3;border-radius:4px}
.photos{display:flex;flex-wrap:wrap;gap:14px}figure{margin:0;background:#fff;border:1px solid #e8e2ee;border-radius:10px;
overflow:hidden;width:224px}figure img{display:block;height:150px;width:224px;object-fit:cover}
figcaption{font-size:12px;padding:7px 10px;overflow-wrap:anywhere}figcaption span{color:#776f80}
pre{background:#fff;border:1px solid #e8e2ee;border-radius:10px;padding:12px;overflow-x:auto;font-size:12px}
)";

std::string fact(const std::string& value, std::string_view what) {
  return fmt::format("<div class='fact'><b>{}</b><span>{}</span></div>", value, what);
}

std::string facts_html(const RunContents& run) {
  const MetricsDocument& m = run.metrics;
  const Evaluation& e = m.evaluation;
  std::string html = "<div class='facts'>";
  html += fact(fmt::format("{:.1f} %", e.accuracy * 100),
               fmt::format("accuracy on {} {} photos", e.samples, html_text(m.evaluated_on)));
  html += fact(fmt::format("{:.1f} %", e.macro_accuracy * 100), "mean over the classes");
  html += fact(fmt::format("{:.3f}", e.log_loss),
               fmt::format("log loss, reduced by {:.2f}", e.log_loss_reduction));
  html += fact(fmt::format("{:.1f} s", m.seconds.total),
               fmt::format("features {:.1f} s, training {:.1f} s", m.seconds.features, m.seconds.train));
  html += fact(fmt::format("{} MB", m.peak_memory_bytes >> 20), "memory at most");
  return html + "</div>";
}

// The wrong answers, the surest first.
std::vector<const PhotoPrediction*> mistakes(const RunContents& run) {
  std::vector<const PhotoPrediction*> wrong;
  for (const PhotoPrediction& prediction : run.predictions) {
    const auto truth = static_cast<std::size_t>(prediction.photo.label);
    if (prediction.photo.label < 0 || prediction.top.empty()) continue;
    if (prediction.top[0].label != run.model.labels.at(truth)) wrong.push_back(&prediction);
  }
  std::ranges::stable_sort(wrong, std::ranges::greater{},
                           [](const auto* p) { return p->top[0].probability; });
  if (wrong.size() > most_mistakes) wrong.resize(most_mistakes);
  return wrong;
}

// Writes a small copy of the photo; false where the photo is not to be had any more.
bool write_thumbnail(const fs::path& file, const Photo& photo, const DecodeOptions& decode) {
  try {
    const Image image = read_image(photo.path, decode);
    Image small{.height = thumbnail_height, .width = 0, .pixels = {}, .warning = {}};
    small.width = std::max<std::int64_t>(1, image.width * thumbnail_height / image.height);
    std::vector<float> pixels(static_cast<std::size_t>(small.height * small.width * 3));
    resize_bilinear(image, small.height, small.width, pixels.data());
    for (float pixel : pixels) small.pixels.push_back(static_cast<std::uint8_t>(std::lround(pixel)));
    write_jpeg(file, small, 85);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string mistakes_html(const fs::path& folder, const RunContents& run) {
  const auto wrong = mistakes(run);
  if (wrong.empty()) return "<p>None.</p>";
  fs::create_directories(folder / "report_photos");
  const DecodeOptions decode{.apply_exif_orientation = run.model.apply_exif_orientation};
  std::string html = "<div class='photos'>";
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const PhotoPrediction& prediction = *wrong[i];
    const std::string name = fmt::format("report_photos/{:02}.jpg", i + 1);
    const std::string picture = write_thumbnail(folder / name, prediction.photo, decode)
                                    ? fmt::format("<img src='{}' alt=''>", name)
                                    : "";
    html += fmt::format(
        "<figure>{}<figcaption><b>{}</b> {:.0f} %, is {}<br><span>{}</span></figcaption></figure>", picture,
        html_text(prediction.top[0].label), prediction.top[0].probability * 100,
        html_text(run.model.labels.at(static_cast<std::size_t>(prediction.photo.label))),
        html_text(prediction.photo.name));
  }
  return html + "</div>";
}

std::string skipped_html(const RunContents& run) {
  if (run.skipped.empty()) return "";
  std::string html =
      fmt::format("<h2>Left out: {} photos that could not be decoded</h2><ul>", run.skipped.size());
  for (const PhotoMessage& photo : run.skipped) html += "<li>" + html_text(photo.message) + "</li>";
  return html + "</ul>";
}

std::string page(const fs::path& folder, const RunContents& run) {
  const std::string title =
      html_text(run.model.architecture) + " on " + html_text(run.dataset.folder.root.string());
  std::string html = fmt::format(
      "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' "
      "content='width=device-width'>"
      "<title>{0}</title><style>{1}</style><h1>{0}</h1><p class='sub'>{2} photos to train on, {3} to "
      "validate, {4} to test"
      "</p>",
      title, style, run.dataset.count(Subset::train), run.dataset.count(Subset::validation),
      run.dataset.count(Subset::test));
  html += facts_html(run);
  html += "<h2>Training</h2><div class='pair'><div>" + curve_svg(run.history, Curve::accuracy) +
          "</div><div>" + curve_svg(run.history, Curve::loss) + "</div></div>";
  html += "<h2>Confusion matrix</h2><div class='wide'>" + confusion_html(run.metrics.evaluation) + "</div>";
  html += "<h2>Classes</h2><div class='wide'>" + class_html(run.metrics.evaluation) + "</div>";
  html += "<h2>Surest mistakes</h2>" + mistakes_html(folder, run);
  html += skipped_html(run);
  if (run.metrics.precision.error)
    html += "<h2>Precision</h2><p>" + html_text(to_text(run.metrics.precision)) + "</p>";
  html += "<h2>Options</h2><pre>" + html_text(run.options_json) + "</pre></html>\n";
  return html;
}

}  // namespace

void write_report(const fs::path& file, const RunContents& run) {
  write_atomically(file, page(file.parent_path(), run));
}

}  // namespace petal
