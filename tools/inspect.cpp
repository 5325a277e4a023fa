#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "io/hdf5/keras_weights.h"
#include "tools/commands.h"

namespace petal {
namespace {

int inspect(const std::filesystem::path& file) {
  const FileContents contents = inspect_keras_file(file);
  std::size_t width = 5;
  for (const FileTensor& tensor : contents.tensors) width = std::max(width, tensor.layer.size());
  std::int64_t parameters = 0;
  for (const FileTensor& tensor : contents.tensors) {
    fmt::print("{:{}}  {:16}  {:20}  {}\n", tensor.layer, width, tensor.weight, tensor.shape.to_string(),
               tensor.type);
    parameters += tensor.shape.elements();
  }
  fmt::print("{}: {}{}, {} tensors, {} parameters\n", file.string(), contents.layout,
             contents.keras_version.empty() ? "" : " by Keras " + contents.keras_version,
             contents.tensors.size(), parameters);
  return 0;
}

}  // namespace

Command add_inspect(CLI::App& app) {
  const auto file = std::make_shared<std::filesystem::path>();
  app.add_option("FILE", *file, "A weights or model file, .h5")->required();
  return [file] { return inspect(*file); };
}

}  // namespace petal
