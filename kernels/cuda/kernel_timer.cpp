#include "kernels/cuda/kernel_timer.h"

#include <algorithm>
#include <limits>

#include "engine/stopwatch.h"
#include "engine/value_types.h"

namespace petal::cuda {
namespace {

// All that a run binds.
class ZeroArrays {
 public:
  ZeroArrays(const Kernel& kernel, const PrepareContext& context, const std::shared_ptr<const Memory>& memory)
      : memory_(memory), dst_(add(context.dst.bytes())), scratch_(add(kernel.scratch_bytes())) {
    for (const TensorDescription& src : context.src) src_.push_back(add(src.bytes()));
    for (std::size_t i = 0; i < context.weights.size(); ++i) {
      const Shape& shape = context.weights[i]->shape();
      const DataType type = weight_type(context.node.layer, i, context.src[0].type);
      weights_.push_back(add(TensorDescription{type, shape}.bytes()));
      if (context.direction == Direction::backward_weights)
        diff_weights_.push_back(add(context.weights[i]->size_bytes()));
    }
    bindings_.src = src_;
    bindings_.weights = weights_;
    bindings_.dst = dst_;
    bindings_.scratch = scratch_;
    bindings_.context = &context_;
    if (context.direction == Direction::forward) return;
    bindings_.diff_dst = add(context.dst.bytes());
    bindings_.diff_weights = diff_weights_;
    if (context.direction != Direction::backward_data) return;
    for (const TensorDescription& src : context.src) diff_src_.push_back(add(src.bytes()));
    bindings_.diff_src = diff_src_;
  }
  ZeroArrays(const ZeroArrays&) = delete;
  ZeroArrays& operator=(const ZeroArrays&) = delete;

  const Bindings& bindings() const { return bindings_; }

 private:
  std::byte* add(std::size_t bytes) { return arrays_.emplace_back(memory_, bytes).data(); }

  std::shared_ptr<const Memory> memory_;
  std::vector<DeviceArray> arrays_;
  std::byte *dst_, *scratch_;
  std::vector<const std::byte*> src_, weights_;
  std::vector<std::byte*> diff_src_, diff_weights_;
  RunContext context_;
  Bindings bindings_;
};

}  // namespace

double fastest_seconds(Kernel& kernel, const PrepareContext& context,
                       const std::shared_ptr<const Memory>& memory, int runs) {
  const ZeroArrays arrays(kernel, context, memory);
  double fastest = std::numeric_limits<double>::infinity();
  for (int run = 0; run <= runs; ++run) {
    memory->wait();
    const Stopwatch running;
    kernel.run(arrays.bindings());
    memory->wait();
    if (run > 0) fastest = std::min(fastest, running.seconds());
  }
  return fastest;
}

}  // namespace petal::cuda
