#include "trainer/photo_stream.h"

#include <doctest/doctest.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "engine/error.h"
#include "engine/plan.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

// The truth: each photo alone through a plan of one.
std::vector<float> alone(const Network& network, const Photo& photo) {
  Plan plan = compile(network.graph, network.weights, reference_backends()(1), {.batch = 1});
  const Shape shape = plan.inputs()[0].shape;
  resize_bilinear(read_image(photo.path), shape[1], shape[2], reinterpret_cast<float*>(plan.input()));
  plan.run();
  const float* values = reinterpret_cast<const float*>(plan.output());
  return {values, values + plan.outputs()[0].shape.elements()};
}

std::vector<float> row(const Tensor& rows, std::int64_t i) {
  const auto width = static_cast<std::size_t>(rows.shape()[1]);
  const auto values = rows.values<float>().subspan(static_cast<std::size_t>(i) * width, width);
  return {values.begin(), values.end()};
}

struct Colours {
  explicit Colours(int each) {
    write_colours(folder.path(), each);
    photos = scan_folder(folder.path()).photos;
  }
  TemporaryFolder folder;
  std::vector<Photo> photos;
};

Tensor filled(std::int64_t photos, const Graph& graph, float value) {
  Tensor rows(Shape{photos, row_width(graph)});
  std::ranges::fill(rows.values<float>(), value);
  return rows;
}

}  // namespace

TEST_CASE(
    "photo stream: each row is what the photo gives alone, for any number of threads and a short last "
    "batch") {
  const Colours colours(7);  // 21 photos: 2 whole micro-batches and 5
  const Network network = toy_classifier();
  for (const int threads : {1, 2, 5}) {
    CAPTURE(threads);
    Tensor rows = filled(21, network.graph, -1.0f);
    const PhotoStreamReport report =
        run_photos(network, colours.photos, indexes(21), reference_backends(), {.threads = threads}, rows);
    CHECK(report.count(PhotoOutcome::State::decoded) == 21);
    CHECK_FALSE(report.stopped);
    for (std::int64_t i = 0; i < 21; ++i) {
      const std::vector<float> expected = alone(network, colours.photos[static_cast<std::size_t>(i)]);
      const std::vector<float> found = row(rows, i);
      for (std::size_t c = 0; c < expected.size(); ++c)
        CHECK(found[c] == doctest::Approx(expected[c]).epsilon(1e-6));
    }
  }
}

TEST_CASE("photo stream: bit for bit the same for any number of threads on the cpu backend") {
  const Colours colours(9);
  const Network network = toy_classifier();
  Tensor one = filled(27, network.graph, 0.0f), many = filled(27, network.graph, 0.0f);
  run_photos(network, colours.photos, indexes(27), cpu_backends(), {.threads = 1}, one);
  run_photos(network, colours.photos, indexes(27), cpu_backends(), {.threads = 4}, many);
  for (std::int64_t i = 0; i < 27; ++i) CHECK(row(one, i) == row(many, i));
}

TEST_CASE("photo stream: only selected photos are run, only their rows are written") {
  const Colours colours(2);
  const Network network = toy_classifier();
  Tensor rows = filled(6, network.graph, -1.0f);
  const std::vector<std::int64_t> selected = {4, 1};
  const PhotoStreamReport report =
      run_photos(network, colours.photos, selected, reference_backends(), {.threads = 2}, rows);
  for (std::int64_t i = 0; i < 6; ++i) {
    const bool chosen = i == 1 || i == 4;
    CHECK((report.outcomes[static_cast<std::size_t>(i)].state == PhotoOutcome::State::decoded) == chosen);
    CHECK((row(rows, i) == std::vector<float>(3, -1.0f)) != chosen);
  }
}

