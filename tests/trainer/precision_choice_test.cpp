#include "trainer/precision_choice.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/cuda_on_host.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

const PrecisionRequest forced{.precision = Precision::bf16, .is_automatic = true, .least_photos = 1};

// The base of the toy; `offset` is added behind its convolution and taken away again, so that bfloat16 loses
// what stands beside it.
Network base(float offset) {
  const Network toy = toy_classifier();
  GraphBuilder g("base");
  std::vector<Value> values;
  for (const Node& node : toy.graph.nodes()) {
    if (std::holds_alternative<GlobalAveragePooling2D>(node.layer)) {
      Value x = g.add("away", Rescaling{.scale = 1, .offset = offset}, values.back());
      x = g.add("back", Rescaling{.scale = 1, .offset = -offset}, x);
      return {std::move(g).build({g.add(node, std::vector<Value>{x})}), toy.weights};
    }
    std::vector<Value> inputs;
    for (const int input : node.inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    values.push_back(g.add(node, inputs));
  }
  FAIL("the toy has no pooling");
  return toy;
}

struct Colours {
  TemporaryFolder folder;
  ImageFolder photos;
  explicit Colours(int each) {
    write_colours(folder.path(), each);
    photos = scan_folder(folder.path(), 1);
  }
};

}  // namespace

TEST_CASE(
    "precision auto: bf16 where the processor is faster with it and the features stay within the bound") {
  const Colours colours(30);
  const PrecisionChoice choice = choose_precision(forced, base(0), colours.photos.photos, cpu_backends(), {});
  CHECK(choice.precision == Precision::bf16);
  REQUIRE(choice.error);
  CHECK(choice.error->photos == precision_sample);
  CHECK(choice.error->median_feature_error > 0);
  CHECK(choice.error->median_feature_error <= choice.error->worst_feature_error);
  CHECK(choice.error->worst_feature_error < worst_feature_bound);
  CHECK(choice.error->changed_classes == 0);
  // Three colours lie apart.
  CHECK(choice.error->f32_accuracy == 1.0);
  CHECK(choice.error->half_accuracy == 1.0);
  const std::string text = to_text(choice);
  CHECK(text.find("on 64 photos") != std::string::npos);
  CHECK(text.ends_with("kept, so bf16 is used"));
}

TEST_CASE("float16 on a GPU is measured and told as bfloat16 is") {
  const Colours colours(3);
  const BackendFactory gpu = [](int) { return testing::make_cuda_on_host(); };
  const PrecisionRequest f16{.precision = Precision::f16};
  const PrecisionChoice choice = choose_precision(f16, base(0), colours.photos.photos, gpu, {});
  CHECK(choice.precision == Precision::f16);
  REQUIRE(choice.error);
  CHECK(choice.error->half == Precision::f16);
  CHECK(choice.error->median_feature_error > 0);
  CHECK(choice.error->worst_feature_error < 0.005);
  const std::string text = to_text(choice);
  CHECK_MESSAGE(text.starts_with("f16 against f32 on 9 photos"), text);
}

TEST_CASE("precision auto: f32 where bf16 goes beyond the bound; by name it is used all the same") {
  const Colours colours(3);
  const Network network = base(1000);
  const PrecisionChoice choice = choose_precision(forced, network, colours.photos.photos, cpu_backends(), {});
  CHECK(choice.precision == Precision::f32);
  REQUIRE(choice.error);
  CHECK(choice.error->photos == 9);
  CHECK(choice.error->median_feature_error > median_feature_bound);
  CHECK(to_text(choice).ends_with("missed, so f32 is used"));
  const PrecisionChoice named =
      choose_precision({.precision = Precision::bf16}, network, colours.photos.photos, cpu_backends(), {});
  CHECK(named.precision == Precision::bf16);
  REQUIRE(named.error);
  CHECK(to_text(named).ends_with("missed"));
}

TEST_CASE("precision auto: f32 without a measurement where it would not pay") {
  const Colours colours(2);
  const auto chosen = [&](const PrecisionRequest& request) {
    const PrecisionChoice choice =
        choose_precision(request, base(0), colours.photos.photos, cpu_backends(), {});
    CHECK_FALSE(choice.error);
    CHECK(to_text(choice).empty());
    return choice.precision;
  };
  // A processor that gains nothing; photos that are too few; f32 by name.
  CHECK(chosen(precision_request("auto", Bfloat16Speed::slower)) == Precision::f32);
  CHECK(chosen(precision_request("auto", Bfloat16Speed::faster)) == Precision::f32);
  CHECK(chosen(precision_request("f32", Bfloat16Speed::faster)) == Precision::f32);
}

