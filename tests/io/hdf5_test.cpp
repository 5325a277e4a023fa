#include "io/hdf5/file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>

#include "engine/error.h"
#include "io/hdf5/writer.h"

using namespace petal;
namespace fs = std::filesystem;

namespace {

const fs::path golden = PETAL_SOURCE "/tests/golden/weights";

// A path of this test's own, removed at its end.
struct Scratch {
  fs::path path;
  explicit Scratch(const std::string& name)
      : path(fs::temp_directory_path() / (std::to_string(getpid()) + "_petal_" + name)) {}
  ~Scratch() { fs::remove_all(path); }
};

std::string message_of(auto&& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_input);
    return error.what();
  }
  return "no error";
}

std::string opening(const fs::path& path) {
  return message_of([&] { Hdf5File::open(path); });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> long_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i)
    names.push_back("a_layer_with_a_name_of_its_own_" + std::to_string(i) + std::string(i % 7, 'x'));
  return names;
}

}  // namespace

TEST_CASE("hdf5: what is written is read back") {
  const Scratch scratch("round_trip.h5");
  const std::string config = "{\"ä\": \"" + std::string(100000, 'x') + "\"}";
  std::vector<float> numbers(6 * 5 * 4);
  std::iota(numbers.begin(), numbers.end(), -3.0f);
  numbers[7] = std::numeric_limits<float>::denorm_min();
  {
    Hdf5Writer file = Hdf5Writer::create(scratch.path);
    file.write_string_attribute("", "model_config", config);
    file.write_string_attribute("", "empty", "");
    file.create_group("model_weights/inner");
    file.write_strings_attribute("model_weights", "few", std::vector<std::string>{"a", "", "three"});
    file.write_strings_attribute("model_weights", "none", {});
    file.write_strings_attribute("model_weights", "many", long_names(4999));
    file.write_dataset("model_weights/dense/dense/kernel:0", {6, 5, 4}, numbers);
    file.write_dataset("packed", {6, 5, 4}, numbers, {.compress = true});
    file.write_dataset("scalar", {}, std::vector<float>{42.0f});
    file.write_dataset("nothing", {0, 3}, {});
    file.close();
  }
  const Hdf5File file = Hdf5File::open(scratch.path);
  CHECK(file.string_attribute("", "model_config") == config);
  CHECK(file.string_attribute("/", "empty") == "");
  CHECK(file.string_attribute("", "absent") == std::nullopt);
  CHECK(file.has_attribute("", "empty"));
  CHECK_FALSE(file.has_attribute("", "absent"));
  CHECK(file.strings_attribute("model_weights", "few") == std::vector<std::string>{"a", "", "three"});
  CHECK(file.strings_attribute("model_weights", "none") == std::vector<std::string>{});
  CHECK(file.strings_attribute("model_weights", "absent") == std::nullopt);
  CHECK(file.strings_attribute("model_weights", "many") == long_names(4999));
  // Keras splits what is over 64512 bytes.
  CHECK_FALSE(file.has_attribute("model_weights", "many"));
  CHECK(file.has_attribute("model_weights", "many0"));
  CHECK(file.members("") == std::vector<std::string>{"model_weights", "nothing", "packed", "scalar"});
  CHECK(file.members("model_weights") == std::vector<std::string>{"dense", "inner"});
  CHECK(file.is_group("model_weights/inner"));
  CHECK_FALSE(file.is_group("packed"));
  CHECK(file.is_dataset("/packed"));
  CHECK_FALSE(file.is_dataset("packed/below"));
  for (const std::string name : {"model_weights/dense/dense/kernel:0", "packed"}) {
    CHECK(file.dataset(name).shape == Shape{6, 5, 4});
    CHECK(file.dataset(name).type == "float32");
    std::vector<float> read(numbers.size());
    file.read(name, read);
    CHECK(read == numbers);
  }
  CHECK(file.dataset("packed").stored_bytes() <
        file.dataset("model_weights/dense/dense/kernel:0").stored_bytes());
  float scalar = 0;
  file.read("scalar", {&scalar, 1});
  CHECK(scalar == 42.0f);
  CHECK(file.dataset("nothing").shape == Shape{0, 3});
}

TEST_CASE("hdf5: large gzipped datasets are cut into chunks and come back whole") {
  const Scratch scratch("chunks.h5");
  const Shape shape{3, 1100, 301};
  std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::sin(static_cast<float>(i));
  Hdf5Writer written = Hdf5Writer::create(scratch.path);
  written.write_dataset("numbers", shape, numbers, {.compress = true});
  written.close();
  std::vector<float> read(numbers.size());
  CHECK(Hdf5File::open(scratch.path).dataset("numbers").pieces.size() > 3);
  Hdf5File::open(scratch.path).read("numbers", read);
  CHECK(read == numbers);
}

TEST_CASE("hdf5: equal content gives equal bytes") {
  const Scratch one("one.h5"), two("two.h5");
  for (const fs::path& path : {one.path, two.path}) {
    Hdf5Writer file = Hdf5Writer::create(path);
    file.write_string_attribute("", "config", "{}");
    file.write_dataset("a/b", {2}, std::vector<float>{1, 2}, {.compress = true});
    file.close();
    if (path == one.path) usleep(1100000);  // times in a file count seconds
  }
  CHECK(bytes_of(one.path) == bytes_of(two.path));
}

