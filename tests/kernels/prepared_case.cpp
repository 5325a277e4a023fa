#include "tests/kernels/prepared_case.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "tests/kernels/scalars.h"

namespace petal::testing {
namespace {

std::vector<double> values_of(const GuardedArray& array, DataType type) {
  return decode(array.data(), type, array.size() / size_of(type));
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

void PreparedCase::run_twice(Direction direction, std::span<GuardedArray*> outputs) {
  Kernel& kernel = bound_.kernel(direction);
  const Bindings bindings = bound_.bindings(direction);
  BoundCase::Arrays& arrays = bound_.arrays();
  std::vector<const GuardedArray*> inputs = {&arrays.diff_dst};
  for (const GuardedArray& array : arrays.src) inputs.push_back(&array);
  for (const GuardedArray& array : arrays.weights) inputs.push_back(&array);
  std::vector<const GuardedArray*> results(outputs.begin(), outputs.end());
  for (const GuardedArray& array : arrays.statistics) results.push_back(&array);
  const std::vector<std::byte> before = bytes_of(inputs);
  std::vector<std::byte> first;
  bound_.backend().enter();
  for (int run = 0; run < 2; ++run) {
    for (GuardedArray* output : outputs) output->poison();
    arrays.scratch.poison();
    if (direction == Direction::forward) bound_.reset_statistics();
    bound_.run(kernel, bindings);
    if (run == 0) first = bytes_of(results);
  }
  const bool same_bits = first == bytes_of(results);
  CHECK_MESSAGE(same_bits, "two runs differ");
  const bool inputs_kept = before == bytes_of(inputs);
  CHECK_MESSAGE(inputs_kept, "an input was changed");
  const bool guards = arrays.scratch.guards_hold() && arrays.workspace.guards_hold();
  CHECK_MESSAGE(guards, "written past the end of scratch or workspace");
  const DataType type =
      direction == Direction::backward_weights ? bound_.type_of_diff_weights() : bound_.type();
  for (const GuardedArray* output : outputs) {
    CHECK_MESSAGE(output->guards_hold(), "written past the end of an output");
    if (output != &arrays.workspace) {
      CHECK_MESSAGE(assigned(*output, type), "an element was not assigned");
    }
  }
  for (const GuardedArray& array : arrays.statistics) {
    CHECK_MESSAGE(array.guards_hold(), "written past the end of a statistic");
  }
}

std::vector<double> PreparedCase::forward() {
  bound_.kernel(Direction::forward);  // makes the workspace
  // The workspace is the last: its bytes need not all be used, so they are not held to be numbers.
  GuardedArray* outputs[] = {&bound_.arrays().dst, &bound_.arrays().workspace};
  run_twice(Direction::forward, outputs);
  return values_of(bound_.arrays().dst, bound_.type());
}

std::vector<std::vector<double>> PreparedCase::statistics() const {
  std::vector<std::vector<double>> values;
  for (const GuardedArray& array : bound_.arrays().statistics) {
    values.push_back(values_of(array, DataType::f32));
  }
  return values;
}

std::vector<double> PreparedCase::forward_in_place() {
  Kernel& forward = bound_.kernel(Direction::forward);
  const int input = forward.in_place_input();
  if (input < 0) return {};
  Bindings run = bound_.bindings(Direction::forward);
  const GuardedArray& shared = bound_.arrays().src[static_cast<std::size_t>(input)];
  std::vector<std::byte> original(shared.data(), shared.data() + shared.size());
  run.dst = shared.bound();
  bound_.reset_statistics();
  bound_.backend().enter();
  bound_.run(forward, run);
  std::vector<double> values = values_of(shared, bound_.type());
  CHECK_MESSAGE(shared.guards_hold(), "written past the end of an output in place");
  std::memcpy(shared.data(), original.data(), original.size());
  return values;
}

std::vector<std::vector<double>> PreparedCase::backward(Direction direction,
                                                        std::vector<GuardedArray>& outputs) {
  std::vector<GuardedArray*> written;
  for (GuardedArray& array : outputs) {
    if (array.size() > 0) written.push_back(&array);
  }
  run_twice(direction, written);
  std::vector<std::vector<double>> values;
  const DataType type =
      direction == Direction::backward_weights ? bound_.type_of_diff_weights() : bound_.type();
  for (const GuardedArray& array : outputs) values.push_back(values_of(array, type));
  return values;
}

std::vector<std::vector<double>> PreparedCase::backward_data() {
  return backward(Direction::backward_data, bound_.arrays().diff_src);
}

std::vector<std::vector<double>> PreparedCase::backward_weights() {
  return backward(Direction::backward_weights, bound_.arrays().diff_weights);
}

void PreparedCase::set_src(std::size_t input, std::span<const double> values) {
  encode(values, bound_.type(), bound_.arrays().src[input].data());
}

void PreparedCase::set_dst(std::span<const double> values) {
  encode(values, bound_.type(), bound_.arrays().dst.data());
}

void PreparedCase::set_weights(std::size_t index, std::span<const double> values) {
  encode(values, bound_.type_of_weight(index), bound_.arrays().weights[index].data());
}

std::vector<double> PreparedCase::forward_unchecked() {
  Kernel& forward = bound_.kernel(Direction::forward);
  bound_.reset_statistics();
  bound_.run(forward, bound_.bindings(Direction::forward));
  return values_of(bound_.arrays().dst, bound_.type());
}

}  // namespace petal::testing
