#include "io/hdf5/keras_weights.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "engine/error.h"
#include "io/hdf5/file.h"
#include "io/hdf5/keras_matching.h"
#include "io/hdf5/writer.h"
#include "io/keras_contents.h"
#include "io/model_file.h"
#include "tests/io/tiny_network.h"

using namespace petal;
using namespace petal::testing;
namespace fs = std::filesystem;

namespace {

const fs::path golden = PETAL_SOURCE "/tests/golden/weights";

// Every element of every tensor is what the formula says.
void check_numbers(const Graph& graph, const Weights& weights) {
  const auto declarations = graph.weights();
  REQUIRE(declarations.size() == 14);
  for (std::size_t t = 0; t < declarations.size(); ++t) {
    CAPTURE(declarations[t].name);
    CHECK(weights.role(declarations[t].name) == declarations[t].role);
    const auto values = weights.at(declarations[t].name).values();
    REQUIRE(static_cast<std::int64_t>(values.size()) == declarations[t].shape.elements());
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == expected_value(t, i));
  }
}

ImportTally check_import(const std::string& file, const std::vector<std::string>& names) {
  CAPTURE(file);
  const Graph graph = tiny_network(names);
  Weights weights = initialize(graph, 1);
  const ImportTally tally = load_keras_weights(golden / file, graph, weights);
  CHECK(tally.tensors == 14);
  CHECK(tally.parameters == graph.parameters());
  CHECK(tally.excluded.empty());
  check_numbers(graph, weights);
  return tally;
}

// The error of an import that must fail; the store must be as it was.
std::string failure(const fs::path& file, const Graph& graph, const ImportOptions& options = {}) {
  const Weights before = initialize(graph, 1);
  Weights weights = before;
  std::string message = "no error";
  try {
    load_keras_weights(file, graph, weights, options);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_input);
    message = error.what();
  }
  CHECK(weights.entries().size() == before.entries().size());
  for (const auto& [name, entry] : before.entries()) CHECK(weights.entries().at(name).tensor == entry.tensor);
  return message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
}

Graph one_dense() {
  GraphBuilder g("one_dense");
  const Value x = g.input({2});
  return std::move(g).build({g.add("dense", Dense{.units = 2, .use_bias = false}, x)});
}

std::vector<std::string> with(std::vector<std::string> names, std::size_t at, const std::string& name) {
  names[at] = name;
  return names;
}

struct Scratch {
  fs::path path;
  explicit Scratch(const std::string& name)
      : path(fs::temp_directory_path() / (std::to_string(getpid()) + "_petal_" + name)) {}
  ~Scratch() { fs::remove_all(path); }
};

