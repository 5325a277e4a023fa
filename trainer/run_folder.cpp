#include "trainer/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/model_file.h"
#include "trainer/tensorboard.h"

namespace petal {
namespace {

namespace fs = std::filesystem;

// A field of a CSV file, quoted where RFC 4180 asks for it.
std::string csv_field(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

// Without a slash at its end, which would make "OUT/.part" of the folder beside it.
fs::path named_folder(const fs::path& out) {
  fs::path folder = out.lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (folder.empty() || folder == "." || folder.filename() == ".." || !folder.has_filename()) {
    throw Error("--out", "'" + out.string() + "' is no name for a new folder");
  }
  return folder;
}

fs::path beside(const fs::path& folder, const char* suffix) {
  fs::path path = folder;
  return path += suffix;
}

[[noreturn]] void fail(const fs::path& path, const std::string& what, const std::error_code& error) {
  throw Error(path.string(), what + ": " + error.message(), ErrorKind::failure);
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail(path, "cannot be removed", error);
}

// The folder beside OUT, removed unless it has become OUT.
class PartFolder {
 public:
  explicit PartFolder(const fs::path& out) : path_(beside(out, ".part")) {
    remove_tree(path_);  // what an earlier failure left
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) fail(path_, "cannot be made", error);
  }
  ~PartFolder() {
    std::error_code ignored;
    if (!renamed_) fs::remove_all(path_, ignored);
  }
  PartFolder(const PartFolder&) = delete;
  PartFolder& operator=(const PartFolder&) = delete;

  const fs::path& path() const { return path_; }

  // An earlier run steps aside first and comes back if the new one cannot take its place.
  void rename_to(const fs::path& out) {
    const fs::path old = beside(out, ".old");
    std::error_code error;
    const bool earlier = fs::exists(out, error);
    if (earlier) {
      remove_tree(old);
      fs::rename(out, old, error);
      if (error) fail(out, "cannot be moved aside", error);
    }
    fs::rename(path_, out, error);
    if (error) {
      std::error_code ignored;
      if (earlier) fs::rename(old, out, ignored);
      fail(out, "cannot be given to the finished run", error);
    }
    renamed_ = true;
    if (earlier) fs::remove_all(old, error);  // the run is safe; what stays of the old one is called .old
  }

 private:
  fs::path path_;
  bool renamed_ = false;
};

std::string lines(std::span<const std::string> labels) {
  std::string text;
  for (const std::string& label : labels) text += label + "\n";
  return text;
}

std::string skipped_csv(std::span<const PhotoMessage> skipped) {
  std::string text = "path,reason\n";
  for (const PhotoMessage& photo : skipped)
    text += csv_field(photo.photo) + "," + csv_field(photo.message) + "\n";
  return text;
}

void write_files(const fs::path& folder, const RunContents& run) {
  save_model(folder / "model.h5", run.model);
  write_atomically(folder / "labels.txt", lines(run.model.labels));
  write_atomically(folder / "options.json", run.options_json);
  write_atomically(folder / "history.csv", to_csv(run.history));
  write_tensorboard(folder, run.history);
  write_split(folder / "split.csv", run.dataset.folder, run.dataset.split);
  write_atomically(folder / "predictions.csv", predictions_csv(run.predictions, run.model.labels));
  if (!run.skipped.empty()) write_atomically(folder / "skipped.csv", skipped_csv(run.skipped));
  write_atomically(folder / "metrics.json", to_json(run.metrics));
  if (run.write_report) run.write_report(folder / "report.html", run);
}

}  // namespace

void require_free_run_folder(const fs::path& out, bool force) {
  const fs::path folder = named_folder(out);
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) return;
  if (!fs::is_directory(status)) throw Error("--out", folder.string() + " is there and is no folder");
  const bool empty = fs::is_empty(folder, error);
  if (error) fail(folder, "cannot be looked into", error);
  if (empty) return;
  if (!force) {
    throw Error("--out", folder.string() +
                             " is not empty; choose another folder, or replace the run in it with --force");
  }
  if (!fs::exists(folder / "metrics.json", error)) {
    throw Error("--out",
                folder.string() +
                    " is no earlier run (it has no metrics.json), and --force replaces nothing else; choose "
                    "another folder");
  }
}

void write_run_folder(const fs::path& out, bool force, const RunContents& run) {
  require_free_run_folder(out, force);
  const fs::path folder = named_folder(out);
  PartFolder part(folder);
  write_files(part.path(), run);
  part.rename_to(folder);
  if (run.checkpoint.empty()) return;
  std::error_code error;
  fs::rename(run.checkpoint, folder / "checkpoint", error);
  if (error) fail(run.checkpoint, "cannot be moved into the run", error);
  // Those of the run tell the same; TensorBoard, which looks into every folder, would show both.
  remove_tensorboard(folder / "checkpoint");
}

std::string predictions_csv(std::span<const PhotoPrediction> predictions,
                            std::span<const std::string> labels) {
  std::string text = "path,label,probability,truth";
  std::unordered_map<std::string_view, std::size_t> columns;
  for (const std::string& label : labels) {
    columns.emplace(label, columns.size());
    text += "," + csv_field("p(" + label + ")");
  }
  text += "\n";
  std::vector<std::string> scores(labels.size());
  for (const PhotoPrediction& prediction : predictions) {
    const ClassScore& best = prediction.top.front();
    const int truth = prediction.photo.label;
    text += csv_field(prediction.photo.name) + "," + csv_field(best.label) +
            fmt::format(",{:.9g},", best.probability) +
            (truth < 0 ? "" : csv_field(labels[static_cast<std::size_t>(truth)]));
    std::ranges::fill(scores, "");
    for (const ClassScore& score : prediction.top) {
      scores[columns.at(score.label)] = fmt::format("{:.9g}", score.probability);
    }
    for (const std::string& score : scores) text += "," + score;
    text += "\n";
  }
  return text;
}

}  // namespace petal
