#include "engine/chains.h"

#include "engine/error.h"

namespace petal {

Chains::Chains(const Graph& graph, const Backend& backend, std::function<NodeRequest(int)> request,
               std::set<int> kept)
    : graph_(graph), request_(std::move(request)), kept_(std::move(kept)), readers_(graph.nodes().size()) {
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    for (int input : graph[static_cast<int>(i)].inputs) {
      readers_[static_cast<std::size_t>(input)].push_back(static_cast<int>(i));
    }
  }
  for (int i = 0; i < static_cast<int>(readers_.size()); ++i) try_from(i, backend);
}

Chains::Chain* Chains::ending_at(int node) {
  const auto found = chains_.find(node);
  return found == chains_.end() ? nullptr : &found->second;
}

// The node that alone reads this one, as its first input; -1 where there is none.
int Chains::next(int node) const {
  const std::vector<int>& readers = readers_[static_cast<std::size_t>(node)];
  if (readers.size() != 1 || kept_.contains(node) || graph_[readers[0]].inputs[0] != node) return -1;
  return readers[0];
}

// The longest chain that the backend takes.
void Chains::try_from(int first, const Backend& backend) {
  if (graph_[first].inputs.size() != 1 || is_inside(first) || chains_.contains(first)) return;
  std::vector<int> nodes = {first};
  constexpr std::size_t longest = 3;
  while (nodes.size() < longest) {
    const int reader = next(nodes.back());
    if (reader < 0) break;
    nodes.push_back(reader);
    if (graph_[reader].inputs.size() > 1) break;  // what joins another value ends a chain
  }
  for (; nodes.size() > 1; nodes.pop_back()) {
    if (std::unique_ptr<Kernel> kernel = backend.prepare_chain(contexts(nodes, Direction::forward))) {
      return add(nodes, std::move(kernel));
    }
  }
}

void Chains::add(const std::vector<int>& nodes, std::unique_ptr<Kernel> kernel) {
  Chain chain{.nodes = nodes, .inputs = graph_[nodes[0]].inputs, .kernel = std::move(kernel), .entry = {}};
  const std::vector<int>& last = graph_[nodes.back()].inputs;
  chain.inputs.insert(chain.inputs.end(), last.begin() + 1, last.end());
  chain.entry = entry(chain, Direction::forward);
  inside_.insert(nodes.begin(), nodes.end() - 1);
  chains_.emplace(nodes.back(), std::move(chain));
}

std::vector<PrepareContext> Chains::contexts(const std::vector<int>& nodes, Direction direction) const {
  std::vector<PrepareContext> all;
  for (int node : nodes) {
    NodeRequest request = request_(node);
    request.direction = direction;
    all.push_back(prepare_context(request));
  }
  return all;
}

std::unique_ptr<Kernel> Chains::prepare(const Chain& chain, const Backend& backend,
                                        Direction direction) const {
  std::unique_ptr<Kernel> kernel = backend.prepare_chain(contexts(chain.nodes, direction));
  if (!kernel) {
    throw Error(graph_[chain.nodes.back()].name,
                backend.name() + " runs it with the nodes before it forward, but not in direction " +
                    std::string(to_string(direction)),
                ErrorKind::failure);
  }
  return kernel;
}

// Operations and weights are all of them; of the values, what is read and written once.
ProfileEntry Chains::entry(const Chain& chain, Direction direction) const {
  ProfileEntry sum;
  for (std::size_t i = 0; i < chain.nodes.size(); ++i) {
    NodeRequest request = request_(chain.nodes[i]);
    request.direction = direction;
    const ProfileEntry one = profile_entry(request);
    sum.kind += (sum.kind.empty() ? "" : "+") + one.kind;
    sum.operations += one.operations;
    sum.bytes += one.bytes;
    sum.name = one.name;
    sum.phase = one.phase;
    sum.precision = one.precision;
    if (i + 1 == chain.nodes.size()) break;
    // Each value between two nodes was counted where it is written and where it is read.
    sum.bytes -= 2 * request.node.shape.elements() * request.batch *
                 static_cast<std::int64_t>(size_of(request.dst_type.value_or(data_type(request.precision))));
  }
  return sum;
}

}  // namespace petal
