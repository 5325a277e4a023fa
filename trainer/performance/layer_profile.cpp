#include "trainer/performance/layer_profile.h"

#include <algorithm>
#include <unordered_map>

#include "engine/error.h"
#include "engine/stopwatch.h"
#include "models/blocks.h"
#include "trainer/performance/quantile.h"
#include "trainer/workers.h"

namespace petal {
namespace {

double timed_run(Workload& workload) {
  const Stopwatch run;
  workload.run();
  return run.seconds();
}

// A layer's node and its block, by name.
struct Place {
  const Node* node;
  std::string block;
};

std::unordered_map<std::string, Place> places(const Graph& graph) {
  std::unordered_map<std::string, Place> found;
  const std::vector<std::string> block = blocks(graph);
  for (std::size_t i = 0; i < graph.nodes().size(); ++i)
    found[graph.nodes()[i].name] = {&graph.nodes()[i], block[i]};
  return found;
}

class Assembly {
 public:
  Assembly(LayerProfile& result, const Workload& workload)
      : result_(result),
        graph_(workload.graph()),
        places_(places(graph_)),
        profile_(workload.profile()),
        rows_(profile_.entries.size(), -1) {}

  // `runs`: how many whole batches were profiled.
  void fill(double runs) {
    for (std::size_t i = 0; i < profile_.entries.size(); ++i) add(i, runs);
    double sum = 0;
    for (const LayerTiming& layer : result_.layers) sum += layer.milliseconds;
    for (LayerTiming& layer : result_.layers) layer.share = sum > 0 ? layer.milliseconds / sum : 0;
    result_.profiled_milliseconds = sum + result_.input_milliseconds;
    for (ProfileEvent event : profile_.events) {
      event.entry = rows_[static_cast<std::size_t>(event.entry)];
      result_.events.push_back(event);
    }
  }

 private:
  void add(std::size_t index, double runs) {
    const ProfileEntry& entry = profile_.entries[index];
    const double milliseconds = entry.seconds * 1e3 / runs / result_.lanes;
    if (entry.kind == "input") {
      result_.input_milliseconds += milliseconds;
      return;
    }
    LayerTiming layer{.name = entry.name,
                      .kind = entry.kind,
                      .phase = entry.phase,
                      .block = entry.name,
                      .src = {},
                      .dst = {},
                      .precision = entry.precision,
                      .implementation = entry.implementation};
    describe(layer);
    const double times = static_cast<double>(entry.runs) / runs;
    layer.milliseconds = milliseconds;
    layer.operations = static_cast<double>(entry.operations) * times;
    layer.bytes = static_cast<double>(entry.bytes) * times;
    rows_[index] = static_cast<int>(result_.layers.size());
    result_.layers.push_back(std::move(layer));
  }

  void describe(LayerTiming& layer) const {
    const auto place = places_.find(layer.name);
    if (place == places_.end()) return;
    const Node& node = *place->second.node;
    layer.block = place->second.block;
    for (const Shape& shape : graph_.input_shapes(node))
      layer.src += (layer.src.empty() ? "" : ", ") + shape.with_batch(result_.micro_batch).to_string();
    layer.dst = node.shape.with_batch(result_.micro_batch).to_string();
  }

  LayerProfile& result_;
  const Graph& graph_;
  std::unordered_map<std::string, Place> places_;
  Profile profile_;
  std::vector<int> rows_;  // a profile entry's layer; -1: the input
};

void add_rates(LayerTiming& layer, const DeviceLimit& limit) {
  const double seconds = layer.milliseconds / 1e3;
  if (seconds <= 0) return;
  layer.gflops = layer.operations / seconds / 1e9;
  layer.gigabytes = layer.bytes / seconds / 1e9;
  if (limit.operations_per_second <= 0) return;
  const double least =
      std::max(layer.operations / limit.operations_per_second, layer.bytes / limit.bytes_per_second);
  layer.share_of_limit = least / seconds;
}

}  // namespace

LayerProfile profile_layers(const BenchmarkCase& what, const BackendFactory& backends,
                            const BenchmarkTiming& timing) {
  LayerProfile result{.what = what, .machine = {}, .limit = {}, .layers = {}, .events = {}};
  result.what.threads = resolve_threads(what.threads);
  const WorkloadModel model = open_workload(result.what);
  const std::unique_ptr<Workload> workload = compile_workload(model, result.what, backends);
  result.what.image_size = model.input[0];
  result.limit = backends(result.what.threads)->measure_limit(what.precision);
  result.limit_measured_in = what.precision;
  result.lanes = workload->lanes();
  result.micro_batch = workload->micro_batch();
  std::vector<double> unprofiled;
  const Stopwatch warm_up;
  while (warm_up.seconds() < timing.warm_up_seconds) workload->run();
  const Stopwatch whole;
  while (unprofiled.size() < 5 || whole.seconds() < timing.seconds) {
    if (timing.stop && *timing.stop) throw Error("profile", "interrupted", ErrorKind::interrupted);
    workload->set_profiling(false);
    unprofiled.push_back(timed_run(*workload));
    workload->set_profiling(true);
    workload->run();
  }
  const auto runs = static_cast<double>(unprofiled.size());
  std::ranges::sort(unprofiled);
  result.step_milliseconds = quantile(unprofiled, 0.5) * 1e3;
  Assembly(result, *workload).fill(runs);
  for (LayerTiming& layer : result.layers) add_rates(layer, result.limit);
  return result;
}

ProfileRows profile_rows_by_name(const std::string& name) {
  if (name == "layer") return ProfileRows::layer;
  if (name == "block") return ProfileRows::block;
  if (name == "kind") return ProfileRows::kind;
  throw Error("--by", "'" + name + "' is not known; known are layer, block, kind");
}

std::vector<LayerTiming> grouped(const LayerProfile& profile, ProfileRows rows) {
  if (rows == ProfileRows::layer) return profile.layers;
  std::vector<LayerTiming> groups;
  std::unordered_map<std::string, std::size_t> places;
  for (const LayerTiming& layer : profile.layers) {
    const std::string name = rows == ProfileRows::block ? layer.block : layer.kind;
    const auto [place, is_new] = places.emplace(name + "\n" + layer.phase, groups.size());
    if (is_new) {
      groups.push_back(layer);
      LayerTiming& group = groups.back();
      group.name = name;
      group.implementation = group.src = "";
      if (rows == ProfileRows::block) group.kind = "";
      continue;
    }
    LayerTiming& group = groups[place->second];
    group.dst = rows == ProfileRows::block ? layer.dst : "";
    if (layer.precision != "f32") group.precision = layer.precision;
    group.milliseconds += layer.milliseconds;
    group.share += layer.share;
    group.operations += layer.operations;
    group.bytes += layer.bytes;
  }
  for (LayerTiming& group : groups) add_rates(group, profile.limit);
  return groups;
}

}  // namespace petal
