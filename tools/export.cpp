#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "engine/error.h"
#include "io/model_file.h"
#include "io/onnx/onnx_file.h"
#include "tools/commands.h"
#include "tools/source_options.h"

namespace petal {
namespace {

struct ExportArguments {
  ModelSource source;
  std::filesystem::path file;
  std::string format;
  bool force = false;
};

// What a suffix stands for.
struct Format {
  std::string_view suffix, name;
  void (*save)(const std::filesystem::path&, const Model&);
};

constexpr std::array formats = {Format{".h5", "keras", save_model}, Format{".hdf5", "keras", save_model},
                                Format{".keras", "keras", save_model}, Format{".onnx", "onnx", save_onnx}};

const Format& format_of(const ExportArguments& a) {
  const bool named = std::ranges::any_of(formats, [&](const Format& f) { return f.name == a.format; });
  if (!a.format.empty() && !named) {
    throw Error("--to", "'" + a.format + "' is not known; known are keras, onnx");
  }
  for (const Format& format : formats) {
    if (a.file.extension().string() != format.suffix) continue;
    if (a.format.empty() || a.format == format.name) return format;
    throw Error("--to " + a.format, "does not go with '" + a.file.string() + "', whose suffix stands for " +
                                        std::string(format.name) + "; leave one of them out");
  }
  if (a.format == "onnx") return formats.back();
  throw Error(a.file.string(),
              "its suffix says no format; give it .keras or .h5 for Keras, or .onnx for ONNX");
}

void require_free(const ExportArguments& a) {
  std::error_code error;
  if (std::filesystem::is_directory(a.file, error)) {
    throw Error(a.file.string(), "is a folder; name the file to write");
  }
  if (std::filesystem::exists(a.file, error) && !a.force) {
    throw Error(a.file.string(), "is there already; give --force to write over it");
  }
}

int export_model(const ExportArguments& a) {
  const Format& format = format_of(a);
  require_free(a);
  const Model model = open_model(a.source);
  format.save(a.file, model);
  fmt::print("{}: {} parameters, {:.1f} MB\n", a.file.string(), model.network.graph.parameters(),
             static_cast<double>(std::filesystem::file_size(a.file)) / 1e6);
  return 0;
}

}  // namespace

Command add_export(CLI::App& app) {
  const auto arguments = std::make_shared<ExportArguments>();
  add_source_options(app, arguments->source);
  app.add_option("FILE", arguments->file, "The file to write: .keras or .h5 for Keras, .onnx for ONNX")
      ->required();
  app.add_option("--to", arguments->format, "keras or onnx [default: what FILE's suffix says]");
  app.add_flag("--force", arguments->force, "Write over a file that is there");
  return [arguments] { return export_model(*arguments); };
}

}  // namespace petal
