#include "tests/trainer/toy.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <sstream>

#include "engine/error.h"
#include "engine/random.h"
#include "io/image/image.h"
#include "kernels/cpu/backend.h"
#include "kernels/reference/backend.h"

namespace petal::test {

BackendFactory reference_backends() {
  return [](int) { return make_reference_backend(); };
}

BackendFactory cpu_backends() {
  return [](int threads) { return make_cpu_backend(threads); };
}

Network toy_classifier(std::int64_t size, std::int64_t classes, std::uint64_t seed) {
  GraphBuilder g("toy");
  Value x = g.input({size, size, 3});
  x = g.add("rescaling", Rescaling{.scale = 1.0f / 127.5f, .offset = -1.0f}, x);
  x = g.add("conv", Conv2D{.filters = 8, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same}, x);
  x = g.add("relu", Activation{.function = ActivationFunction::relu}, x);
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  x = g.add("predictions", Dense{.units = classes, .activation = ActivationFunction::softmax}, x);
  const Graph graph = std::move(g).build({x});
  Network network{graph.with_trainable([](const Node& node) { return node.name != "conv"; }), {}};
  network.weights = initialize(network.graph, seed);
  return network;
}

void write_photo(const std::filesystem::path& file, std::array<int, 3> colour, int variant) {
  std::filesystem::create_directories(file.parent_path());
  constexpr std::int64_t size = 24;
  Image image{
      .height = size, .width = size, .pixels = std::vector<std::uint8_t>(size * size * 3), .warning = {}};
  const RandomStream random(static_cast<std::uint64_t>(variant), RandomPurpose::drawing);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const int noise = static_cast<int>(random.below(static_cast<std::uint32_t>(i), 61)) - 30;
    image.pixels[i] = static_cast<std::uint8_t>(std::clamp(colour[i % 3] + noise, 0, 255));
  }
  write_jpeg(file, image);
}

void write_colours(const std::filesystem::path& root, int each) {
  for (int i = 0; i < each; ++i) {
    const std::string name = "photo" + std::to_string(i) + ".jpg";
    write_photo(root / "red" / name, {200, 60, 60}, i);
    write_photo(root / "green" / name, {60, 200, 60}, i + 1000);
    write_photo(root / "blue" / name, {60, 60, 200}, i + 2000);
  }
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::string read_text(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  FAIL("no Error was thrown");
  return "";
}

std::vector<std::int64_t> indexes(std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace petal::test
