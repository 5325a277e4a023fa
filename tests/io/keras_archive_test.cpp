#include <algorithm>
#include <array>
#include <cmath>

#include "io/hdf5/keras_weights.h"
#include "io/keras_config.h"
#include "io/keras_contents.h"
#include "io/keras_file.h"
#include "io/model_file.h"
#include "io/zip_archive.h"
#include "tests/io/keras_config_fixtures.h"
#include "tests/io/model_fixtures.h"

using namespace petal;
namespace fs = std::filesystem;

namespace {

const fs::path golden = PETAL_SOURCE "/tests/golden/archives";

struct Members {
  std::string metadata, config, weights;
};

Members members_of(const fs::path& file) {
  const ZipArchive archive = ZipArchive::open(file);
  const Descriptor weights = archive.unpack(keras_weights_member);
  std::string bytes(static_cast<std::size_t>(lseek(weights.get(), 0, SEEK_END)), '\0');
  REQUIRE(pread(weights.get(), bytes.data(), bytes.size(), 0) == std::ssize(bytes));
  return {archive.text(keras_metadata_member), archive.text(keras_config_member), bytes};
}

std::string loading(const fs::path& file) {
  return message_of([&] { load_model(file); });
}

// The last place where a member's name stands is in the central directory; the sizes are 26 and 22 bytes
// before it.
void claim_size(std::string& bytes, const std::string& member, std::uint32_t size) {
  const std::size_t name = bytes.rfind(member);
  REQUIRE(name != std::string::npos);
  std::memcpy(bytes.data() + name - 22, &size, sizeof(size));
}

}  // namespace

TEST_CASE("a model saved as .keras comes back whole") {
  const Folder folder;
  const fs::path file = folder.path / "Modèle 花.keras";
  const Model model = example(every_layer());
  save_model(file, model);
  CHECK(is_whole_model(file));
  const Model loaded = load_model(file);
  CHECK(loaded.labels == model.labels);
  CHECK(loaded.architecture == model.architecture);
  CHECK(loaded.apply_exif_orientation);
  CHECK(to_keras_config(loaded.network.graph) == to_keras_config(model.network.graph));
  CHECK(content_hash(loaded.network.graph, loaded.network.weights) ==
        content_hash(model.network.graph, model.network.weights));
  // As a source of weights alone too.
  Weights weights;
  CHECK(load_keras_weights(file, model.network.graph, weights).matched_by == "name");

  const std::string first = bytes_of(file);
  save_model(file, model);
  CHECK(bytes_of(file) == first);
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("a .keras archive has Keras 3's layout") {
  const Folder folder;
  const fs::path file = folder.path / "model.keras";
  const Model model = example(every_layer());
  save_model(file, model);
  const Members members = members_of(file);
  CHECK(members.config == to_keras_config(model.network.graph, KerasForm::keras3));
  const Json config = Json::parse(members.config);
  CHECK(config["module"] == "keras.src.models.functional");
  CHECK(config["registered_name"] == "Functional");
  const Json& last = config["config"]["layers"].back();
  CHECK(last["module"] == "keras.layers");
  CHECK(last["inbound_nodes"][0]["args"][0]["class_name"] == "__keras_tensor__");
  CHECK(last["build_config"]["input_shape"][0].is_null());
  CHECK(Json::parse(members.metadata)["keras_version"].get<std::string>().starts_with("3."));
  // More members than these three, and Keras unpacks the whole archive to look for assets.
  CHECK(ZipArchive::open(file).members().size() == 3);
  const FileContents contents = inspect_keras_file(file);
  CHECK(contents.layout == "Keras 3 model");
  REQUIRE(contents.model.has_value());
  CHECK(contents.model->labels == model.labels);
  CHECK(contents.members.size() == 3);
}

TEST_CASE("in an archive a layer's number counts those of its class without weights too, as Keras does") {
  GraphBuilder g("numbers");
  Value x = g.input({4, 4, 3});
  x = g.add("constants", Normalization{.mean = {0.5f}, .variance = {2.25f}}, x);
  x = g.add("learnt", Normalization{}, x);
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  const Folder folder;
  const fs::path file = folder.path / "model.keras";
  save_model(file, example(std::move(g).build({x})));
  const Hdf5File weights = Hdf5File::of(ZipArchive::open(file).unpack(keras_weights_member), file);
  CHECK(weights.is_dataset("layers/normalization_1/vars/0"));
  CHECK_FALSE(weights.is_group("layers/normalization"));
  CHECK(load_model(file).network.weights.at("learnt/mean").shape() == Shape{3});
}

TEST_CASE("archives that Keras 3 saved predict as in Keras") {
  std::ifstream in(golden / "trained.json");
  const Json predictions = Json::parse(in);
  REQUIRE(predictions.size() == 2);
  for (const auto& [name, expected] : predictions.items()) {
    CAPTURE(name);
    const Model model = load_model(golden / (name + ".keras"));
    CHECK(model.labels.empty());
    CHECK_FALSE(model.apply_exif_orientation);
    const std::vector<float> found = predict(model.network, expected["input"].get<std::vector<float>>());
    const auto probabilities = expected["output"].get<std::vector<float>>();
    REQUIRE(found.size() == probabilities.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - probabilities[i]) <= 1e-5f);
    for (const Node& node : model.network.graph.nodes())
      if (std::holds_alternative<Dropout>(node.layer)) CHECK(node.trainable);
    CHECK(inspect_keras_file(golden / (name + ".keras")).model->compiled ==
          "Adam, sparse_categorical_crossentropy");
  }
}

