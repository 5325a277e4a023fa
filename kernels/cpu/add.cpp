#include "kernels/cpu/copy.h"
#include "kernels/cpu/sum.h"

namespace petal::cpu {
namespace {

class AddForward final : public Kernel {
 public:
  explicit AddForward(std::int64_t elements) : elements_(elements) {}
  void run(const Bindings& bindings) override { sum_arrays(bindings.src, elements_, floats(bindings.dst)); }
  std::string implementation() const override { return "loops"; }
  int in_place_input() const override { return 0; }

 private:
  std::int64_t elements_;
};

}  // namespace

Support supports(const Add&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Add&, const Device&, const PrepareContext& context) {
  if (context.direction == Direction::forward) {
    return std::make_unique<AddForward>(context.dst.shape.elements());
  }
  return prepare_copy(context);  // every input's gradient is the sum's
}

}  // namespace petal::cpu
