#include "engine/input_upload.h"

#include "engine/value_types.h"

namespace petal {
namespace {

// The kernel that makes the input of what was uploaded, number for number.
std::shared_ptr<Kernel> prepare_entrance(const Backend& backend, DataType type,
                                         const TensorDescription& input) {
  const Layer layer = type == DataType::u8 ? Layer(Rescaling{}) : Layer(Reshape{});
  const Node node{.name = "input", .layer = layer, .inputs = {0}, .shape = input.shape.without_batch()};
  const PrepareContext context{.node = node,
                               .precision = precision_of(input.type),
                               .src = {{type, input.shape}},
                               .dst = input,
                               .weights = {}};
  return backend.prepare(context);
}

}  // namespace

InputUpload::InputUpload(const Backend& backend, std::byte* array, const TensorDescription& input,
                         bool pixels)
    : memory_(backend.memory()), array_(array), type_(input.type) {
  if (memory_->is_apart() && pixels && type_ == DataType::f32) type_ = DataType::u8;
  bytes_ = TensorDescription{type_, input.shape}.bytes();
  if (!memory_->is_apart()) return;
  copies_ = memory_->beside();
  if (!copies_) copies_ = memory_;
  for (Slot& slot : slots_) {
    slot.staging = memory_->allocate_staging(bytes_);
    slot.device = DeviceArray(memory_, bytes_);
    slot.uploaded = copies_->make_mark();
    slot.read = memory_->make_mark();
    // The block's zeros are asked of the kernels' order.
    memory_->set(*slot.read);
  }
  enter_ = prepare_entrance(backend, type_, input);
}

std::byte* InputUpload::next() {
  if (!memory_->is_apart()) return array_;
  if (!is_taken_) {
    turn_ = 1 - turn_;
    slots_[turn_].uploaded->wait();
    is_taken_ = true;
  }
  return slots_[turn_].staging.get();
}

void InputUpload::send() {
  if (!memory_->is_apart()) return;
  is_taken_ = false;
  const Slot& slot = slots_[turn_];
  copies_->wait_for(*slot.read);
  copies_->upload(slot.staging.get(), slot.device.data(), bytes_);
  copies_->set(*slot.uploaded);
  memory_->wait_for(*slot.uploaded);
  const std::byte* src = slot.device.data();
  const RunContext context;
  Bindings bindings{
      .src = std::span(&src, 1), .weights = {}, .dst = array_, .diff_src = {}, .diff_weights = {}};
  bindings.context = &context;
  enter_->run(bindings);
  memory_->set(*slot.read);
}

}  // namespace petal
