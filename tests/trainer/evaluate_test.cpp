#include "trainer/evaluate.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/error.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

// A model that knows colours: its convolution passes the channels on, its last layer weighs each.
Model colour_model(std::vector<std::string> labels) {
  Model model{.network = toy_classifier(), .labels = std::move(labels), .architecture = "toy"};
  Tensor kernel(model.network.weights.at("conv/kernel").shape());  // (3, 3, 3, 8)
  for (std::size_t c = 0; c < 3; ++c) kernel.values<float>()[(4 * 3 + c) * 8 + c] = 1.0f;
  model.network.weights.set("conv/kernel", std::move(kernel), Role::weight);
  Tensor dense(Shape{8, 3});
  for (std::size_t c = 0; c < 3; ++c) dense.values<float>()[c * 3 + c] = 10.0f;
  model.network.weights.set("predictions/kernel", std::move(dense), Role::weight);
  return model;
}

const std::vector<std::string> by_channel = {"red", "green", "blue"};

}  // namespace

TEST_CASE("evaluate: folders are matched to the model's labels by name, not by place") {
  TemporaryFolder folder;
  write_colours(folder.path(), 4);
  const Model model = colour_model(by_channel);
  const FolderEvaluation result = evaluate_folder(model, folder.path(), cpu_backends(), {.threads = 2});
  CHECK(result.evaluation.samples == 12);
  CHECK(result.evaluation.accuracy == 1.0);
  CHECK(result.evaluation.per_class[0].label == "red");
  CHECK(result.evaluation.per_class[0].support == 4);
  std::filesystem::remove_all(folder / "green");
  std::filesystem::rename(folder / "red", folder / "green");  // wrongly labelled
  const FolderEvaluation wrong = evaluate_folder(model, folder.path(), cpu_backends(), {.threads = 2});
  CHECK(wrong.evaluation.accuracy == 0.5);
  CHECK(wrong.evaluation.confusion_matrix[1][0] == 4);
}

TEST_CASE("evaluate: what gives no one score a class is refused, not read as one") {
  TemporaryFolder folder;
  write_colours(folder.path(), 1);
  const auto refusal = [&](const std::vector<std::string>& outputs) {
    Model model = colour_model(by_channel);
    model.network.graph = model.network.graph.with_outputs(outputs);
    return error_of([&] { evaluate_folder(model, folder.path(), cpu_backends(), {}); });
  };
  CHECK(refusal({"predictions", "pool"}).find("gives 2 outputs, 'predictions', 'pool'; expected one") !=
        std::string::npos);
  CHECK(refusal({"conv"}).find("8), expected a score a class") != std::string::npos);
}

TEST_CASE("evaluate: an image of one pixel is a score a class too") {
  TemporaryFolder folder;
  write_colours(folder.path(), 1);
  Model model = colour_model(by_channel);
  GraphBuilder g("one_pixel");
  Value x = g.input(model.network.graph[model.network.graph.inputs()[0]].shape);
  x = g.append(model.network.graph, std::span(&x, 1))[0];
  x = g.add("pixel", Reshape{.target = {1, 1, 3}}, x);
  model.network.graph = std::move(g).build({x});
  CHECK(evaluate_folder(model, folder.path(), cpu_backends(), {}).evaluation.accuracy == 1.0);
}

TEST_CASE("evaluate: an unknown class, a model without labels, and not one decodable photo are Errors") {
  TemporaryFolder folder;
  write_colours(folder.path(), 1);
  CHECK(error_of([&] {
          evaluate_folder(colour_model({}), folder.path(), cpu_backends(), {});
        }).find("--labels") != std::string::npos);
  const std::string unknown = error_of([&] {
    evaluate_folder(colour_model({"red", "green", "cyan"}), folder.path(), cpu_backends(), {});
  });
  CHECK(unknown.find("blue: is no class of the model") != std::string::npos);
  CHECK(unknown.find("red, green, cyan") != std::string::npos);
  for (const char* name : {"red", "green", "blue"}) write_text(folder / name / "photo0.jpg", "no photo");
  CHECK(error_of([&] {
          evaluate_folder(colour_model(by_channel), folder.path(), cpu_backends(), {});
        }).find("not one of its photos") != std::string::npos);
}

