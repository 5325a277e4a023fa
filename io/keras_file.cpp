#include "io/keras_file.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace petal {

namespace {

using Json = nlohmann::json;

std::optional<std::string> text_of(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : found->dump();
}

KerasFile open_archive(const std::filesystem::path& path) {
  const ZipArchive archive = ZipArchive::open(path);
  if (!archive.has(keras_weights_member) && archive.has("model.weights.npz"))
    throw Error(path.string(), "its weights are in numpy's format; save the model again with h5 weights");
  const std::filesystem::path weights = path.string() + ": '" + keras_weights_member + "'";
  KerasFile file{.weights = Hdf5File::of(archive.unpack(keras_weights_member), weights)};
  file.members = archive.members();
  file.config_where = path.string() + ": '" + keras_config_member + "'";
  if (archive.has(keras_config_member)) {
    file.config = archive.text(keras_config_member);
    const Json config = Json::parse(*file.config, nullptr, false);
    if (config.is_object() && !config.value("compile_config", Json::object()).empty())
      file.training = text_of(config, "compile_config");
  }
  // Keras itself does not read it.
  if (archive.has(keras_metadata_member)) {
    const Json metadata = Json::parse(archive.text(keras_metadata_member), nullptr, false);
    if (!metadata.is_object())
      throw Error(path.string() + ": '" + keras_metadata_member + "'", "is damaged: it is no JSON object");
    file.keras_version = text_of(metadata, "keras_version").value_or("");
    file.facts = text_of(metadata, "petal");
    file.checksum = text_of(metadata, "petal_checksum");
  }
  return file;
}

KerasFile open_hdf5(const std::filesystem::path& path) {
  KerasFile file{.weights = Hdf5File::open(path)};
  const auto text = [&](const std::string& name) { return file.weights.string_attribute("", name); };
  file.config = text("model_config");
  file.config_where = path.string();
  file.keras_version = text("keras_version").value_or("");
  file.training = text("training_config");
  file.facts = text("petal");
  file.checksum = text("petal_checksum");
  return file;
}

}  // namespace

KerasFile KerasFile::open(const std::filesystem::path& file) {
  return ZipArchive::is_zip(file) ? open_archive(file) : open_hdf5(file);
}

bool has_keras_config(const std::filesystem::path& file) {
  if (ZipArchive::is_zip(file)) return ZipArchive::open(file).has(keras_config_member);
  return Hdf5File::root_has_attribute(file, "model_config");
}

}  // namespace petal