// Neither names nor shapes do: Keras 2's archives have no names, and inner models' layers may have the same.
TEST_CASE("layers of whole models are told apart by their places") {
  std::ifstream in(golden / "places.json");
  const Json document = Json::parse(in);
  const auto photo = document.at("input").get<std::vector<float>>();
  REQUIRE(document.at("outputs").size() == 8);
  for (const auto& [name, output] : document["outputs"].items()) {
    CAPTURE(name);
    const std::vector<float> found = predict(load_model(golden / name).network, photo);
    const auto expected = output.get<std::vector<float>>();
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) <= 1e-5f);
  }
}

TEST_CASE("an archive without names whose weights do not lie where the config says is no guess") {
  const ZipArchive archive = ZipArchive::open(golden / "beside_keras2.keras");
  const Hdf5File weights = Hdf5File::of(archive.unpack(keras_weights_member), "weights");
  const KerasModel model =
      read_keras_config(archive.text(keras_config_member), "config", {.keras_version = "2.21.0"});
  const Graph& graph = model.graph;
  Weights filled;
  load_keras_weights(weights, graph, filled, {.places = model.places});
  CHECK(filled.at("side_9/kernel").shape() == Shape{3, 3, 3, 2});
  // The first of the convolutions beside each other where only a model inside would be.
  std::vector<KerasPlace> places = model.places;
  const auto moved = std::ranges::find(places, "side_9", &KerasPlace::node);
  REQUIRE(moved != places.end());
  moved->path.insert(moved->path.begin(), {"Functional", 0});
  const Weights before = filled;
  CHECK(contains(message_of([&] { load_keras_weights(weights, graph, filled, {.places = places}); }),
                 "weights: looks like another architecture: 12 of the model's 12 tensors are missing"));
}

