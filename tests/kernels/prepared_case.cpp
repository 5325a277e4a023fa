#include "tests/kernels/prepared_case.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/kernels/scalars.h"

namespace petal::testing {
namespace {

GuardedArray array_of(std::span<const double> values, DataType type) {
  GuardedArray array(values.size() * size_of(type));
  encode(values, type, array.data());
  return array;
}

std::vector<double> values_of(const GuardedArray& array, DataType type) {
  return decode(array.data(), type, array.size() / size_of(type));
}

// Bound weights come with the run alone: what preparing sees instead is NaN.
Tensor constant(const WeightDeclaration& declaration, std::span<const double> values, bool known) {
  Tensor tensor(declaration.shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    tensor.values()[i] = known ? static_cast<float>(values[i]) : std::numeric_limits<float>::quiet_NaN();
  }
  return tensor;
}

bool assigned(const GuardedArray& array, DataType type) {
  for (const double value : values_of(array, type)) {
    if (std::isnan(value)) return false;
  }
  return true;
}

std::vector<std::byte> bytes_of(std::span<const GuardedArray* const> arrays) {
  std::vector<std::byte> bytes;
  for (const GuardedArray* array : arrays)
    bytes.insert(bytes.end(), array->data(), array->data() + array->size());
  return bytes;
}

}  // namespace

PreparedCase::PreparedCase(const Backend& backend, const Case& item, Precision precision, Mode mode,
                           bool constant_weights, const CaseNumbers& numbers)
    : backend_(backend),
      type_(data_type(precision)),
      node_(node_of(item)),
      context_{node_, Direction::forward, mode, precision, {}, {}, {}, constant_weights, layer_number},
      dst_(numbers.diff_dst.size() * size_of(type_)),
      diff_dst_(array_of(numbers.diff_dst, type_)) {
  const DataType src_type = item.pixels ? DataType::u8 : type_;
  const std::vector<Shape> shapes = inputs_of(item);
  const std::vector<WeightDeclaration> declarations = weights_of(item);
  context_.dst = {type_, node_.shape.with_batch(item.batch)};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    context_.src.push_back({src_type, shapes[i].with_batch(item.batch)});
    src_.push_back(array_of(numbers.src[i], src_type));
    diff_src_.emplace_back(numbers.src[i].size() * size_of(type_));
  }
  constants_.reserve(declarations.size());
  for (std::size_t i = 0; i < declarations.size(); ++i) {
    constants_.push_back(constant(declarations[i], numbers.weights[i], constant_weights));
    context_.weights.push_back(&constants_.back());
    weights_.push_back(array_of(numbers.weights[i], type_));
    const bool statistic = declarations[i].role == Role::statistic;
    diff_weights_.emplace_back(statistic ? 0 : numbers.weights[i].size() * size_of(type_));
    if (statistic && mode == Mode::training && item.trainable) {
      initial_statistics_.push_back(numbers.weights[i]);
      statistics_.emplace_back(numbers.weights[i].size() * sizeof(float));
    }
  }
  // Identities that are not the positions, so that a kernel which ignores them is caught.
  for (std::int64_t n = 0; n < item.batch; ++n) samples_.push_back(static_cast<std::uint32_t>(1000 - 3 * n));
  run_context_ = {.seed = 99, .epoch = 2, .samples = samples_};
}

Kernel& PreparedCase::kernel(Direction direction) {
  std::unique_ptr<Kernel>& kernel = kernels_[static_cast<int>(direction)];
  context_.direction = direction;
  if (!kernel) {
    kernel = backend_.prepare(context_);
    if (direction == Direction::forward) workspace_ = GuardedArray(kernel->workspace_bytes());
  }
  if (scratch_.size() < kernel->scratch_bytes()) scratch_ = GuardedArray(kernel->scratch_bytes());
  return *kernel;
}

Bindings PreparedCase::bindings() {
  src_pointers_.clear();
  weight_pointers_.clear();
  statistics_pointers_.clear();
  for (const GuardedArray& array : src_) src_pointers_.push_back(array.data());
  for (const GuardedArray& array : weights_) {
    weight_pointers_.push_back(context_.constant_weights ? nullptr : array.data());
  }
  for (const GuardedArray& array : statistics_) {
    statistics_pointers_.push_back(reinterpret_cast<float*>(array.data()));
  }
  Bindings bindings;
  bindings.src = src_pointers_;
  bindings.weights = weight_pointers_;
  bindings.dst = dst_.data();
  bindings.statistics = statistics_pointers_;
  bindings.workspace = workspace_.data();
  bindings.scratch = scratch_.data();
  bindings.context = &run_context_;
  return bindings;
}

void PreparedCase::reset_statistics() {
  for (std::size_t i = 0; i < statistics_.size(); ++i) {
    encode(initial_statistics_[i], DataType::f32, statistics_[i].data());
  }
}

