// One answer for tests/golden/check_architectures.py, which compares it with Keras's.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/plan.h"
#include "golden_case.h"
#include "io/hdf5/keras_weights.h"
#include "io/model_file.h"
#include "kernels/cpu/backend.h"
#include "models/registry.h"

namespace petal {
namespace {

namespace fs = std::filesystem;

Model load(const fs::path& folder, const nlohmann::json& given) {
  Model model;
  model.architecture = given["model"];
  model.network.graph = build_classifier(architecture(model.architecture), {.image_size = given["size"],
                                                                            .alpha = given["alpha"],
                                                                            .include_top = given["top"],
                                                                            .classes = given["classes"]});
  const std::string weights = given["weights"];
  const ImportTally tally = load_keras_weights(folder / weights, model.network.graph, model.network.weights);
  CHECK(tally.matched_by == given["matched_by"].get<std::string>());
  return model;
}

void answer(const Model& model, const fs::path& folder) {
  Plan plan = compile(model.network.graph, model.network.weights, make_cpu_backend(2),
                      {.batch = 1, .optimize = true});
  const auto bytes = static_cast<std::streamsize>(plan.inputs()[0].shape.elements() * 4);
  std::ifstream photo(folder / "photo.f32", std::ios::binary);
  photo.read(reinterpret_cast<char*>(plan.input()), bytes);
  REQUIRE(photo.gcount() == bytes);
  plan.run();
  const std::span<const float> output = golden::output(plan);
  std::ofstream(folder / "output.f32", std::ios::binary)
      .write(reinterpret_cast<const char*>(output.data()), static_cast<std::streamsize>(output.size_bytes()));
}

// Keras has opened the model that Petal saved, and saved it again.
void check_returned(const Model& model, const Model& returned) {
  const auto &sent = model.network.weights.entries(), &found = returned.network.weights.entries();
  REQUIRE(found.size() == sent.size());
  for (const auto& [name, entry] : sent) {
    CAPTURE(name);
    REQUIRE(found.contains(name));
    const Tensor &a = *entry.tensor, &b = *found.at(name).tensor;
    CHECK(a.shape() == b.shape());
    CHECK(std::ranges::equal(a.values(), b.values()));
  }
}

TEST_CASE("parity with Keras on the case of PETAL_PARITY") {
  const char* given = std::getenv("PETAL_PARITY");
  if (given == nullptr) {
    MESSAGE("skipped: no PETAL_PARITY; tests/golden/check_architectures.py, run by hand, sets it");
    return;
  }
  const fs::path folder = given;
  const nlohmann::json json = golden::read_json(folder / "case.json");
  const Model model = load(folder, json);
  if (fs::exists(folder / "returned.h5")) {
    check_returned(model, load_model(folder / "returned.h5"));
    return;
  }
  answer(model, folder);
  if (json["round_trip"]) save_model(folder / "petal.h5", model);
}

}  // namespace
}  // namespace petal