TEST_CASE("evaluate: a skipped photo is named, and the others keep their truth") {
  TemporaryFolder folder;
  write_colours(folder.path(), 3);
  write_text(folder / "blue" / "photo1.jpg", "no photo");
  const FolderEvaluation result =
      evaluate_folder(colour_model(by_channel), folder.path(), cpu_backends(), {.threads = 2});
  CHECK(result.evaluation.samples == 8);
  CHECK(result.evaluation.accuracy == 1.0);
  REQUIRE(result.scored.skipped.size() == 1);
  CHECK(result.scored.skipped[0].photo == "blue/photo1.jpg");
}

TEST_CASE("predict: photos with their best classes, the best first") {
  TemporaryFolder folder;
  write_colours(folder.path(), 1);
  const std::vector<Photo> photos = list_photos(folder.path());
  const Model model = colour_model(by_channel);
  const ScoredPhotos scored = score_photos(model, photos, cpu_backends(), {.threads = 2});
  const std::vector<PhotoPrediction> found = predictions(scored, photos, model.labels, 2);
  REQUIRE(found.size() == 3);
  for (const PhotoPrediction& prediction : found) {
    REQUIRE(prediction.top.size() == 2);
    CHECK(prediction.photo.name.find(prediction.top[0].label) == 0);
    CHECK(prediction.top[0].probability > prediction.top[1].probability);
  }
  CHECK(predictions(scored, photos, model.labels, 99)[0].top.size() == 3);
  CHECK(predictions(scored, photos, {}, 1)[0].top[0].label == "class 2");  // blue, the first by name
  CHECK(error_of([&] { predictions(scored, photos, std::vector<std::string>{"one"}, 1); }).find("labels:") ==
        0);
}

TEST_CASE("predict: equals come in order of their class") {
  ScoredPhotos scored{.probabilities = Tensor(Shape{1, 3}), .photos = {0}, .skipped = {}, .warnings = {}};
  std::ranges::fill(scored.probabilities.values<float>(), 0.25f);
  const std::vector<Photo> photos = {{.path = "x.jpg", .name = "x.jpg"}};
  const auto top = predictions(scored, photos, by_channel, 3)[0].top;
  CHECK(top[0].label == "red");
  CHECK(top[2].label == "blue");
}

TEST_CASE("predict: photos are turned as the model's were in training, whatever the options say") {
  // A photo whose EXIF turns it: decoded both ways, the two models see other pixels.
  const std::filesystem::path turned =
      std::filesystem::path(PETAL_SOURCE) / "tests" / "golden" / "images" / "exif_6.jpg";
  Model model{.network = toy_classifier(), .labels = by_channel, .architecture = "toy"};
  Tensor dense(Shape{8, 3});
  const auto values = dense.values<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 5) - 2.0f;
  model.network.weights.set("predictions/kernel", std::move(dense), Role::weight);
  const std::vector<Photo> photos = {{.path = turned, .name = "turned"}};
  const auto scores = [&](bool exif, bool option) {
    model.apply_exif_orientation = exif;
    const Tensor p = score_photos(model, photos, cpu_backends(),
                                  {.threads = 1, .decode = {.apply_exif_orientation = option}})
                         .probabilities;
    return std::vector<float>(p.values<float>().begin(), p.values<float>().end());
  };
  CHECK(scores(true, true) == scores(true, false));
  CHECK(scores(false, true) == scores(false, false));
  CHECK(scores(true, true) != scores(false, false));
}

TEST_CASE("predict: photos are decoded as fast as the model's were in training, whatever the options say") {
  const std::filesystem::path file =
      std::filesystem::path(PETAL_SOURCE) / "tests" / "golden" / "images" / "baseline_444.jpg";
  Model model{.network = toy_classifier(), .labels = by_channel, .architecture = "toy"};
  const std::vector<Photo> photos = {{.path = file, .name = "23 rows of 37"}};
  const auto scores = [&](bool fast, bool option) {
    model.fast_decode = fast;
    const PhotoStreamOptions options{.threads = 1, .decode = {.fast = option}};
    const Tensor p = score_photos(model, photos, cpu_backends(), options).probabilities;
    return std::vector<float>(p.values<float>().begin(), p.values<float>().end());
  };
  CHECK(scores(true, true) == scores(true, false));
  CHECK(scores(false, true) == scores(false, false));
  CHECK(scores(true, true) != scores(false, false));
}