TEST_CASE("precision auto: where the gain depends on the network, it is timed first") {
  const PrecisionRequest request = precision_request("auto", Bfloat16Speed::depends);
  CHECK(request.is_automatic);
  CHECK(request.is_timed);
  const Colours colours(4);
  PrecisionRequest timed = request;
  timed.least_photos = 1;
  const PrecisionChoice choice = choose_precision(timed, base(0), colours.photos.photos, cpu_backends(), {});
  REQUIRE(choice.bf16_speed);
  CHECK(*choice.bf16_speed > 0);
  const bool gains = *choice.bf16_speed >= least_bf16_speed;
  CHECK(choice.error.has_value() == gains);
  CHECK((choice.precision == Precision::bf16) == gains);
  const std::string text = to_text(choice);
  CHECK(text.starts_with("bf16 runs "));
  CHECK(text.ends_with(gains ? "so bf16 is used" : "so f32 is used"));
  // Few photos are not worth even that.
  const PrecisionChoice few = choose_precision(request, base(0), colours.photos.photos, cpu_backends(), {});
  CHECK(few.precision == Precision::f32);
  CHECK_FALSE(few.bf16_speed);
}

TEST_CASE("precision auto: a classifier's own answers decide too") {
  const Colours colours(4);
  Model model{.network = toy_classifier(), .labels = colours.photos.labels, .architecture = ""};
  const PrecisionChoice kept =
      choose_precision(forced, model, colours.photos.photos, cpu_backends(), PhotoStreamOptions{});
  CHECK(kept.precision == Precision::bf16);
  REQUIRE(kept.error);
  CHECK(kept.error->photos == 12);
  CHECK(kept.error->f32_accuracy.has_value());
  // Of unknown classes there is no accuracy.
  std::vector<Photo> unknown = colours.photos.photos;
  for (Photo& photo : unknown) photo.label = -1;
  const PrecisionChoice blind =
      choose_precision(forced, model, unknown, cpu_backends(), PhotoStreamOptions{});
  REQUIRE(blind.error);
  CHECK_FALSE(blind.error->f32_accuracy.has_value());
  // By name nothing is measured.
  CHECK_FALSE(
      choose_precision({.precision = Precision::bf16}, model, unknown, cpu_backends(), PhotoStreamOptions{})
          .error);
  // A head over features that bfloat16 has lost.
  const Network lossy = base(1000);
  model.network = lossy;
  const PrecisionChoice missed =
      choose_precision(forced, model, colours.photos.photos, cpu_backends(), PhotoStreamOptions{});
  CHECK(missed.precision == Precision::f32);
}

TEST_CASE("precision: each part of the bound can be missed") {
  const PrecisionError good{.photos = 64,
                            .median_feature_error = median_feature_bound,
                            .worst_feature_error = worst_feature_bound,
                            .changed_classes = 2,
                            .f32_accuracy = 0.5,
                            .half_accuracy = 0.5 - lost_accuracy_bound};
  CHECK(is_within_bound(good));
  const auto with = [&](auto change) {
    PrecisionError error = good;
    change(error);
    return is_within_bound(error);
  };
  CHECK_FALSE(with([](PrecisionError& e) { e.median_feature_error *= 1.01; }));
  CHECK_FALSE(with([](PrecisionError& e) { e.worst_feature_error *= 1.01; }));
  CHECK_FALSE(with([](PrecisionError& e) { e.worst_feature_error = std::nan(""); }));
  CHECK_FALSE(with([](PrecisionError& e) { e.changed_classes = 3; }));
  CHECK_FALSE(with([](PrecisionError& e) { e.half_accuracy = 0.5 - 2.0 / 64; }));
  CHECK(with([](PrecisionError& e) { e.half_accuracy = 1.0; }));
}

TEST_CASE("precision by name") {
  CHECK(to_string(precision_request("auto", Bfloat16Speed::faster)) == "auto");
  CHECK(precision_request("auto", Bfloat16Speed::faster).precision == Precision::bf16);
  CHECK(precision_request("bf16", Bfloat16Speed::slower).precision == Precision::bf16);
  CHECK_FALSE(precision_request("bf16", Bfloat16Speed::faster).is_automatic);
  CHECK(error_of([] { precision_request("int4", Bfloat16Speed::faster); }).find("auto, f32, bf16") !=
        std::string::npos);
}
