#include "kernels/cpu/packed_weights.h"

#include <cstring>

namespace petal::cpu {

PackedWeights::PackedWeights(const Device& device, const std::string& where, const Descriptor& given,
                             const Descriptor& wanted, const Tensor* constant, ScratchLayout& scratch) {
  const bool same = given == wanted;
  Buffer packed(constant ? wanted.get_size() : 0);
  if (same) {
    if (!constant) return;
    std::memcpy(packed.data(), constant->bytes(), wanted.get_size());
    packed_ = device.constants->keep(std::move(packed));
    return;
  }
  ScratchLayout once;
  const auto descriptor = PETAL_ONEDNN(
      where, dnnl::reorder::primitive_desc(device.engine, given, device.engine, wanted, attributes()));
  Step reorder(device, where, descriptor, {{DNNL_ARG_FROM, given}, {DNNL_ARG_TO, wanted}},
               constant ? once : scratch);
  if (!constant) {
    reorder_ = std::move(reorder);
    offset_ = scratch.add(wanted.get_size());
    return;
  }
  const Buffer scratchpad(once.bytes());
  reorder.bind(DNNL_ARG_FROM, constant->bytes());
  reorder.bind(DNNL_ARG_TO, packed.data());
  reorder.run(scratchpad.data());
  packed_ = device.constants->keep(std::move(packed));
}

const void* PackedWeights::prepare(const std::byte* bound, std::byte* scratch) {
  if (packed_) return packed_->data();
  if (!reorder_) return bound;
  reorder_->bind(DNNL_ARG_FROM, bound);
  reorder_->bind(DNNL_ARG_TO, scratch + offset_);
  reorder_->run(scratch);
  return scratch + offset_;
}

}  // namespace petal::cpu
