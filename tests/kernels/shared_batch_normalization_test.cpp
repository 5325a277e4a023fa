#include <doctest/doctest.h>

#include <cmath>
#include <deque>
#include <thread>

#include "tests/cuda_on_host.h"
#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/batch_normalization_cases.h"
#include "tests/kernels/bound_case.h"
#include "tests/kernels/scalars.h"
#include "tests/kernels/tolerance.h"

namespace petal::testing {
namespace {

// What a training step computes of a batch.
struct Found {
  std::vector<double> dst, diff_src;
  std::vector<std::vector<double>> diff_weights, statistics;
};

std::vector<double> numbers_of(const GuardedArray& array, DataType type) {
  return decode(array.data(), type, array.size() / size_of(type));
}

Found run(BoundCase& bound, Precision precision) {
  for (const Direction direction :
       {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
    const bool none = direction == Direction::backward_weights && bound.arrays().diff_weights[0].size() == 0;
    if (none) continue;
    Kernel& kernel = bound.kernel(direction);
    bound.run(kernel, bound.bindings(direction));
  }
  const DataType type = data_type(precision);
  Found found{numbers_of(bound.arrays().dst, type), numbers_of(bound.arrays().diff_src[0], type), {}, {}};
  for (const GuardedArray& array : bound.arrays().diff_weights)
    found.diff_weights.push_back(numbers_of(array, bound.type_of_diff_weights()));
  for (const GuardedArray& array : bound.arrays().statistics)
    found.statistics.push_back(numbers_of(array, DataType::f32));
  return found;
}

std::vector<double> part(const std::vector<double>& whole, std::int64_t batch, std::int64_t first,
                         std::int64_t count) {
  const auto each = static_cast<std::ptrdiff_t>(whole.size()) / batch;
  return {whole.begin() + each * first, whole.begin() + each * (first + count)};
}

// Each device takes its samples of the batch, one thread each; their parts put together again.
Found run_shared(const Case& item, const CaseNumbers& numbers, Precision precision,
                 const std::vector<std::int64_t>& shares) {
  const auto replicas = make_cuda_replicas_on_host(static_cast<int>(shares.size()));
  std::deque<Case> items;
  std::deque<BoundCase> bound;
  std::int64_t first = 0;
  for (std::size_t device = 0; device < shares.size(); ++device) {
    Case& own = items.emplace_back(item);
    own.batch = shares[device];
    const CaseNumbers own_numbers{{part(numbers.src[0], item.batch, first, own.batch)},
                                  numbers.weights,
                                  part(numbers.diff_dst, item.batch, first, own.batch)};
    bound.emplace_back(*replicas[device], own, precision, Mode::training, false, own_numbers);
    first += own.batch;
  }
  std::vector<Found> found(shares.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t device = 0; device < shares.size(); ++device)
      threads.emplace_back([&, device] { found[device] = run(bound[device], precision); });
  }
  Found all = found[0];
  for (std::size_t device = 1; device < shares.size(); ++device) {
    all.dst.insert(all.dst.end(), found[device].dst.begin(), found[device].dst.end());
    all.diff_src.insert(all.diff_src.end(), found[device].diff_src.begin(), found[device].diff_src.end());
    for (std::size_t i = 0; i < all.diff_weights.size(); ++i) {
      for (std::size_t k = 0; k < all.diff_weights[i].size(); ++k)
        all.diff_weights[i][k] += found[device].diff_weights[i][k];
    }
    CHECK(found[device].statistics == all.statistics);
  }
  return all;
}

constexpr std::int64_t batch = 5;

// Against the reference's numbers of the whole batch.
void check_shared(const Case& item, const CaseNumbers& numbers, Precision precision) {
  BoundCase whole(reference(), item, Precision::f64, Mode::training, false, numbers);
  const Found expected = run(whole, Precision::f64);
  const auto [forward, backward] = tolerance(precision);
  for (const std::vector<std::int64_t>& shares :
       {std::vector<std::int64_t>{5}, {4, 1}, {2, 3}, {1, 2, 2}, {1, 1, 1, 1, 1}}) {
    INFO(item.name << ", " << to_string(precision) << ", " << shares.size() << " devices, the first takes "
                   << shares[0]);
    const Found found = run_shared(item, numbers, precision, shares);
    CHECK(array_error(found.dst, expected.dst) <= forward);
    CHECK(array_error(found.diff_src, expected.diff_src) <= backward);
    REQUIRE(found.statistics.size() == expected.statistics.size());
    for (std::size_t i = 0; i < found.statistics.size(); ++i)
      CHECK(array_error(found.statistics[i], expected.statistics[i]) <= tolerance(Precision::f32).forward);
    for (std::size_t i = 0; i < found.diff_weights.size(); ++i)
      CHECK(array_error(found.diff_weights[i], expected.diff_weights[i]) <= backward);
  }
}

}  // namespace

TEST_CASE("BatchNormalization over several devices: each with its samples gives what one gives with all") {
  for (Case item : batch_normalization_cases()) {
    item.batch = batch;
    item.mode = Mode::training;
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16})
      check_shared(item, make_numbers(item, precision), precision);
  }
}

// The means of the devices' rows are far from one another, and all of them far from zero.
TEST_CASE("BatchNormalization over several devices: statistics of samples that are nothing alike") {
  const Case item{.name = "far", .layer = BatchNormalization{}, .src = {{6, 7, 9}}, .batch = batch};
  CaseNumbers numbers = make_numbers(item, Precision::f32);
  const std::size_t each = numbers.src[0].size() / batch;
  for (std::size_t i = 0; i < numbers.src[0].size(); ++i)
    numbers.src[0][i] = 100 + static_cast<double>(i / each) + std::floor(numbers.src[0][i] * 4096) / 4096;
  check_shared(item, numbers, Precision::f32);
}

}  // namespace petal::testing
