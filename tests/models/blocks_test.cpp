#include "models/blocks.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/passes/passes.h"
#include "models/registry.h"

using namespace petal;

namespace {

Graph as_run(const std::string& name) {
  const Graph graph = build_classifier(architecture(name), {});
  return optimize_for_inference({graph, initialize(graph, 1)}).graph;
}

std::map<std::string, std::string> by_layer(const Graph& graph) {
  std::map<std::string, std::string> found;
  const std::vector<std::string> block = blocks(graph);
  REQUIRE(block.size() == graph.nodes().size());
  for (std::size_t i = 0; i < block.size(); ++i) found[graph.nodes()[i].name] = block[i];
  return found;
}

// How many blocks have more than one layer.
std::ptrdiff_t real_blocks(const Graph& graph) {
  std::map<std::string, int> layers;
  for (const std::string& block : blocks(graph)) ++layers[block];
  return std::ranges::count_if(layers, [](const auto& block) { return block.second > 1; });
}

}  // namespace

TEST_CASE("layers stand in the blocks of the papers' tables") {
  const Graph v2 = build_classifier(architecture("mobilenet_v2"), {});
  const auto layers = by_layer(v2);
  CHECK(layers.at("block_3_expand_BN") == "block_3");
  CHECK(layers.at("block_16_project") == "block_16");
  CHECK(layers.at("Conv1") == "Conv1");
  CHECK(by_layer(build_classifier(architecture("mobilenet"), {})).at("conv_dw_5_bn") == "block 5");
  CHECK(by_layer(build_classifier(architecture("resnet50"), {})).at("conv4_block2_1_conv") == "conv4_block2");
  CHECK(by_layer(build_classifier(architecture("resnet50_v2"), {})).at("conv2_block1_preact_bn") ==
        "conv2_block1");
}

TEST_CASE("the graphs that run, fused, have as many blocks as the papers") {
  CHECK(real_blocks(as_run("mobilenet")) == 13);
  CHECK(real_blocks(as_run("mobilenet_v2")) == 16);
  CHECK(real_blocks(as_run("resnet50")) == 16);
  CHECK(real_blocks(as_run("resnet101_v2")) == 33);
}

TEST_CASE("where layers are only numbered a block is what one concatenation joins") {
  const Graph graph = as_run("inception_v3");
  const std::vector<std::string> block = blocks(graph);
  const std::set<std::string> names(block.begin(), block.end());
  for (int i = 0; i <= 10; ++i) CHECK(names.contains("mixed" + std::to_string(i)));
  CHECK_FALSE(names.contains("mixed9_0"));
}