TEST_CASE("hdf5: strings and numbers that others write") {
  const Hdf5File file = Hdf5File::open(golden / "keras2_types.h5");
  CHECK(file.strings_attribute("", "null_strings") == std::vector<std::string>{"", ""});
  CHECK(file.strings_attribute("", "space_padded") == std::vector<std::string>{"ab", "full"});
  CHECK(file.strings_attribute("stem", "weight_names") == std::vector<std::string>{"stem/kernel:0"});
  CHECK(file.strings_attribute("photo", "weight_names") == std::vector<std::string>{});
  CHECK(file.dataset("stem/stem/kernel:0").type == "float16");
  CHECK(file.dataset("stem_bn/stem_bn/gamma:0").type == "float64");
  CHECK(file.dataset("dw/dw/depthwise_kernel:0").type == "float32");
  CHECK(file.dataset("expand/expand/kernel:0").type == "int16");
  CHECK(file.dataset("dw_bn/dw_bn/beta:0").type == "int64");
  CHECK(contains(message_of([&] { file.string_attribute("", "space_padded"); }), "2 elements"));
}

TEST_CASE("hdf5: files that are none, each with its reason") {
  const Scratch folder("folder"), empty("empty.h5"), page("page.h5"), zip("model.h5"), text("text.h5");
  fs::create_directory(folder.path);
  std::ofstream(empty.path).flush();
  std::ofstream(page.path) << "<html>Not found</html>";
  std::ofstream(zip.path) << "PK\x03\x04 and so on";
  std::ofstream(text.path) << std::string(3000, 'x');
  CHECK(contains(opening(golden / "absent.h5"), "absent.h5: there is no such file"));
  CHECK(contains(opening(folder.path), "is a folder"));
  CHECK(contains(opening(empty.path), "is empty"));
  CHECK(contains(opening(page.path), "web page"));
  CHECK(contains(opening(zip.path), "zip archive"));
  CHECK(contains(opening(text.path), "is not an HDF5 file"));
  CHECK(contains(opening("/dev/null"), "not a regular file"));
}

TEST_CASE("hdf5: a user block in front is no obstacle") {
  const Scratch scratch("user_block.h5");
  std::ofstream(scratch.path, std::ios::binary)
      << std::string(512, 'u') << bytes_of(golden / "liars/not_a_number.h5");
  CHECK(Hdf5File::open(scratch.path).is_group("dense"));
}

TEST_CASE("hdf5: a file cut anywhere is an error, most often `truncated`") {
  const std::string whole = bytes_of(golden / "keras2.h5");
  const Scratch scratch("truncated.h5");
  for (std::size_t percent = 0; percent < 100; ++percent) {
    std::ofstream(scratch.path, std::ios::binary) << whole.substr(0, whole.size() * percent / 100);
    const std::string message = opening(scratch.path);
    CAPTURE(percent);
    CHECK(contains(message, percent == 0 ? "is empty" : "is truncated"));
  }
}

TEST_CASE("hdf5: what a dataset must not be") {
  const auto reading = [](const std::string& name) {
    return message_of([&] {
      float numbers[4];
      Hdf5File::open(golden / "liars" / name).read("dense/kernel:0", numbers);
    });
  };
  CHECK(contains(reading("soft_link.h5"), "soft or external link"));
  CHECK(contains(reading("external_link.h5"), "soft or external link"));
  CHECK(contains(reading("external_storage.h5"), "in other files"));
  CHECK(contains(reading("virtual.h5"), "in other files"));
  CHECK(contains(reading("lzf.h5"), "filter 32000"));
  CHECK(contains(reading("huge.h5"), "more elements than the file holds"));
  CHECK(contains(reading("huge_chunk.h5"), "chunks larger than itself"));
  CHECK(contains(reading("never_written.h5"), "never written"));
  CHECK(contains(reading("missing_chunk.h5"), "lacks a chunk"));
  CHECK(contains(reading("skipped_filter.h5"), "skips its filters"));
  CHECK(contains(reading("short_chunk.h5"), "does not unpack to its size"));
  CHECK(contains(reading("bomb.h5"), "does not unpack to its size"));
  CHECK(contains(reading("text.h5"), "no plain numbers"));
  const Hdf5File links = Hdf5File::open(golden / "liars/soft_link.h5");
  CHECK(links.members("dense").empty());
  CHECK(links.is_dataset("elsewhere"));
  CHECK(contains(message_of([&] { links.members("absent"); }), "'absent': is not in the file"));
  CHECK(contains(message_of([&] { links.members("elsewhere"); }), "is not a group"));
  CHECK(contains(message_of([&] { links.dataset("dense"); }), "is not a dataset"));
  float three[3];
  CHECK(contains(message_of([&] { links.read("elsewhere", three); }), "is (2, 2); expected 3 elements"));
}

TEST_CASE("hdf5: writing fails with ErrorKind::failure") {
  const auto kind_of = [](auto&& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::bad_input;
  };
  const Scratch scratch("failing.h5");
  Hdf5Writer file = Hdf5Writer::create(scratch.path);
  file.create_group("a");
  CHECK(kind_of([&] { file.create_group("a"); }) == ErrorKind::failure);
  CHECK(kind_of([&] { file.write_dataset("b", {2}, std::vector<float>{1}); }) == ErrorKind::failure);
  const std::vector<std::string> over = {std::string(64513, 'x')};
  CHECK(kind_of([&] { file.write_strings_attribute("a", "names", over); }) == ErrorKind::failure);
  CHECK(kind_of([&] { Hdf5Writer::create(scratch.path / "below" / "x.h5").close(); }) == ErrorKind::failure);
  // A full disk, as the kernel plays it.
  if (fs::exists("/dev/full"))
    CHECK(kind_of([&] {
            Hdf5Writer full = Hdf5Writer::create("/dev/full");
            full.write_dataset("a", {1 << 20}, std::vector<float>(1 << 20));
            full.close();
          }) == ErrorKind::failure);
}
