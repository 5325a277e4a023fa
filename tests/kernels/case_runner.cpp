#include "tests/kernels/case_runner.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <string>

#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/prepared_case.h"
#include "tests/kernels/scalars.h"
#include "tests/kernels/tolerance.h"

namespace petal::testing {
namespace {

using Arrays = std::vector<std::vector<double>>;

// What ran and what did not, and why.
struct Tally {
  int checked = 0;
  std::map<std::string, int> skipped;

  bool supported(const Backend& backend, const Node& node, Precision precision, Direction direction) {
    const Support support = backend.supports(node, precision, direction);
    if (support.supported) {
      ++checked;
    } else {
      ++skipped[support.reason];
    }
    return support.supported;
  }
};

void print(const Tally& tally, const std::string& what) {
  if (tally.checked == 0 && tally.skipped.empty()) return;
  std::string line = what + ": " + std::to_string(tally.checked) + " checked";
  for (const auto& [reason, count] : tally.skipped) {
    line += ", " + std::to_string(count) + " skipped: " + reason;
  }
  MESSAGE(line);
}

std::string label(const Backend& backend, Precision precision, std::string_view what,
                  std::span<const Case> cases) {
  return backend.name() + " " + std::string(to_string(precision)) + " " + std::string(what) + " of " +
         std::string(kind(cases[0].layer));
}

void compare(const Arrays& found, const Arrays& expected, double tolerance, const std::string& what) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(what);
    CAPTURE(i);
    CHECK(array_error(found[i], expected[i]) <= tolerance);
  }
}

std::vector<double> rounded(std::span<const double> values, DataType type) {
  std::vector<std::byte> bytes(values.size() * size_of(type));
  encode(values, type, bytes.data());
  return decode(bytes.data(), type, values.size());
}

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Central differences of <diff_dst, dst> along single elements of one array: all of them, or an even choice
// of `limit` where there are more.
void check_array(PreparedCase& prepared, std::span<const double> diff_dst, std::vector<double> values,
                 std::span<const double> gradient, const std::function<void(std::span<const double>)>& set) {
  constexpr std::size_t limit = 150;
  const std::size_t count = std::min(values.size(), limit);
  std::vector<double> found, expected;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = k * values.size() / count;
    const double value = values[i];
    double sides[2];
    for (const int side : {0, 1}) {
      values[i] = value + (side == 0 ? -1 : 1) * finite_difference_step;
      set(values);
      sides[side] = dot(diff_dst, prepared.forward_unchecked());
    }
    values[i] = value;
    expected.push_back((sides[1] - sides[0]) / (2 * finite_difference_step));
    found.push_back(gradient[i]);
  }
  set(values);
  CHECK(array_error(found, expected) <= finite_difference_tolerance);
}

}  // namespace

void check_forward(const Backend& backend, Precision precision, std::span<const Case> cases) {
  Tally tally;
  for (const Case& item : cases) {
    INFO(label(backend, precision, "forward", cases) << ", case '" << item.name << "'");
    if (!tally.supported(backend, node_of(item), precision, Direction::forward)) continue;
    const CaseNumbers numbers = make_numbers(item, precision);
    const auto expected =
        PreparedCase(reference(), item, Precision::f64, item.mode, false, numbers).forward();
    for (const bool constant_weights : {true, false}) {
      CAPTURE(constant_weights);
      PreparedCase prepared(backend, item, precision, item.mode, constant_weights, numbers);
      CHECK(array_error(prepared.forward(), expected) <= tolerance(precision).forward);
      const std::vector<double> in_place = prepared.forward_in_place();
      if (!in_place.empty()) CHECK(array_error(in_place, expected) <= tolerance(precision).forward);
    }
  }
  print(tally, label(backend, precision, "forward", cases));
  if (&backend == &reference()) CHECK(tally.skipped.empty());
  if (precision == Precision::f32) CHECK_MESSAGE(tally.checked > 0, "no case ran in float32");
}

void check_backward(const Backend& backend, Precision precision, std::span<const Case> cases) {
  Tally tally;
  for (const Case& item : cases) {
    INFO(label(backend, precision, "backward", cases) << ", case '" << item.name << "'");
    const Node node = node_of(item);
    if (!backend.supports(node, precision, Direction::forward).supported) continue;
    const CaseNumbers numbers = make_numbers(item, precision);
    for (const Direction direction : directions_of(item)) {
      if (direction == Direction::forward) continue;
      CAPTURE(to_string(direction));
      if (!tally.supported(backend, node, precision, direction)) continue;
      // Of halves dst goes into backward as src does: the same on both sides, the reference's rounded.
      const bool is_half = precision == Precision::bf16 || precision == Precision::f16;
      std::vector<double> dst;
      const auto gradients = [&](const Backend& on, Precision in) {
        PreparedCase prepared(on, item, in, Mode::training, false, numbers);
        Arrays forward = {prepared.forward()};
        if (is_half && dst.empty()) dst = rounded(forward[0], data_type(precision));
        if (is_half) prepared.set_dst(dst);
        for (std::vector<double>& moved : prepared.statistics()) forward.push_back(std::move(moved));
        return std::pair(std::move(forward), direction == Direction::backward_data
                                                 ? prepared.backward_data()
                                                 : prepared.backward_weights());
      };
      const auto [expected_forward, expected] = gradients(reference(), Precision::f64);
      const auto [forward, found] = gradients(backend, precision);
      compare(forward, expected_forward, tolerance(precision).forward, "dst and statistics in training");
      compare(found, expected, tolerance(precision).backward, "gradient");
    }
  }
  print(tally, label(backend, precision, "backward", cases));
}

void check_finite_differences(std::span<const Case> cases) {
  for (const Case& item : cases) {
    INFO("finite differences of " << kind(item.layer) << ", case '" << item.name << "'");
    const Node node = node_of(item);
    const CaseNumbers numbers = make_numbers(item, Precision::f64);
    if (item.pixels) continue;
    PreparedCase prepared(reference(), item, Precision::f64, Mode::training, false, numbers);
    if (reference().supports(node, Precision::f64, Direction::backward_data).supported) {
      prepared.forward();
      const Arrays gradients = prepared.backward_data();
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        CAPTURE(i);
        check_array(prepared, numbers.diff_dst, numbers.src[i], gradients[i],
                    [&](std::span<const double> values) { prepared.set_src(i, values); });
      }
    }
    if (std::ranges::count(directions_of(item), Direction::backward_weights) > 0 &&
        reference().supports(node, Precision::f64, Direction::backward_weights).supported) {
      prepared.forward();
      const Arrays gradients = prepared.backward_weights();
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (gradients[i].empty()) continue;  // a statistic
        CAPTURE(weights_of(item)[i].name);
        check_array(prepared, numbers.diff_dst, numbers.weights[i], gradients[i],
                    [&](std::span<const double> values) { prepared.set_weights(i, values); });
      }
    }
  }
}

void check_operation(std::span<const Case> cases) {
  REQUIRE(!cases.empty());
  check_finite_differences(cases);
  for (const auto& backend : backends_under_test()) {
    for (const Precision precision : {Precision::f64, Precision::f32, Precision::bf16, Precision::f16}) {
      const bool of_reference = precision == Precision::f64 || precision == Precision::f32;
      if (backend.get() == &reference() && !of_reference) continue;
      check_forward(*backend, precision, cases);
      check_backward(*backend, precision, cases);
    }
  }
}

}  // namespace petal::testing