TEST_CASE("photo stream: a photo that cannot be decoded is skipped and named, the others keep their rows") {
  const Colours colours(5);
  write_text(colours.photos[3].path, "not a photo");
  std::filesystem::remove(colours.photos[12].path);
  const Network network = toy_classifier();
  Tensor rows = filled(15, network.graph, -1.0f);
  const PhotoStreamReport report =
      run_photos(network, colours.photos, indexes(15), reference_backends(), {.threads = 2}, rows);
  CHECK(report.count(PhotoOutcome::State::skipped) == 2);
  const std::vector<PhotoMessage> skipped = messages(colours.photos, report, PhotoOutcome::State::skipped);
  REQUIRE(skipped.size() == 2);
  CHECK(skipped[0].photo == colours.photos[3].name);
  CHECK(skipped[0].message.find(colours.photos[3].name) != std::string::npos);
  CHECK(skipped[1].photo == colours.photos[12].name);
  CHECK(row(rows, 3) == std::vector<float>(3, -1.0f));
  const std::vector<float> expected = alone(network, colours.photos[4]);
  for (std::size_t c = 0; c < 3; ++c) CHECK(row(rows, 4)[c] == doctest::Approx(expected[c]).epsilon(1e-6));
}

TEST_CASE("photo stream: strict throws at the first bad photo of the list, however streams race") {
  const Colours colours(20);
  for (const std::size_t bad : {17, 18, 24, 40}) write_text(colours.photos[bad].path, "not a photo");
  const Network network = toy_classifier();
  Tensor rows = filled(60, network.graph, 0.0f);
  PhotoStreamOptions options{.threads = 4, .strict = true};
  // The third micro-batch dawdles before photo 17, so that the fourth meets photo 24 long before.
  options.seen = [](std::int64_t photo, std::span<const std::byte>) {
    if (photo == 16) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  };
  const std::string message = error_of(
      [&] { run_photos(network, colours.photos, indexes(60), reference_backends(), options, rows); });
  CHECK(message.find(colours.photos[17].name) == 0);
  CHECK(message.find("--strict") != std::string::npos);
}

TEST_CASE("photo stream: progress reaches the total, and every photo's bytes are seen") {
  const Colours colours(7);
  const Network network = toy_classifier();
  Tensor rows = filled(21, network.graph, 0.0f);
  std::int64_t last = 0;
  std::mutex mutex;
  std::vector<std::int64_t> seen(21, 0);
  PhotoStreamOptions options{.threads = 3};
  options.progress = [&](std::int64_t done, std::int64_t total) {
    CHECK(done > last);
    CHECK(total == 21);
    last = done;
  };
  options.seen = [&](std::int64_t photo, std::span<const std::byte> bytes) {
    const std::lock_guard lock(mutex);
    seen[static_cast<std::size_t>(photo)] += static_cast<std::int64_t>(bytes.size());
  };
  run_photos(network, colours.photos, indexes(21), reference_backends(), options, rows);
  CHECK(last == 21);
  for (std::size_t i = 0; i < 21; ++i) {
    CHECK(seen[i] == static_cast<std::int64_t>(std::filesystem::file_size(colours.photos[i].path)));
  }
}

TEST_CASE("photo stream: the stop flag ends it; what counts as decoded has its row") {
  const Colours colours(20);
  const Network network = toy_classifier();
  Tensor rows = filled(60, network.graph, -1.0f);
  std::atomic<bool> stop{false};
  PhotoStreamOptions options{.threads = 2, .stop = &stop};
  options.seen = [&](std::int64_t photo, std::span<const std::byte>) {
    if (photo == 20) stop = true;
  };
  const PhotoStreamReport report =
      run_photos(network, colours.photos, indexes(60), reference_backends(), options, rows);
  CHECK(report.stopped);
  CHECK(report.count(PhotoOutcome::State::decoded) < 60);
  for (std::int64_t i = 0; i < 60; ++i) {
    const bool decoded = report.outcomes[static_cast<std::size_t>(i)].state == PhotoOutcome::State::decoded;
    CHECK((row(rows, i) == std::vector<float>(3, -1.0f)) != decoded);
  }
}

TEST_CASE("photo stream: no photos, no work; a graph that takes no photos is refused") {
  const Network network = toy_classifier();
  Tensor none(Shape{0, 3});
  CHECK(run_photos(network, {}, {}, reference_backends(), {}, none).outcomes.empty());
  GraphBuilder g("flat");
  const Value x = g.input({4});
  const Graph flat = std::move(g).build({g.add("dense", Dense{.units = 3}, x)});
  CHECK(error_of([&] {
          run_photos({flat, initialize(flat, 1)}, {}, {}, reference_backends(), {}, none);
        }).find("expected photos") != std::string::npos);
}
