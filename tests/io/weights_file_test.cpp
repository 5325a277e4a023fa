#include <doctest/doctest.h>

#include "engine/error.h"
#include "io/hdf5/keras_weights.h"
#include "io/keras_contents.h"
#include "tests/io/tiny_network.h"
#include "tests/temporary_folder.h"

using namespace petal;
using namespace petal::testing;

TEST_CASE("keras weights: what is saved as .weights.h5 comes back, by name, bit for bit") {
  const test::TemporaryFolder folder;
  const std::filesystem::path path = folder / "saved.weights.h5";
  Network network{tiny_network(given_names), {}};
  network.weights = initialize(network.graph, 3);
  save_keras_weights(path, network);
  Weights loaded;
  CHECK(load_keras_weights(path, network.graph, loaded).matched_by == "name");
  CHECK(content_hash(network.graph, loaded) == content_hash(network.graph, network.weights));
  // Keras's own order: the shortcut was made first and stands last.
  const FileContents contents = inspect_keras_file(path);
  CHECK(contents.layout == "Keras 3 weights");
  CHECK_FALSE(contents.model.has_value());
  const Hdf5File file = Hdf5File::open(path);
  CHECK(file.string_attribute("layers/conv2d/vars", "name") == "stem");
  CHECK(file.string_attribute("layers/conv2d_3/vars", "name") == "shortcut");
  CHECK(file.dataset("layers/batch_normalization/vars/3").shape == Shape{2});
  network.weights.erase("stem/kernel");
  CHECK_THROWS_AS(save_keras_weights(path, network), Error);
}