void PreparedCase::run_twice(Kernel& kernel, const Bindings& bindings, std::span<GuardedArray*> outputs) {
  std::vector<const GuardedArray*> inputs = {&diff_dst_};
  for (const GuardedArray& array : src_) inputs.push_back(&array);
  for (const GuardedArray& array : weights_) inputs.push_back(&array);
  std::vector<const GuardedArray*> results(outputs.begin(), outputs.end());
  for (const GuardedArray& array : statistics_) results.push_back(&array);
  const std::vector<std::byte> before = bytes_of(inputs);
  std::vector<std::byte> first;
  backend_.enter();
  for (int run = 0; run < 2; ++run) {
    for (GuardedArray* output : outputs) output->poison();
    scratch_.poison();
    if (context_.direction == Direction::forward) reset_statistics();
    kernel.run(bindings);
    if (run == 0) first = bytes_of(results);
  }
  const bool same_bits = first == bytes_of(results);
  CHECK_MESSAGE(same_bits, "two runs differ");
  const bool inputs_kept = before == bytes_of(inputs);
  CHECK_MESSAGE(inputs_kept, "an input was changed");
  const bool guards = scratch_.guards_hold() && workspace_.guards_hold();
  CHECK_MESSAGE(guards, "written past the end of scratch or workspace");
  for (const GuardedArray* output : outputs) {
    CHECK_MESSAGE(output->guards_hold(), "written past the end of an output");
    if (output != &workspace_) CHECK_MESSAGE(assigned(*output, type_), "an element was not assigned");
  }
  for (const GuardedArray& array : statistics_) {
    CHECK_MESSAGE(array.guards_hold(), "written past the end of a statistic");
  }
}

std::vector<double> PreparedCase::forward() {
  Kernel& forward = kernel(Direction::forward);
  // The workspace is the last: its bytes need not all be used, so they are not held to be numbers.
  GuardedArray* outputs[] = {&dst_, &workspace_};
  run_twice(forward, bindings(), outputs);
  return values_of(dst_, type_);
}

std::vector<std::vector<double>> PreparedCase::statistics() const {
  std::vector<std::vector<double>> values;
  for (const GuardedArray& array : statistics_) values.push_back(values_of(array, DataType::f32));
  return values;
}

std::vector<double> PreparedCase::forward_in_place() {
  Kernel& forward = kernel(Direction::forward);
  const int input = forward.in_place_input();
  if (input < 0) return {};
  Bindings run = bindings();
  const GuardedArray& shared = src_[static_cast<std::size_t>(input)];
  std::vector<std::byte> original(shared.data(), shared.data() + shared.size());
  run.dst = shared.data();
  reset_statistics();
  backend_.enter();
  forward.run(run);
  std::vector<double> values = values_of(shared, type_);
  CHECK_MESSAGE(shared.guards_hold(), "written past the end of an output in place");
  std::memcpy(shared.data(), original.data(), original.size());
  return values;
}

std::vector<std::vector<double>> PreparedCase::backward(Direction direction,
                                                        std::vector<GuardedArray>& outputs) {
  Kernel& backward = kernel(direction);
  Bindings run = bindings();
  const BackwardNeeds needs = backward_needs(node_.layer);
  // A frozen batch normalization's is a factor alone.
  const bool is_factor = std::holds_alternative<BatchNormalization>(node_.layer) && !node_.trainable &&
                         direction == Direction::backward_data;
  if (!needs.src || is_factor) src_pointers_.assign(src_.size(), nullptr);
  if (!needs.dst) run.dst = nullptr;
  run.diff_dst = diff_dst_.data();
  std::vector<std::byte*> pointers;
  std::vector<GuardedArray*> written;
  for (GuardedArray& array : outputs) {
    pointers.push_back(array.size() > 0 ? array.data() : nullptr);
    if (array.size() > 0) written.push_back(&array);
  }
  (direction == Direction::backward_data ? run.diff_src : run.diff_weights) = pointers;
  run_twice(backward, run, written);
  std::vector<std::vector<double>> values;
  for (const GuardedArray& array : outputs) values.push_back(values_of(array, type_));
  return values;
}

std::vector<std::vector<double>> PreparedCase::backward_data() {
  return backward(Direction::backward_data, diff_src_);
}

std::vector<std::vector<double>> PreparedCase::backward_weights() {
  return backward(Direction::backward_weights, diff_weights_);
}

void PreparedCase::set_src(std::size_t input, std::span<const double> values) {
  encode(values, type_, src_[input].data());
}

void PreparedCase::set_weights(std::size_t index, std::span<const double> values) {
  encode(values, type_, weights_[index].data());
}

std::vector<double> PreparedCase::forward_unchecked() {
  Kernel& forward = kernel(Direction::forward);
  reset_statistics();
  forward.run(bindings());
  return values_of(dst_, type_);
}

}  // namespace petal::testing