// Weights in Keras 2's layout, a layer a pair of name and kernel shape; element i of layer t is 1000 * t + i.
void write_kernels(const fs::path& path, const std::vector<std::pair<std::string, Shape>>& layers) {
  Hdf5Writer file = Hdf5Writer::create(path);
  std::vector<std::string> names;
  for (std::size_t t = 0; t < layers.size(); ++t) {
    const auto& [name, shape] = layers[t];
    std::vector<float> values(static_cast<std::size_t>(shape.elements()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(1000 * t + i);
    file.write_dataset(name + "/" + name + "/kernel:0", shape, values);
    file.write_strings_attribute(name, "weight_names", std::vector<std::string>{name + "/kernel:0"});
    names.push_back(name);
  }
  file.write_strings_attribute("", "layer_names", names);
  file.close();
}

// A chain of bias-free Dense layers of width 2.
Graph dense_chain(const std::vector<std::string>& names) {
  GraphBuilder g("chain");
  Value x = g.input({2});
  for (const std::string& name : names) x = g.add(name, Dense{.units = 2, .use_bias = false}, x);
  return std::move(g).build({x});
}

}  // namespace

TEST_CASE("keras weights: every layout, by name") {
  for (const std::string file : {"keras2.h5", "keras2_packed.h5", "keras2_types.h5", "keras3_model.h5",
                                 "keras3_nested.h5", "keras3_nested.weights.h5"})
    CHECK(check_import(file, given_names).matched_by == "name");
  CHECK(check_import("keras3_auto.weights.h5", auto_names).matched_by == "name");
}

TEST_CASE("keras weights: where names say nothing, Keras's order") {
  // No names at all; the shortcut stands behind `project` in Keras's order, though it was created first.
  CHECK(check_import("keras3_unnamed.weights.h5", auto_names).matched_by == "order");
  CHECK(check_import("keras3_unnamed.weights.h5", given_names).matched_by == "order");
  // Auto-numbered on from another model of the session: conv2d_4 is conv2d.
  CHECK(check_import("keras3_second_session.h5", auto_names).matched_by == "order");
  // Names that overlap but are shifted: conv2d_1 of the file is not conv2d_1 of the graph.
  const std::vector<std::string> shifted = {"conv2d_1",
                                            "batch_normalization_1",
                                            "conv2d_2",
                                            "depthwise_conv2d_1",
                                            "batch_normalization_2",
                                            "conv2d_3",
                                            "conv2d_4",
                                            "dense_1"};
  CHECK(check_import("keras3_auto.weights.h5", shifted).matched_by == "order");
  // One layer has another name and its shapes are no other's: there is no doubt.
  CHECK(check_import("keras2.h5", with(given_names, 7, "Logits")).matched_by ==
        "name, 'predictions' as 'Logits'");
}

TEST_CASE("keras weights: a renamed layer whose shapes are not its own is no guess") {
  // `expand` and `project` could be swapped.
  auto names = with(given_names, 5, "x");
  names[6] = "y";
  const std::string message = failure(golden / "keras2.h5", tiny_network(names));
  CHECK(contains(message,
                 "does not fit: 2 of the model's 14 tensors are missing from it, 2 of its tensors are "
                 "unexpected (model 'tiny')"));
  CHECK(contains(message, "x/kernel (1, 1, 2, 2): in the model, missing from the file"));
  CHECK(contains(message, "project/kernel (1, 1, 2, 2): in the file, unexpected by the model"));
}

TEST_CASE("keras weights: layers of every class that Keras numbers, under the numbers of another session") {
  const auto network = [](const std::string& after) {
    GraphBuilder g("numbered");
    Value x = g.input({8, 8, 3});
    x = g.add("normalization" + after, Normalization{}, x);
    x = g.add("separable_conv2d" + after, SeparableConv2D{.filters = 3}, x);
    x = g.add("conv2d_transpose" + after, Conv2DTranspose{.filters = 3}, x);
    x = g.add("conv2d" + after, Conv2D{.filters = 3}, x);
    x = g.add("layer_normalization" + after, LayerNormalization{}, x);
    x = g.add("batch_normalization" + after, BatchNormalization{}, x);
    return std::move(g).build({x});
  };
  const Graph saved = network("_7"), graph = network("");
  Model model;
  model.network = {saved, initialize(saved, 5)};
  const Scratch scratch("numbered.h5");
  save_model(scratch.path, model);
  Weights weights = initialize(graph, 1);
  CHECK(load_keras_weights(scratch.path, graph, weights).matched_by == "order");
  for (const WeightDeclaration& declaration : saved.weights()) {
    CAPTURE(declaration.name);
    std::string name = declaration.name;
    name.erase(name.find("_7/"), 2);
    CHECK(std::ranges::equal(weights.at(name).values(), model.network.weights.at(declaration.name).values()));
  }
}

TEST_CASE("keras weights: numbers order as numbers, not as text") {
  const Scratch scratch("numbers.h5");
  write_kernels(scratch.path, {{"dense_10", {2, 2}}, {"dense_8", {2, 2}}, {"dense_9", {2, 2}}});
  const Graph graph = dense_chain({"dense", "dense_1", "dense_2"});
  Weights weights = initialize(graph, 1);
  load_keras_weights(scratch.path, graph, weights);
  CHECK(weights.at("dense/kernel").values()[0] == 1000);    // dense_8
  CHECK(weights.at("dense_1/kernel").values()[0] == 2000);  // dense_9
  CHECK(weights.at("dense_2/kernel").values()[0] == 0);     // dense_10
}

TEST_CASE("keras weights: a group names its layer although a scope renamed the weights") {
  const Scratch scratch("scope.h5");
  Hdf5Writer file = Hdf5Writer::create(scratch.path);
  for (const std::string name : {"a", "b"}) {
    // As a graph that built its layers twice: the path's own layer is the other's name.
    const std::string path = (name == "a" ? "b" : "a") + std::string("/kernel:0");
    file.write_dataset(name + "/" + path, {2, 2}, std::vector<float>(4, name == "a" ? 1.0f : 2.0f));
    file.write_strings_attribute(name, "weight_names", std::vector<std::string>{path});
  }
  file.write_strings_attribute("", "layer_names", std::vector<std::string>{"a", "b"});
  file.close();
  const Graph graph = dense_chain({"a", "b"});
  Weights weights = initialize(graph, 1);
  load_keras_weights(scratch.path, graph, weights);
  CHECK(weights.at("a/kernel").values()[0] == 1.0f);
  CHECK(weights.at("b/kernel").values()[0] == 2.0f);
}

TEST_CASE("keras weights: Keras's order of layers") {
  std::vector<std::string> order;
  for (const ModelLayer& layer : model_layers(tiny_network(given_names))) order.push_back(layer.name);
  // As `[l.name for l in model.layers if l.weights]` prints.
  CHECK(order == std::vector<std::string>{"stem", "stem_bn", "dw", "dw_bn", "expand", "project", "shortcut",
                                          "predictions"});
}

TEST_CASE("keras weights: a head is replaced by naming it on both sides") {
  const Graph graph = tiny_network(with(given_names, 7, "flowers"), 2, 5);
  const Weights before = initialize(graph, 1);
  Weights weights = before;
  const ImportTally tally =
      load_keras_weights(golden / "keras2.h5", graph, weights,
                         {.exclude_file_layers = {"predictions", "not_there"}, .keep_layers = {"flowers"}});
  CHECK(tally.to_string() == "12 tensors, 98 parameters, by name; excluded: predictions");
  CHECK(weights.entries().at("flowers/kernel").tensor == before.entries().at("flowers/kernel").tensor);
  CHECK(weights.at("stem_bn/moving_variance").values()[1] == expected_value(4, 1));
  CHECK(contains(failure(golden / "keras2.h5", graph, {.keep_layers = {"nowhere"}}), "nowhere"));
}

// The tiny network behind a convolution whose weights it states itself.
Graph behind_constants() {
  const Graph tiny = tiny_network(given_names);
  GraphBuilder g("behind_constants");
  const Conv2D reversed{
      .filters = 3,
      .kernel_initializer = {.kind = Initializer::Kind::values, .values = {0, 0, 1, 0, 1, 0, 1, 0, 0}},
      .bias_initializer = {.kind = Initializer::Kind::values, .values = {-1, -2, -3}}};
  const Value x = g.add("constant", reversed, g.input({4, 4, 3}));
  return std::move(g).build({g.append(tiny, std::span(&x, 1))[0]});
}

TEST_CASE("keras weights: what the graph states itself may be missing from the file, and is taken from it") {
  const Graph graph = behind_constants();
  Weights weights;
  const ImportTally tally = load_keras_weights(golden / "keras2.h5", graph, weights);
  CHECK(tally.tensors == 14);
  require_complete(graph, weights);
  CHECK(std::ranges::equal(weights.at("constant/bias").values(), std::array{-1.0f, -2.0f, -3.0f}));
  CHECK(weights.at("constant/kernel").values()[2] == 1.0f);

  const Scratch scratch("constants.h5");
  weights.edit("constant/bias").values<float>()[0] = 7;
  save_model(scratch.path, {.network = {graph, weights}, .labels = {}, .architecture = ""});
  CHECK(load_keras_weights(scratch.path, graph, weights).tensors == 16);
  CHECK(weights.at("constant/bias").values()[0] == 7.0f);
}

TEST_CASE("keras weights: errors list what differs and the store stays") {
  const std::string head = failure(golden / "keras2.h5", tiny_network(given_names, 2, 5));
  CHECK(contains(head, "does not fit: 2 of 14 shapes differ (model 'tiny')"));
  CHECK(contains(head, "predictions/kernel: (2, 3) in the file, (2, 5) in the model"));
  CHECK(lines(head) == 3);

  const std::string alpha = failure(golden / "keras2.h5", tiny_network(given_names, 4));
  CHECK(contains(alpha, "looks like another architecture or alpha: 13 of 14 shapes differ"));
  CHECK(contains(alpha, "stem/kernel: (3, 3, 3, 2) in the file, (3, 3, 3, 4) in the model"));
  CHECK(contains(alpha, "... and 1 more"));
  CHECK(lines(alpha) == 14);  // the verdict, 12 rows, the rest

  const std::string other = failure(golden / "keras2.h5", one_dense());
  CHECK(contains(other, "looks like another architecture: 1 of the model's 1 tensors are missing"));
  CHECK(contains(other, "... and 3 more"));

  const std::string excluded =
      failure(golden / "keras2.h5", tiny_network(given_names), {.exclude_file_layers = {"stem_bn"}});
  CHECK(contains(excluded, "stem_bn/gamma (2,): in the model, missing from the file"));
  const std::string kept =
      failure(golden / "keras2.h5", tiny_network(given_names), {.keep_layers = {"stem_bn"}});
  CHECK(contains(kept, "stem_bn/gamma (2,): in the file, unexpected by the model"));
  CHECK(contains(kept, "exclude its layers of the file (stem_bn)"));
}

TEST_CASE("keras weights: what is no number or no weights is named") {
  const Graph graph = one_dense();
  CHECK(contains(failure(golden / "liars/not_a_number.h5", graph), "'dense/kernel:0': element 2 is nan"));
  CHECK(contains(failure(golden / "liars/infinite.h5", graph), "'dense/kernel:0': element 3 is inf"));
  CHECK(contains(failure(golden / "liars/no_weights.h5", graph), "holds no Keras weights"));
  CHECK(contains(failure(golden / "liars/numbers_as_names.h5", graph), "'layer_names' is not text"));
  CHECK(contains(failure(golden / "liars/soft_link.h5", graph), "soft or external link"));
  CHECK(contains(failure(golden / "absent.h5", graph), "there is no such file"));
  CHECK(contains(failure(golden, graph), "is a folder"));
}

TEST_CASE("keras weights: two tensors on the same bytes are damage") {
  const Scratch scratch("overlap.h5");
  write_kernels(scratch.path, {{"a", {2, 2}}, {"b", {2, 2}}});
  std::uint64_t a = 0, b = 0;
  {
    const Hdf5File file = Hdf5File::open(scratch.path);
    a = file.dataset("a/a/kernel:0").pieces.at(0).offset;
    b = file.dataset("b/b/kernel:0").pieces.at(0).offset;
  }
  std::fstream stream(scratch.path, std::ios::binary | std::ios::in | std::ios::out);
  std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  const std::string address(reinterpret_cast<const char*>(&b), 8);
  const std::size_t at = bytes.find(address);
  REQUIRE(at != std::string::npos);
  REQUIRE(bytes.find(address, at + 1) == std::string::npos);
  stream.clear();
  stream.seekp(static_cast<std::streamoff>(at));
  stream.write(reinterpret_cast<const char*>(&a), 8);
  stream.close();
  CHECK(contains(failure(scratch.path, dense_chain({"a", "b"})), "lie on the same bytes"));
}

TEST_CASE("inspect_keras_file: a line a tensor") {
  const FileContents keras2 = inspect_keras_file(golden / "keras2_types.h5");
  CHECK(keras2.layout == "Keras 2 weights");
  CHECK(keras2.keras_version == "2.2.4");
  REQUIRE(keras2.tensors.size() == 14);
  CHECK(keras2.tensors[0].layer == "stem");
  CHECK(keras2.tensors[0].weight == "kernel");
  CHECK(keras2.tensors[0].shape == Shape{3, 3, 3, 2});
  CHECK(keras2.tensors[0].type == "float16");
  const FileContents model = inspect_keras_file(golden / "keras3_nested.h5");
  CHECK(model.layout == "Keras 2 model");
  CHECK(model.keras_version.starts_with("3."));
  CHECK(model.tensors[0].layer == "dw");
  const FileContents unnamed = inspect_keras_file(golden / "keras3_unnamed.weights.h5");
  CHECK(unnamed.layout == "Keras 3 weights");
  CHECK(unnamed.tensors[0].layer == "layers/batch_normalization");
  CHECK(unnamed.tensors.size() == 14);
}

TEST_CASE("inspect_keras_file: real files") {
  const char* shared = std::getenv("PETAL_SHARED");
  const fs::path weights = fs::path(shared ? shared : PETAL_SOURCE "/../shared") / "weights";
  if (!fs::exists(weights)) {
    MESSAGE("skipped: no " << weights.string());
    return;
  }
  const auto count = [&](const std::string& name) {
    return inspect_keras_file(weights / name).tensors.size();
  };
  CHECK(count("mobilenet_v2_1.0_224.h5") == 262);
  CHECK(count("mobilenet_v2_1.0_224_no_top.h5") == 260);
  CHECK(count("mobilenet_0.75_224.h5") == 137);
  CHECK(count("mobilenet_0.75_224_no_top.h5") == 135);
  const FileContents stranger = inspect_keras_file(weights / "content_moderation_inception_v3.h5");
  CHECK(stranger.layout == "Keras 2 model");
  // 94 convolutions, 94 batch normalisations without gamma, 3 dense layers.
  CHECK(stranger.tensors.size() == 94 + 94 * 3 + 3 * 2);
  CHECK(stranger.tensors[1].layer == "batch_normalization_1");
  CHECK(stranger.tensors[1].weight == "beta");
  CHECK(stranger.tensors[0].compression == "shuffle, gzip");
  REQUIRE(stranger.model.has_value());
  CHECK(stranger.model->name == "model_1");
  CHECK(stranger.model->layers.size() == 318);
  CHECK(stranger.model->inputs.at(0).shape == Shape{299, 299, 3});
  CHECK(stranger.model->outputs.at(0).shape == Shape{5});
  CHECK(stranger.model->unreadable.empty());
}

TEST_CASE("file_hash: XXH3-64 of the bytes") {
  const Scratch scratch("hash");
  std::ofstream(scratch.path).flush();
  CHECK(file_hash(scratch.path) == 0x2d06800538d394c2);  // xxHash's own test vector for no bytes
  std::string bytes(3 << 20, 'a');
  std::ofstream(scratch.path, std::ios::binary) << bytes;
  const std::uint64_t hash = file_hash(scratch.path);
  bytes[(2 << 20) + 5] ^= 1;
  std::ofstream(scratch.path, std::ios::binary) << bytes;
  CHECK(file_hash(scratch.path) != hash);
  CHECK_THROWS_AS(file_hash(golden / "absent.h5"), Error);
  CHECK_THROWS_AS(file_hash(golden), Error);
}
