#include "bench/shape_list.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "bench/architecture_shapes.h"
#include "engine/error.h"
#include "engine/passes/draft.h"

using namespace petal;
using namespace petal::bench;

namespace {

const std::filesystem::path shapes = PETAL_SOURCE "/bench/shapes";

std::string error_of(const std::string& text) {
  try {
    parse_shape_list("list.txt", text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Of the products alone: what no pass changes.
std::int64_t multiply_adds(const Layer& layer, const std::vector<Shape>& src) {
  if (!has_epilogue(layer)) return 0;
  const std::int64_t bias = uses_bias(layer) ? infer_shape(layer, "layer", src).elements() : 0;
  return (operations(layer, src) - bias) / 2;
}

}  // namespace

TEST_CASE("shape list: what its lines say") {
  const std::vector<ShapeRow> rows =
      parse_shape_list("list.txt",
                       "# a comment\n"
                       "\n"
                       " 3 Conv2D N,14,13,8 filters=6 kernel=3x2 strides=2x1"
                       " padding=0,1,2,3 groups=2 activation=relu6 residual\r\n"
                       "1\tMaxPooling2D N,9,9,4 padding=same pool=3x3\n"
                       "2 Concatenate N,5,4,3 N,5,4,1\n"
                       "1 Dense N,7 units=2 use_bias=false");
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].times == 3);
  CHECK(rows[0].residual);
  CHECK(rows[0].src == std::vector<Shape>{{14, 13, 8}});
  CHECK(rows[0].layer == Layer(Conv2D{.filters = 6,
                                      .kernel = {3, 2},
                                      .strides = {2, 1},
                                      .padding = Padding::explicitly({0, 1, 2, 3}),
                                      .groups = 2,
                                      .activation = ActivationFunction::relu6}));
  CHECK(rows[1].layer == Layer(MaxPooling2D{.pool = {3, 3}, .padding = Padding::same}));
  CHECK(rows[2].src == std::vector<Shape>{{5, 4, 3}, {5, 4, 1}});
  CHECK_FALSE(rows[2].residual);
  CHECK(rows[3].layer == Layer(Dense{.units = 2, .use_bias = false}));
  CHECK(
      to_text("list.txt", rows[0]) ==
      "Conv2D N,14,13,8 filters=6 kernel=3x2 strides=2x1 padding=0,1,2,3 groups=2 activation=relu6 residual");
  CHECK(to_text("list.txt", rows[1]) == "MaxPooling2D N,9,9,4 pool=3x3 strides=2x2 padding=same");
}

TEST_CASE("shape list: a malformed line is an error that names the file, the line and the mend") {
  const std::pair<std::string, std::string> cases[] = {
      {"0 Flatten N,3", "how often must be 1 or more"},
      {"x Flatten N,3", "'x' must be a number from 0 to 1048576"},
      {"-1 Flatten N,3", "'-1' must be a number"},
      {"99999999999999999999 Flatten N,3", "'99999999999999999999' must be a number"},
      {"1", "ends before the layer's class"},
      {"1 Conv3D N,3,3,3", "'Conv3D' is no layer of a shape list; known are Conv2D, DepthwiseConv2D"},
      {"1 RandomFlip N,3,3,3", "'RandomFlip' is no layer of a shape list"},
      {"1 Flatten", "names no input; write its shape with N in front"},
      {"1 Flatten 3,3,3", "'3,3,3' is no shape"},
      {"1 Flatten N,", "'' must be numbers with ',' between"},
      {"1 Flatten N,3,,3", "'3,,3' must be numbers"},
      {"1 Flatten N,3,3,", "'3,3,' must be numbers"},
      {"1 Flatten N,3x3", "'3x3' must be numbers"},
      {"1 Flatten N,0,3", "has an empty dimension"},
      {"1 Flatten N,1,1,1,1,1,1,1", "at most 5"},
      {"1 Flatten N,1048576,1048576", "an input of (1048576, 1048576) has more than"},
      {"1 Conv2D N,9,9,3 filters=8 residul", "'residul' is no shape (N,56,56,64), no option"},
      {"1 Conv2D N,9,9,3 =8", "'=8' is no shape"},
      {"1 Conv2D N,9,9,3 filter=8", "Conv2D has no option 'filter' here; known are filters, kernel,"},
      {"1 Flatten N,9 units=8", "Flatten has no option 'units' here; known are none"},
      {"1 Conv2D N,9,9,3 filters=8 filters=9", "'filters' stands twice"},
      {"1 Conv2D N,9,9,3 filters=", "filters: '' must be a number"},
      {"1 Conv2D N,9,9,3 filters=0", "3 channels and 0 filters"},
      {"1 Conv2D N,9,9,3 kernel=3", "kernel: '3' is no height and width; write 3x3"},
      {"1 Conv2D N,9,9,3 kernel=3x3x3", "kernel: '3x3x3' must be numbers"},
      {"1 Conv2D N,9,9,3 strides=0x1", "must all be 1 or more"},
      {"1 Conv2D N,9,9,3 kernel=11x3", "a window of 11 does not fit into 9"},
      {"1 Conv2D N,9,9,3 padding=Same", "padding: 'Same' must be numbers"},
      {"1 Conv2D N,9,9,3 padding=1,1", "padding: '1,1' is not top,bottom,left,right"},
      {"1 Conv2D N,9,9,3 use_bias=no", "use_bias: 'no' is neither true nor false"},
      {"1 Conv2D N,9,9,3 activation=rulu", "rulu"},
      {"1 Conv2D N,9,9,3 groups=2", "do not divide into 2 groups"},
      {"1 Conv2D N,9,9,3 N,9,9,3 filters=8", "2"},
      {"1 Conv2D N,1024,1024,64 filters=1024", "the result of (1024, 1024, 1024) has more than"},
      {"1 Dense N,1048576 units=1048576", "a weight of (1048576, 1048576) has more than"},
      {"1 Dense N,3,3,3 units=4", "put Flatten or pooling in front"},
      {"1 Add N,3,3,3", "two"},
      {"1 Add N,3,3,3 N,3,3,3 residual", "Add takes no residual"},
      {"1 Concatenate N,3,3,3 N,4,3,3", "differ beyond the last dimension"},
  };
  for (const auto& [line, expected] : cases) {
    CAPTURE(line);
    const std::string error = error_of("1 Flatten N,3\n" + line + "\n");
    CHECK_MESSAGE(error.starts_with("list.txt:2"), error);
    CHECK_MESSAGE(error.find(expected) != std::string::npos, error);
  }
  CHECK(error_of("# nothing\n\n").starts_with("list.txt: holds no layer"));
  for (const char* file : {"/nowhere/list.txt", PETAL_SOURCE "/bench"}) {
    CAPTURE(file);
    CHECK_THROWS_WITH_AS(read_shape_list(file), doctest::Contains("is no file that can be read"), Error);
  }
  const std::filesystem::path none = shapes / "none.txt";
  CHECK_THROWS_WITH_AS(read_shape_list(none), doctest::Contains(none.c_str()), Error);
}

TEST_CASE("shape lists are those of the models") {
  int lists = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shapes)) {
    const Architecture& row = architecture(entry.path().stem().string());
    CAPTURE(row.name);
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const bool equal = text.str() == shape_list_text(row);
    CHECK_MESSAGE(equal, "make it anew: bench_models --print ", row.name, " > bench/shapes/", row.name,
                  ".txt");

    // Whatever the passes did, the network multiplies as often as the model as it is built; but of the last
    // blocks of three stages ResNet50 reads each second row and column alone, from their 3x3 on.
    constexpr std::int64_t blocks_less = 3LL * 56 * 56 * (64 * 64 * 9 + 64 * 256) * 3 / 4;
    const std::int64_t skipped = row.name == "resnet50" ? blocks_less : 0;
    const std::int64_t classes = row.has_own_head ? 2 : 1000;
    const Graph graph = row.build(legal(row, {.classes = classes}));
    std::int64_t of_model = 0, of_list = 0;
    for (const Node& node : graph.nodes()) of_model += multiply_adds(node.layer, graph.input_shapes(node));
    for (const ShapeRow& line : read_shape_list(entry.path())) {
      of_list += line.times * multiply_adds(line.layer, line.src);
    }
    CHECK(of_list == of_model - skipped);
    ++lists;
  }
  CHECK(lists >= 6);
}
