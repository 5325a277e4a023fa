#include "models/blocks.h"

#include <optional>
#include <regex>

namespace petal {
namespace {

std::optional<std::string> named_block(const std::string& name) {
  static const std::regex inverted_or_residual("^(block_\\d+|conv\\d+_block\\d+)_.*"),
      separable("^conv_(?:dw|pw|pad)_(\\d+).*");
  std::smatch match;
  if (std::regex_match(name, match, inverted_or_residual)) return match[1].str();
  if (std::regex_match(name, match, separable)) return "block " + match[1].str();
  return std::nullopt;
}

bool is_concatenation(const Node& node) {
  return std::holds_alternative<Concatenate>(node.layer);
}

}  // namespace

std::vector<std::string> blocks(const Graph& graph) {
  const std::span<const Node> nodes = graph.nodes();
  std::vector<std::string> found(nodes.size());
  // Backwards: the nearest concatenation that everything a node gives goes into, one only. A concatenation
  // inside another's block, as InceptionV3's mixed9_0 in mixed9, belongs to the outer one.
  std::vector<std::string> leads_to(nodes.size());
  std::vector<std::vector<std::size_t>> readers(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const int input : nodes[i].inputs) readers[static_cast<std::size_t>(input)].push_back(i);
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (is_concatenation(nodes[i])) {
      leads_to[i] = nodes[i].name;
      const bool is_inner = readers[i].size() == 1 && is_concatenation(nodes[readers[i][0]]);
      if (is_inner) leads_to[i] = leads_to[readers[i][0]];
      continue;
    }
    for (const std::size_t reader : readers[i])
      if (leads_to[i].empty()) leads_to[i] = leads_to[reader];
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::optional<std::string> block = named_block(nodes[i].name);
    found[i] = block ? *block : !leads_to[i].empty() ? leads_to[i] : nodes[i].name;
  }
  return found;
}

}  // namespace petal
