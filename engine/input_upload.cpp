#include "engine/input_upload.h"

namespace petal {
namespace {

// The kernel that makes float32 of what was uploaded, number for number.
std::shared_ptr<Kernel> prepare_entrance(const Backend& backend, DataType type, const Shape& shape) {
  const Layer layer = type == DataType::u8 ? Layer(Rescaling{}) : Layer(Reshape{});
  const Node node{.name = "input", .layer = layer, .inputs = {0}, .shape = shape.without_batch()};
  const PrepareContext context{
      .node = node, .src = {{type, shape}}, .dst = {DataType::f32, shape}, .weights = {}};
  return backend.prepare(context);
}

}  // namespace

InputUpload::InputUpload(const Backend& backend, std::byte* array, const Shape& shape, bool pixels)
    : memory_(backend.memory()), array_(array) {
  if (memory_->is_apart() && pixels) type_ = DataType::u8;
  bytes_ = TensorDescription{type_, shape}.bytes();
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
  enter_ = prepare_entrance(backend, type_, shape);
}

std::byte* InputUpload::next() {
  if (!memory_->is_apart()) return array_;
  turn_ = 1 - turn_;
  slots_[turn_].uploaded->wait();
  return slots_[turn_].staging.get();
}

void InputUpload::send() {
  if (!memory_->is_apart()) return;
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
