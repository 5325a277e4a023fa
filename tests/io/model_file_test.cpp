#include "io/model_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "io/hdf5/file.h"
#include "io/hdf5/keras_writer.h"
#include "io/keras_config.h"
#include "tests/io/keras_config_fixtures.h"
#include "tests/io/model_fixtures.h"

using namespace petal;
namespace fs = std::filesystem;

namespace {

void write_floats(const fs::path& file, const std::vector<float>& values) {
  write_bytes(file, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

// What a program of another version or a damaged disk might leave: a whole model of one layer with these
// facts.
void write_by_hand(const fs::path& file, const std::string& facts) {
  GraphBuilder builder("tiny");
  const Value in = builder.input({2}, "in");
  const Value out = builder.add("dense", Dense{.units = 3, .use_bias = false}, in);
  Hdf5Writer hdf5 = Hdf5Writer::create(file);
  hdf5.write_string_attribute("", "model_config", to_keras_config(std::move(builder).build({out})));
  hdf5.write_string_attribute("", "petal", facts);
  hdf5.create_group("model_weights");
  hdf5.write_strings_attribute("model_weights", "layer_names", std::vector<std::string>{"dense"});
  hdf5.create_group("model_weights/dense");
  hdf5.write_strings_attribute("model_weights/dense", "weight_names",
                               std::vector<std::string>{"dense/kernel:0"});
  hdf5.write_dataset("model_weights/dense/dense/kernel:0", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  hdf5.close();
}

// Limits how large a file may grow: the same error from the system as a full disk gives, for this scope.
struct FullDisk {
  rlimit before{};
  void (*handler)(int) = nullptr;
  explicit FullDisk(rlim_t bytes) {
    handler = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit now{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
  }
};

}  // namespace

TEST_CASE("a saved model comes back whole: graph, numbers, labels and facts") {
  const Folder folder;
  const Model model = example(every_layer());
  const fs::path file = folder.path / "Modèle 花.h5";
  save_model(file, model);
  const Model loaded = load_model(file);
  CHECK(loaded.labels == model.labels);
  CHECK(loaded.architecture == model.architecture);
  CHECK(loaded.apply_exif_orientation);
  CHECK(to_keras_config(loaded.network.graph) == to_keras_config(model.network.graph));
  CHECK_FALSE(loaded.network.graph[loaded.network.graph.find("hidden")].trainable);
  CHECK(loaded.network.graph[loaded.network.graph.find("probabilities")].trainable);

  const auto declarations = model.network.graph.weights();
  CHECK(loaded.network.weights.entries().size() == declarations.size());
  for (const WeightDeclaration& weight : declarations) {
    CAPTURE(weight.name);
    CHECK(std::ranges::equal(loaded.network.weights.at(weight.name).values(),
                             model.network.weights.at(weight.name).values()));
    CHECK(loaded.network.weights.role(weight.name) == weight.role);
  }
  const std::vector<float> pixels = pixels_for(model.network.graph);
  CHECK(predict(loaded.network, pixels) == predict(model.network, pixels));

  CHECK_FALSE(loaded.fast_decode);
  Model fast = model;
  fast.fast_decode = true;
  save_model(file, fast);
  CHECK(load_model(file).fast_decode);

  // What a stranger's file leaves open stays so.
  CHECK(loaded.takes_photos);
  Model stranger = model;
  stranger.takes_photos = false;
  save_model(file, stranger);
  CHECK_FALSE(load_model(file).takes_photos);
}

TEST_CASE("the file has Keras 2's layout") {
  const Folder folder;
  const fs::path file = folder.path / "model.h5";
  Model model = example(every_layer());
  model.network.weights.set("unused/kernel", Tensor(Shape{2}), Role::weight);
  save_model(file, model);
  const Hdf5File hdf5 = Hdf5File::open(file);
  CHECK(hdf5.string_attribute("", "backend") == "tensorflow");
  CHECK(hdf5.string_attribute("", "keras_version")->starts_with("2."));
  CHECK(hdf5.string_attribute("", "model_config") == to_keras_config(model.network.graph));
  CHECK(hdf5.string_attribute("model_weights", "keras_version")->starts_with("2."));
  const auto layers = hdf5.strings_attribute("model_weights", "layer_names");
  REQUIRE(layers.has_value());
  REQUIRE(layers->size() == model.network.graph.nodes().size());
  CHECK(layers->front() == "photo");
  CHECK(layers->back() == "probabilities");
  CHECK(hdf5.strings_attribute("model_weights/probabilities", "weight_names") ==
        std::vector<std::string>{"probabilities/kernel:0", "probabilities/bias:0"});
  CHECK(hdf5.strings_attribute("model_weights/relu", "weight_names") == std::vector<std::string>{});
  CHECK(hdf5.dataset("model_weights/norm_all/norm_all/moving_variance:0").shape == Shape{8});
  CHECK_FALSE(hdf5.is_group("model_weights/unused"));
}

TEST_CASE("models of Keras's configs are saved and loaded") {
  const Folder folder;
  for (const auto& [name, fixture] : fixtures()) {
    CAPTURE(name);
    Model model = example(from_keras_config(fixture["config"].dump(), name));
    model.labels.clear();
    const fs::path file = folder.path / (name + ".h5");
    save_model(file, model);
    const Model loaded = load_model(file);
    CHECK(to_keras_config(loaded.network.graph) == to_keras_config(model.network.graph));
    CHECK(content_hash(loaded.network.graph, loaded.network.weights) ==
          content_hash(model.network.graph, model.network.weights));
  }
}

TEST_CASE("whole models are told from weights, and from what is neither") {
  const Folder folder;
  const fs::path whole = folder.path / "whole.h5", weights = folder.path / "weights.h5";
  save_model(whole, example(every_layer()));
  CHECK(is_whole_model(whole));

  Hdf5Writer hdf5 = Hdf5Writer::create(weights);
  hdf5.write_strings_attribute("", "layer_names", std::vector<std::string>{"dense"});
  hdf5.create_group("dense");
  hdf5.write_strings_attribute("dense", "weight_names", std::vector<std::string>{"dense/kernel:0"});
  hdf5.write_dataset("dense/dense/kernel:0", {1, 2}, std::vector<float>{1, 2});
  hdf5.close();
  CHECK_FALSE(is_whole_model(weights));
  CHECK(contains(message_of([&] { load_model(weights); }), "weights.h5: it holds no model_config"));

  const fs::path text = folder.path / "text.h5", other = folder.path / "other.h5";
  write_bytes(text, "labels: a, b, c");
  Hdf5Writer::create(other).close();
  for (const fs::path& file : {text, other, folder.path / "missing.h5", folder.path}) {
    CAPTURE(file);
    CHECK(message_of([&] { is_whole_model(file); }).starts_with(file.string() + ": "));
    CHECK(message_of([&] { load_model(file); }).starts_with(file.string() + ": "));
  }
}

TEST_CASE("Petal's own facts are checked when read") {
  const Folder folder;
  const fs::path file = folder.path / "hand.h5";
  const auto message = [&](const std::string& facts) {
    write_by_hand(file, facts);
    return message_of([&] { load_model(file); });
  };
  const std::string rest = R"("architecture":"a","apply_exif_orientation":false)";
  CHECK(message(R"({"version":1,"labels":["x","y","z"],)" + rest + "}") == "no error");
  CHECK_FALSE(load_model(file).apply_exif_orientation);
  CHECK_FALSE(load_model(file).fast_decode);
  CHECK(contains(message(R"({"version":1,"labels":["x"],)" + rest + "}"),
                 "there are 1 labels for the 3 classes"));
  CHECK(contains(message(R"({"version":1,"labels":["x","y","z"],"fast_decode":"yes",)" + rest + "}"),
                 "`petal` is damaged"));
  CHECK(contains(message(R"({"version":3,"labels":[],)" + rest + "}"), "written by a newer Petal"));
  CHECK(contains(message(R"({"version":1,"labels":[1,2,3],)" + rest + "}"),
                 "hand.h5: its attribute `petal` is damaged"));
  CHECK(contains(message(R"({"version":1,"labels":[]})"), "architecture"));
  CHECK(contains(message("{"), "no JSON object"));
  CHECK(contains(message("[]"), "no JSON object"));
}

TEST_CASE("a model that does not hang together is not saved") {
  const Folder folder;
  const fs::path file = folder.path / "model.h5";
  Model model = example(every_layer());
  model.labels.pop_back();
  CHECK(contains(message_of([&] { save_model(file, model); }),
                 "there are 2 labels for the 3 classes of 'probabilities'"));
  model.labels.push_back("\xff");
  CHECK(contains(message_of([&] { save_model(file, model); }), "a label is not UTF-8"));
  model.labels.clear();
  model.network.weights.erase("hidden/kernel");
  CHECK(contains(message_of([&] { save_model(file, model); }), "hidden/kernel"));
  CHECK(fs::is_empty(folder.path));
}

TEST_CASE("one sigmoid tells two classes apart: a model of one output has two labels") {
  const Folder folder;
  const fs::path file = folder.path / "model.h5";
  GraphBuilder builder("two_classes");
  const Value in = builder.input({2}, "in");
  const Value out = builder.add("dense", Dense{.activation = ActivationFunction::sigmoid}, in);
  Model model;
  model.network.graph = std::move(builder).build({out});
  model.network.weights = initialize(model.network.graph, 1);
  model.labels = {"cats", "dogs"};
  save_model(file, model);
  CHECK(load_model(file).labels == model.labels);
  model.labels.push_back("horses");
  CHECK(contains(message_of([&] { save_model(file, model); }), "there are 3 labels for the 1 classes"));
}

TEST_CASE("a full disk or a missing folder leaves what was there") {
  const Folder folder;
  const fs::path file = folder.path / "model.h5";
  write_bytes(file, "what was there");
  for (const rlim_t bytes : {0, 3000, 20000}) {
    CAPTURE(bytes);
    ErrorKind kind = ErrorKind::bad_input;
    {
      const FullDisk full(bytes);
      try {
        save_model(file, example(every_layer()));
      } catch (const Error& error) {
        kind = error.kind();
      }
    }
    CHECK(kind == ErrorKind::failure);
    CHECK(bytes_of(file) == "what was there");
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
  }
  const fs::path nowhere = folder.path / "no" / "model.h5";
  const std::string message = message_of([&] { save_model(nowhere, example(every_layer())); });
  CHECK(message.starts_with(nowhere.string()));
  CHECK(contains(message, "No such file or directory"));
  save_model(file, example(every_layer()));
  CHECK(load_model(file).labels.size() == 3);
}

TEST_CASE("a changed bit in Petal's own model is an error, wherever it would matter") {
  const Folder folder;
  const fs::path file = folder.path / "model.h5";
  const Model model = example(every_layer());
  save_model(file, model);
  const std::string whole = bytes_of(file);
  const Hdf5File hdf5 = Hdf5File::open(file);
  // In the middle of a tensor.
  const auto piece = hdf5.dataset("model_weights/probabilities/probabilities/kernel:0").pieces.at(0);
  std::string changed = whole;
  changed[piece.offset + 5] ^= 1;
  write_bytes(file, changed);
  CHECK(contains(message_of([&] { load_model(file); }), "do not have their checksum"));
  CHECK(contains(message_of([&] { load_model(file); }), "delete `petal` and `petal_checksum`"));
  for (const std::string text : {"\"filters\":", "Gänseblümchen", "petal_checksum"}) {
    CAPTURE(text);
    changed = whole;
    const std::size_t at = changed.find(text);
    REQUIRE(at != std::string::npos);
    changed[at + 1] ^= 1;
    write_bytes(file, changed);
    CHECK(message_of([&] { load_model(file); }).starts_with(file.string() + ": "));
  }
}

TEST_CASE("a model that another program saved again opens, without Petal's facts") {
  const Folder folder;
  const fs::path file = folder.path / "again.h5";
  Model model = example(every_layer());
  model.network.weights.edit("probabilities/kernel").values()[0] += 1.0f;
  Hdf5Writer out = Hdf5Writer::create(file);
  out.write_string_attribute("", "model_config", to_keras_config(model.network.graph));
  write_keras2_weights(out, "model_weights", "2.11.0", model.network);
  out.close();
  const Model loaded = load_model(file);
  CHECK(loaded.labels.empty());
  CHECK(content_hash(loaded.network.graph, loaded.network.weights) ==
        content_hash(model.network.graph, model.network.weights));
}

TEST_CASE("a truncated model is an error") {
  const Folder folder;
  const fs::path file = folder.path / "model.h5";
  save_model(file, example(every_layer()));
  const std::string whole = bytes_of(file);
  for (const std::size_t part : {1u, 2u, 3u, 5u, 7u, 8u}) {
    write_bytes(file, whole.substr(0, whole.size() * part / 9));
    CHECK(message_of([&] { load_model(file); }).starts_with(file.string() + ": "));
  }
}

TEST_CASE("whole models that Keras saved, with models inside, predict as in Keras") {
  const fs::path folder = fs::path(PETAL_SOURCE) / "tests/golden/configs/models";
  std::ifstream in(folder / "predictions.json");
  const Json predictions = Json::parse(in);
  REQUIRE(predictions.size() == 10);
  for (const auto& [name, expected] : predictions.items()) {
    CAPTURE(name);
    const Model model = load_model(folder / (name + ".h5"));
    CHECK(model.takes_photos == !name.starts_with("base_in_sequential"));
    const auto pixels = expected["input"].get<std::vector<float>>();
    const auto probabilities = expected["output"].get<std::vector<float>>();
    const std::vector<float> found = predict(model.network, pixels);
    REQUIRE(found.size() == probabilities.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - probabilities[i]) <= 1e-5f);
  }
}

TEST_CASE("a stranger's InceptionV3 with a head of its own loads") {
  const char* given = std::getenv("PETAL_SHARED");
  const fs::path shared = given != nullptr ? fs::path(given) : fs::path(PETAL_SOURCE) / "../shared";
  const fs::path file = shared / "weights/content_moderation_inception_v3.h5";
  if (!fs::exists(file)) {
    MESSAGE("skipped: there is no " << file);
    return;
  }
  CHECK(is_whole_model(file));
  const Model model = load_model(file);
  CHECK(model.labels.empty());
  CHECK(model.architecture.empty());
  CHECK_FALSE(model.apply_exif_orientation);
  const Graph& graph = model.network.graph;
  CHECK(graph[graph.inputs()[0]].shape == Shape{299, 299, 3});
  CHECK(graph[graph.outputs()[0]].shape == Shape{5});
  CHECK(graph.nodes().size() == 318);
  CHECK_FALSE(graph[graph.find("conv2d_1")].trainable);
}

// For tests/golden/check_saved_model.py, which asks Keras for its predictions of these models.
TEST_CASE("models for Keras to open" * doctest::skip(std::getenv("PETAL_KEEP_MODELS") == nullptr)) {
  const fs::path folder = std::getenv("PETAL_KEEP_MODELS");
  std::map<std::string, Graph> graphs = {{"every_layer", every_layer()},
                                         {"every_layer_channels", every_layer(1)}};
  for (const auto& [name, fixture] : fixtures()) {
    const Graph graph = from_keras_config(fixture["config"].dump(), name);
    if (graph.inputs().size() == 1) graphs.emplace(name, graph);
  }
  for (const auto& [name, graph] : graphs) {
    Model model = example(graph);
    model.labels.clear();
    save_model(folder / (name + ".h5"), model);
    save_model(folder / (name + ".keras"), model);
    const std::vector<float> pixels = pixels_for(graph);
    write_floats(folder / (name + ".input"), pixels);
    write_floats(folder / (name + ".output"), predict(model.network, pixels));
  }
}
