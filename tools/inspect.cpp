#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "io/keras_contents.h"
#include "tools/commands.h"

namespace petal {
namespace {

constexpr std::size_t shown_labels = 10;

void print_head(const std::filesystem::path& file, const FileContents& contents) {
  std::int64_t parameters = 0;
  for (const FileTensor& tensor : contents.tensors) parameters += tensor.shape.elements();
  fmt::print("{}: {}{}, {} tensors, {} parameters\n", file.string(), contents.layout,
             contents.keras_version.empty() ? "" : " by Keras " + contents.keras_version,
             contents.tensors.size(), parameters);
  for (const ZipArchive::Member& member : contents.members) {
    fmt::print("  member   {}, {} bytes", member.name, member.bytes);
    if (member.stored_bytes != member.bytes) fmt::print(", packed into {}", member.stored_bytes);
    fmt::print("\n");
  }
}

void print_model(const FileModel& model) {
  fmt::print("Model '{}' ({}), {} layers\n", model.name, model.class_name, model.layers.size());
  for (const FileValue& input : model.inputs)
    fmt::print("  input    {} {}\n", input.name, input.shape.to_string());
  for (const FileValue& output : model.outputs)
    fmt::print("  output   {} {}\n", output.name, output.shape.to_string());
  if (!model.labels.empty()) {
    const std::size_t shown = std::min(model.labels.size(), shown_labels);
    fmt::print("  labels   {}", fmt::join(model.labels.begin(), model.labels.begin() + shown, ", "));
    if (shown < model.labels.size()) fmt::print(" ... and {} more", model.labels.size() - shown);
    fmt::print("\n");
  }
  if (!model.architecture.empty()) fmt::print("  base     {}\n", model.architecture);
  if (!model.compiled.empty()) fmt::print("  compiled {}\n", model.compiled);
  if (!model.unreadable.empty()) fmt::print("  Petal cannot build it: {}\n", model.unreadable);
}

struct Row {
  std::string layer, class_name, weight, shape, type, storage;
};

Row row_of(const std::string& layer, const std::string& class_name, const FileTensor& tensor) {
  std::string storage;
  if (!tensor.compression.empty())
    storage = fmt::format("{}: {} bytes", tensor.compression, tensor.stored_bytes);
  return {layer, class_name, tensor.weight, tensor.shape.to_string(), tensor.type, storage};
}

// The model's layers in order, each with its tensors, then the tensors of no layer that it names.
std::vector<Row> rows_of(const FileContents& contents) {
  std::vector<Row> rows;
  std::set<std::string> known;
  if (contents.model) {
    for (const FileLayer& layer : contents.model->layers) {
      const std::string name = std::string(2 * static_cast<std::size_t>(layer.depth), ' ') + layer.name;
      const std::size_t before = rows.size();
      for (const FileTensor& tensor : contents.tensors)
        if (tensor.layer == layer.name && !known.contains(layer.name))
          rows.push_back(row_of(rows.size() == before ? name : "",
                                rows.size() == before ? layer.class_name : "", tensor));
      if (rows.size() == before) rows.push_back({name, layer.class_name, "", "", "", ""});
      known.insert(layer.name);
    }
  }
  std::string last;
  for (const FileTensor& tensor : contents.tensors) {
    if (known.contains(tensor.layer)) continue;
    rows.push_back(row_of(tensor.layer == last ? "" : tensor.layer, "", tensor));
    last = tensor.layer;
  }
  return rows;
}

void print_rows(const std::vector<Row>& rows) {
  std::size_t layer = 5, class_name = 0, weight = 6, shape = 5;
  for (const Row& row : rows) {
    layer = std::max(layer, row.layer.size());
    class_name = std::max(class_name, row.class_name.size());
    weight = std::max(weight, row.weight.size());
    shape = std::max(shape, row.shape.size());
  }
  for (const Row& row : rows) {
    std::string line = fmt::format("{:{}}  {:{}}  {:{}}  {:{}}  {}  {}", row.layer, layer, row.class_name,
                                   class_name, row.weight, weight, row.shape, shape, row.type, row.storage);
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  }
}

int inspect(const std::filesystem::path& file) {
  const FileContents contents = inspect_keras_file(file);
  print_head(file, contents);
  if (contents.model) print_model(*contents.model);
  fmt::print("\n");
  print_rows(rows_of(contents));
  return 0;
}

}  // namespace

Command add_inspect(CLI::App& app) {
  const auto file = std::make_shared<std::filesystem::path>();
  app.add_option("FILE", *file, "A weights or model file: .h5, .weights.h5 or .keras")->required();
  return [file] { return inspect(*file); };
}

}  // namespace petal
