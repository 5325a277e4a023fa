#include <utility>

#include "engine/compiled_node.h"
#include "engine/passes/draft.h"

namespace petal {
namespace {

// A run of geometric layers as it grows from its first on.
class Chain {
 public:
  // Takes the layer in, whose input has this shape, unless it cannot be one with those before.
  bool take(const Node& node, const Shape& src) {
    const std::optional<GeometricLayer> layer = geometric(node.layer);
    if (!layer || !node.trainable) return false;
    if (const auto* crop = std::get_if<RandomCrop>(&*layer)) {
      if (cropped_ || !crops_at_random(*crop, {src[0], src[1]})) return false;
      cropped_ = true;
    } else if (const std::optional<Sampling> sampling = sampling_of(*layer)) {
      if (cropped_ || (sampling_ && *sampling_ != *sampling)) return false;
      sampling_ = sampling;
    }
    parts_.push_back({*layer, random_layer(node)});
    return true;
  }

  std::size_t size() const { return parts_.size(); }
  RandomAffine layer() const { return {.parts = parts_, .sampling = sampling_.value_or(Sampling{})}; }

 private:
  std::vector<RandomAffine::Part> parts_;
  std::optional<Sampling> sampling_;
  bool cropped_ = false;
};

// The one reader of the value; -1 where there is none or the value must stay.
int only_reader(Draft& draft, int index) {
  if (!draft.read_once(index)) return -1;
  for (int i = index + 1; i < draft.size(); ++i) {
    if (!draft.removed(i) && draft.node(i).inputs == std::vector{index}) return i;
  }
  return -1;
}

}  // namespace

Network compose_augmentation(const Network& network) {
  Draft draft(network);
  for (int first = 0; first < draft.size(); ++first) {
    if (draft.removed(first) || !geometric(draft.node(first).layer)) continue;
    Chain chain;
    std::vector<int> run;
    for (int i = first; i >= 0 && chain.take(draft.node(i), draft.input_shapes(i)[0]);
         i = only_reader(draft, i)) {
      run.push_back(i);
    }
    if (run.size() < 2) continue;
    Node composed = draft.node(first);
    composed.layer = chain.layer();
    composed.shape = draft.node(run.back()).shape;
    for (std::size_t i = 0; i + 1 < run.size(); ++i) draft.merge(run[i], run.back(), composed);
  }
  return draft.finish();
}

}  // namespace petal
