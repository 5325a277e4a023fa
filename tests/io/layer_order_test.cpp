#include <doctest/doctest.h>

#include "io/keras_contents.h"
#include "io/model_file.h"
#include "tests/temporary_folder.h"

using namespace petal;

// Keras's load_model fills layer after layer of its own order, without a look at the names.
TEST_CASE("a saved model holds its layers in Keras's order, not in that of their making") {
  GraphBuilder g("branches");
  const Value photo = g.input({4, 4, 3});
  const Value shortcut = g.add("shortcut", Conv2D{.filters = 2}, photo);
  const Value first = g.add("first", Conv2D{.filters = 2}, photo);
  const Value second = g.add("second", Conv2D{.filters = 2}, first);
  Model model;
  model.network.graph = std::move(g).build({g.add("add", Add{}, {shortcut, second})});
  model.network.weights = initialize(model.network.graph, 1);

  const test::TemporaryFolder folder;
  save_model(folder / "model.h5", model);
  std::vector<std::string> layers;
  for (const FileTensor& tensor : inspect_keras_file(folder / "model.h5").tensors) {
    if (tensor.weight == "kernel") layers.push_back(tensor.layer);
  }
  CHECK(layers == std::vector<std::string>{"first", "shortcut", "second"});
}