TEST_CASE("what is missing from an archive, or not as it should be, is named") {
  const Folder folder;
  const fs::path file = folder.path / "model.keras";
  save_model(file, example(every_layer()));
  const Members whole = members_of(file);
  const std::string bytes = bytes_of(file);
  const auto with = [&](const std::vector<ZipContent>& contents) {
    write_zip(file, contents);
    return loading(file);
  };
  const ZipContent metadata{keras_metadata_member, whole.metadata}, config{keras_config_member, whole.config},
      weights{keras_weights_member, whole.weights};
  CHECK(with({metadata, config, weights}) == "no error");
  CHECK(contains(with({metadata, config}), "model.keras: 'model.weights.h5': is not in the archive"));
  CHECK(contains(with({metadata, weights}), "holds no model_config"));
  CHECK_FALSE(is_whole_model(file));
  CHECK(with({config, weights}) == "no error");  // as of a stranger
  CHECK(load_model(file).labels.empty());
  CHECK(contains(with({metadata, config, {"model.weights.npz", "x"}}), "numpy's format"));
  CHECK(contains(with({metadata, config, {keras_weights_member, "no HDF5"}}),
                 "'model.weights.h5': is not an HDF5 file"));
  CHECK(contains(with({metadata, {keras_config_member, "{"}, weights}),
                 "'config.json': the config is no JSON"));
  CHECK(contains(with({{keras_metadata_member, "[]"}, config, weights}), "'metadata.json': is damaged"));
  Json other = Json::parse(whole.metadata);
  other["petal"]["labels"][0] = "weed";
  const std::string edited = other.dump();
  CHECK(contains(with({{keras_metadata_member, edited}, config, weights}), "checksum"));
  other.erase("petal");
  other.erase("petal_checksum");
  const std::string plain = other.dump();
  CHECK(with({{keras_metadata_member, plain}, config, weights}) == "no error");

  const auto claiming = [&](const std::string& member, std::uint32_t size) {
    std::string changed = bytes;
    claim_size(changed, member, size);
    write_bytes(file, changed);
    return loading(file);
  };
  CHECK(contains(claiming(keras_weights_member, 0xfffffff0u), "which no weights do"));
  CHECK(contains(claiming(keras_config_member, 0x03ffffffu), "'config.json'"));
  CHECK(contains(claiming(keras_weights_member, static_cast<std::uint32_t>(whole.weights.size() + 1)),
                 "'model.weights.h5'"));
}

TEST_CASE("an image size that Keras left open is the caller's to say") {
  GraphBuilder g("open");
  Value x = g.input({12, 12, 3});
  x = g.add("conv", Conv2D{.filters = 4, .kernel = {3, 3}}, x);
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  const Model model = example(std::move(g).build({g.add("classes", Dense{.units = 3}, x)}));
  const Folder folder;
  const fs::path file = folder.path / "model.keras";
  save_model(file, model);
  const Members members = members_of(file);
  Json config = Json::parse(members.config);
  config["config"]["layers"][0]["config"]["batch_shape"] = {nullptr, nullptr, nullptr, 3};
  const std::string open = config.dump();
  write_zip(file, std::array<ZipContent, 2>{
                      {{keras_config_member, open}, {keras_weights_member, members.weights}}});
  CHECK(contains(loading(file), "[null,null,null,3] leaves a size open"));
  CHECK(contains(loading(file), "--image-size"));
  const Model loaded = load_model(file, 12);
  CHECK(to_keras_config(loaded.network.graph) == to_keras_config(model.network.graph));
  CHECK(predict(loaded.network, pixels_for(model.network.graph)) ==
        predict(model.network, pixels_for(model.network.graph)));
  CHECK(load_model(file, 20).network.graph[0].shape == Shape{20, 20, 3});
}

TEST_CASE("an archive that is cut, or changed in a byte, is an error or loads as it was") {
  const Folder folder;
  const fs::path file = folder.path / "model.keras";
  const Model model = example(every_layer());
  save_model(file, model);
  const std::string whole = bytes_of(file);
  for (std::size_t percent = 0; percent < 100; ++percent) {
    write_bytes(file, whole.substr(0, whole.size() * percent / 100));
    CAPTURE(percent);
    CHECK(loading(file).starts_with(file.string()));
  }
  const std::uint64_t hash = content_hash(model.network.graph, model.network.weights);
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 400) {
    std::string changed = whole;
    changed[at] ^= static_cast<char>(1 << at % 8);
    write_bytes(file, changed);
    try {
      const Model loaded = load_model(file);
      CHECK(content_hash(loaded.network.graph, loaded.network.weights) == hash);
      CHECK(loaded.labels == model.labels);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).starts_with(file.string()));
      ++refused;
    }
  }
  CHECK(refused > 390);
}
