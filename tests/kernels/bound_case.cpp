#include "tests/kernels/bound_case.h"

#include <limits>

#include "engine/value_types.h"
#include "tests/kernels/scalars.h"

namespace petal::testing {
namespace {

GuardedArray array_of(std::span<const double> values, DataType type,
                      const std::shared_ptr<const Memory>& memory) {
  GuardedArray array(values.size() * size_of(type), memory);
  encode(values, type, array.data());
  return array;
}

// Bound weights come with the run alone: what preparing sees instead is NaN.
Tensor constant(const WeightDeclaration& declaration, std::span<const double> values, bool known) {
  Tensor tensor(declaration.shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    tensor.values()[i] = known ? static_cast<float>(values[i]) : std::numeric_limits<float>::quiet_NaN();
  }
  return tensor;
}

}  // namespace

BoundCase::BoundCase(const Backend& backend, const Case& item, Precision precision, Mode mode,
                     bool constant_weights, const CaseNumbers& numbers)
    : backend_(backend),
      memory_(backend.memory()),
      type_(data_type(precision)),
      node_(node_of(item)),
      context_{node_, Direction::forward, mode, precision, {}, {}, {}, constant_weights, layer_number} {
  const DataType src_type = item.pixels ? DataType::u8 : type_;
  const std::vector<Shape> shapes = inputs_of(item);
  context_.dst = {type_, node_.shape.with_batch(item.batch)};
  arrays_.dst = GuardedArray(numbers.diff_dst.size() * size_of(type_), memory_);
  arrays_.workspace = GuardedArray(0, memory_);
  arrays_.scratch = GuardedArray(0, memory_);
  if (mode == Mode::training) arrays_.diff_dst = array_of(numbers.diff_dst, type_, memory_);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    context_.src.push_back({src_type, shapes[i].with_batch(item.batch)});
    arrays_.src.push_back(array_of(numbers.src[i], src_type, memory_));
    if (mode == Mode::training)
      arrays_.diff_src.emplace_back(numbers.src[i].size() * size_of(type_), memory_);
  }
  bind_weights(item, numbers);
  // Identities that are not the positions, so that a kernel which ignores them is caught.
  for (std::int64_t n = 0; n < item.batch; ++n) samples_.push_back(static_cast<std::uint32_t>(1000 - 3 * n));
  uploaded_context_ = UploadedContext(memory_, item.batch);
  run_context_ = uploaded_context_.upload({.seed = 99, .epoch = 2, .samples = samples_});
}

void BoundCase::bind_weights(const Case& item, const CaseNumbers& numbers) {
  const std::vector<WeightDeclaration> declarations = weights_of(item);
  const bool training = context_.mode == Mode::training;
  constants_.reserve(declarations.size());
  for (std::size_t i = 0; i < declarations.size(); ++i) {
    constants_.push_back(constant(declarations[i], numbers.weights[i], context_.constant_weights));
    context_.weights.push_back(&constants_.back());
    arrays_.weights.push_back(array_of(numbers.weights[i], type_of_weight(i), memory_));
    const bool statistic = declarations[i].role == Role::statistic;
    if (training) {
      arrays_.diff_weights.emplace_back(
          statistic ? 0 : numbers.weights[i].size() * size_of(type_of_diff_weights()), memory_);
    }
    if (statistic && training && item.trainable) {
      initial_statistics_.push_back(numbers.weights[i]);
      arrays_.statistics.emplace_back(numbers.weights[i].size() * sizeof(float), memory_);
    }
  }
  reset_statistics();
}

DataType BoundCase::type_of_weight(std::size_t index) const {
  return weight_type(node_.layer, index, type_);
}

Kernel& BoundCase::kernel(Direction direction) {
  std::unique_ptr<Kernel>& kernel = kernels_[static_cast<int>(direction)];
  context_.direction = direction;
  if (!kernel) {
    kernel = backend_.prepare(context_);
    if (direction == Direction::forward) arrays_.workspace = GuardedArray(kernel->workspace_bytes(), memory_);
  }
  if (arrays_.scratch.size() < kernel->scratch_bytes()) {
    arrays_.scratch = GuardedArray(kernel->scratch_bytes(), memory_);
  }
  return *kernel;
}

Bindings BoundCase::bindings(Direction direction) {
  const bool forward = direction == Direction::forward;
  const BackwardNeeds needs = backward_needs(node_.layer);
  // A frozen batch normalization's is a factor alone.
  const bool is_factor = std::holds_alternative<BatchNormalization>(node_.layer) && !node_.trainable &&
                         direction == Direction::backward_data;
  const bool reads_src = forward || (needs.src && !is_factor);
  src_pointers_.clear();
  weight_pointers_.clear();
  output_pointers_.clear();
  statistics_pointers_.clear();
  for (const GuardedArray& array : arrays_.src) src_pointers_.push_back(reads_src ? array.bound() : nullptr);
  for (const GuardedArray& array : arrays_.weights) {
    weight_pointers_.push_back(context_.constant_weights ? nullptr : array.bound());
  }
  for (const GuardedArray& array : arrays_.statistics) {
    statistics_pointers_.push_back(reinterpret_cast<float*>(array.bound()));
  }
  Bindings bindings;
  bindings.src = src_pointers_;
  bindings.weights = weight_pointers_;
  if (forward || needs.dst) bindings.dst = arrays_.dst.bound();
  bindings.statistics = statistics_pointers_;
  bindings.workspace = arrays_.workspace.bound();
  bindings.scratch = arrays_.scratch.bound();
  bindings.context = &run_context_;
  if (forward) return bindings;
  bindings.diff_dst = arrays_.diff_dst.bound();
  const bool data = direction == Direction::backward_data;
  for (const GuardedArray& array : data ? arrays_.diff_src : arrays_.diff_weights) {
    output_pointers_.push_back(array.size() > 0 ? array.bound() : nullptr);
  }
  (data ? bindings.diff_src : bindings.diff_weights) = output_pointers_;
  return bindings;
}

std::vector<const GuardedArray*> BoundCase::all_arrays() const {
  std::vector<const GuardedArray*> all = {&arrays_.dst, &arrays_.diff_dst, &arrays_.workspace,
                                          &arrays_.scratch};
  for (const auto* group :
       {&arrays_.src, &arrays_.weights, &arrays_.diff_src, &arrays_.diff_weights, &arrays_.statistics}) {
    for (const GuardedArray& array : *group) all.push_back(&array);
  }
  return all;
}

void BoundCase::run(Kernel& kernel, const Bindings& bindings) {
  if (memory_->is_apart()) {
    for (const GuardedArray* array : all_arrays()) array->upload();
  }
  kernel.begin_run(run_context_);
  kernel.run(bindings);
  if (memory_->is_apart()) {
    for (const GuardedArray* array : all_arrays()) array->download();
  }
}

void BoundCase::reset_statistics() {
  for (std::size_t i = 0; i < arrays_.statistics.size(); ++i) {
    encode(initial_statistics_[i], DataType::f32, arrays_.statistics[i].data());
  }
}

}  // namespace petal::testing
