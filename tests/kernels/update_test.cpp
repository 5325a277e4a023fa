#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/random.h"
#include "kernels/cpu/backend.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/from_host.h"
#include "tests/kernels/scalars.h"

namespace petal::testing {
namespace {

// One element through several steps, in double, by the formulas of engine/optimizer.h.
struct Expected {
  double weight;
  double slots[3];

  void step(const SGD& sgd, double gradient, double rate, int) {
    const double velocity = slots[0] = sgd.momentum * slots[0] - rate * gradient;
    weight += sgd.nesterov ? sgd.momentum * velocity - rate * gradient : velocity;
  }
  void step(const RMSprop& rmsprop, double gradient, double rate, int) {
    double& average = slots[rmsprop.momentum != 0.0f ? 2 : 1];
    double square = slots[0] = rmsprop.rho * slots[0] + (1 - rmsprop.rho) * gradient * gradient;
    if (rmsprop.centered) {
      average = rmsprop.rho * average + (1 - rmsprop.rho) * gradient;
      square -= average * average;
    }
    const double increment = rate * gradient / std::sqrt(square + rmsprop.epsilon);
    if (rmsprop.momentum == 0.0f) {
      weight -= increment;
    } else {
      weight -= slots[1] = rmsprop.momentum * slots[1] + increment;
    }
  }
  void step(const Adagrad& adagrad, double gradient, double rate, int) {
    slots[0] += gradient * gradient;
    weight -= rate * gradient / std::sqrt(slots[0] + adagrad.epsilon);
  }
  template <class AdamOrAdamW>
  void step(const AdamOrAdamW& adam, double gradient, double rate, int number) {
    if constexpr (std::is_same_v<AdamOrAdamW, AdamW>) weight -= weight * adam.weight_decay * rate;
    slots[0] = adam.beta_1 * slots[0] + (1 - adam.beta_1) * gradient;
    slots[1] = adam.beta_2 * slots[1] + (1 - adam.beta_2) * gradient * gradient;
    slots[2] = adam.amsgrad ? std::max(slots[2], slots[1]) : slots[1];
    const double correction =
        std::sqrt(1 - std::pow(adam.beta_2, number)) / (1 - std::pow(adam.beta_1, number));
    weight -= rate * correction * slots[0] / (std::sqrt(slots[2]) + adam.epsilon);
  }
};

// Arrays of these sizes at once: one number, no whole vector, enough for all threads.
constexpr std::int64_t sizes[] = {1, 7, 40003};

double number(std::uint32_t array, std::int64_t i) {
  const RandomStream random(5, RandomPurpose::drawing, 0, 0, array);
  return 2.0 * static_cast<double>(random.uniform(static_cast<std::uint32_t>(i))) - 1.0;
}

std::vector<float> numbers(std::uint32_t array, std::int64_t size) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < size; ++i) values.push_back(static_cast<float>(number(array, i)));
  return values;
}

struct Clipping {
  float value = 0;
  std::vector<float> scales;  // one an array, or none

  double operator()(float gradient, std::size_t array) const {
    double g = static_cast<double>(gradient);
    if (value > 0) g = std::min(std::max(g, -static_cast<double>(value)), static_cast<double>(value));
    return scales.empty() ? g : g * static_cast<double>(scales[array]);
  }
};

double largest_error(const Backend& backend, const Optimizer& optimizer, const Clipping& clipping) {
  struct Arrays {
    std::vector<float> weights, gradient, slots[3];
    std::vector<Expected> expected;
  };
  std::vector<Arrays> parameters(std::size(sizes));
  std::vector<UpdateKernel::Parameter> bound;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    Arrays& arrays = parameters[p];
    arrays.weights = numbers(static_cast<std::uint32_t>(p), sizes[p]);
    arrays.gradient.resize(arrays.weights.size());
    bound.push_back({arrays.weights.data(), arrays.gradient.data(), {}, sizes[p]});
    Expected start{};
    for (int slot = 0; slot < slot_count(optimizer); ++slot) {
      arrays.slots[slot].assign(arrays.weights.size(), slot_start(optimizer, slot));
      start.slots[slot] = slot_start(optimizer, slot);
      bound.back().slots.push_back(arrays.slots[slot].data());
    }
    for (const float weight : arrays.weights) {
      start.weight = weight;
      arrays.expected.push_back(start);
    }
  }

  const auto kernel = update_from_host(backend, optimizer);
  backend.enter();
  for (int step = 1; step <= 5; ++step) {
    const float rate = 0.01f / static_cast<float>(step);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const auto array = static_cast<std::uint32_t>(100 * p + static_cast<std::size_t>(step) + 10);
      std::ranges::copy(numbers(array, sizes[p]), parameters[p].gradient.begin());
      for (std::size_t i = 0; i < parameters[p].gradient.size(); ++i) {
        const double g = clipping(parameters[p].gradient[i], p);
        std::visit([&](const auto& o) { parameters[p].expected[i].step(o, g, rate, step); }, optimizer);
      }
    }
    kernel->run(
        bound,
        {.learning_rate = rate, .step = step, .clip_value = clipping.value, .scales = clipping.scales});
  }

  double error = 0;
  for (const Arrays& arrays : parameters) {
    for (std::size_t i = 0; i < arrays.weights.size(); ++i) {
      error = std::max(error, std::fabs(static_cast<double>(arrays.weights[i]) - arrays.expected[i].weight));
    }
  }
  return error;
}

}  // namespace

TEST_CASE("updates follow the optimisers' formulas over several steps, clipped and not") {
  const Clipping clippings[] = {
      {}, {.value = 0.5f, .scales = {}}, {.value = 0.75f, .scales = {2.0f, 0.5f, 0.1f}}};
  for (const auto& backend : backends_under_test()) {
    for (const char* text :
         {"sgd", "sgd,momentum=0.9", "sgd,momentum=0.8,nesterov", "rmsprop", "rmsprop,momentum=0.5",
          "rmsprop,centered,epsilon=0.01", "rmsprop,centered,momentum=0.5,rho=0.5,epsilon=0.01", "adagrad",
          "adagrad,initial_accumulator_value=0.01,epsilon=0.01", "adam", "adam,amsgrad,beta_2=0.5",
          "adam,beta_1=0.5,beta_2=0.9,epsilon=0.1", "adamw", "adamw,weight_decay=0.5,amsgrad,beta_2=0.5"}) {
      for (const Clipping& clipping : clippings) {
        INFO(backend->name() << ", " << text << ", clip " << clipping.value << ", scaled "
                             << !clipping.scales.empty());
        CHECK(largest_error(*backend, optimizer_by_name(text), clipping) <= 1e-6);  // weights in [-1, 1]
      }
    }
  }
}

namespace {

void check_rounding(const Backend& backend, DataType type) {
  backend.enter();
  const auto kernel = update_from_host(backend, SGD{});
  for (const std::int64_t size : {1, 9, 40003}) {
    INFO(backend.name() << ", " << to_string(type) << ", " << size);
    std::vector<float> weights = numbers(1, size), gradient = numbers(2, size);
    std::vector<std::byte> rounded(static_cast<std::size_t>(size) * 2);
    UpdateKernel::Parameter parameter{weights.data(), gradient.data(), {}, size};
    parameter.rounded = rounded.data();
    parameter.rounded_type = type;
    const auto check = [&] {
      std::vector<std::byte> expected(rounded.size());
      encode(std::vector<double>(weights.begin(), weights.end()), type, expected.data());
      CHECK(rounded == expected);
    };
    kernel->round({&parameter, 1});
    check();
    const std::vector<float> before = weights;
    kernel->run({&parameter, 1}, {.learning_rate = 0x1p-12f});
    CHECK(weights != before);
    check();
  }
}

}  // namespace

TEST_CASE("an update and a rounding leave the weights rounded to the nearest beside them") {
  for (const auto& backend : backends_under_test()) {
    if (backend->name() == "reference") continue;
    check_rounding(*backend, DataType::bf16);
    if (backend->name() != "cpu") check_rounding(*backend, DataType::f16);
  }
}

TEST_CASE("the loss's factor is taken out of gradients, and what is not finite is seen") {
  for (const auto& backend : backends_under_test()) {
    backend->enter();
    const auto kernel = update_from_host(*backend, SGD{});
    std::vector<float> weights(40003, 1.0f), gradient = numbers(2, 40003), others(3, 64.0f);
    std::vector<UpdateKernel::Parameter> parameters = {{weights.data(), gradient.data(), {}, 40003},
                                                       {weights.data(), others.data(), {}, 3}};
    std::vector<float> expected = gradient;
    for (float& number : expected) number *= 0.125f;
    INFO(backend->name());
    LossScale scale(Precision::f16);
    scale.restore(8.0f, 0);
    CHECK(kernel->unscale(parameters, scale));
    CHECK(gradient == expected);
    CHECK(others == std::vector<float>(3, 8.0f));
    for (const float bad :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      others[2] = bad;
      CHECK_FALSE(kernel->unscale(parameters, scale));
      others[2] = 1.0f;
      CHECK(kernel->unscale(parameters, scale));
    }
  }
}

TEST_CASE("a step whose gradients are not finite is left out, and counts for the factor alone") {
  for (const auto& backend : backends_under_test()) {
    backend->enter();
    INFO(backend->name());
    const auto kernel = update_from_host(*backend, Adam{});
    const StepState start{.learning_rate = 0.5f, .loss_scale = LossScale(Precision::f16), .steps = 7};
    const StepState taken = kernel->begun(start, {1, 1});
    CHECK(taken.is_taken);
    CHECK(taken.steps == 8);
    CHECK(taken.learning_rate == 0.5f);
    CHECK(taken.loss_scale.finite_steps() == 1);
    const StepState left_out = kernel->begun(taken, {1, 0});
    CHECK_FALSE(left_out.is_taken);
    CHECK(left_out.steps == 8);
    CHECK(left_out.loss_scale.factor() == LossScale::first_factor / 2);
    CHECK(kernel->begun(left_out, {}).is_taken);

    std::vector<float> weights(40, 1.0f), gradient(40, 2.0f), mean(40, 3.0f), square(40, 4.0f);
    const UpdateKernel::Parameter parameter{
        weights.data(), gradient.data(), {mean.data(), square.data()}, 40};
    kernel->run({&parameter, 1}, {.learning_rate = 0.5f, .is_taken = false});
    CHECK(weights == std::vector<float>(40, 1.0f));
    CHECK(mean == std::vector<float>(40, 3.0f));
    kernel->run({&parameter, 1}, {.learning_rate = 0.5f});
    CHECK(weights != std::vector<float>(40, 1.0f));
  }
}

TEST_CASE("clipping by norm scales as the host's formula says, also what is not finite") {
  const std::vector<double> sums = {4.0, 0.0, 1e-8, 900.0, 1e300};
  for (const double bad : {0.0, static_cast<double>(INFINITY), static_cast<double>(NAN)}) {
    std::vector<double> with_bad = sums;
    with_bad.insert(with_bad.begin() + 2, bad);
    for (const GradientClipping& clipping :
         {GradientClipping{.norm = 1.5f}, GradientClipping{.global_norm = 1.5f}}) {
      std::vector<float> expected(with_bad.size());
      clipping_scales(clipping, with_bad, expected);
      for (const auto& backend : backends_under_test()) {
        backend->enter();
        INFO(backend->name() << ", norm " << clipping.norm << ", " << bad);
        const std::vector<float> found =
            update_from_host(*backend, SGD{})->scales_by_norms(clipping, with_bad);
        for (std::size_t i = 0; i < found.size(); ++i) {
          INFO(i);
          CHECK((std::isnan(expected[i]) ? std::isnan(found[i])
                                         : found[i] == doctest::Approx(expected[i]).epsilon(1e-6)));
        }
      }
    }
  }
}

TEST_CASE("a gradient that is not a number is not hidden by clipping") {
  for (const auto& backend : backends_under_test()) {
    backend->enter();
    std::vector<float> weights(9, 1.0f), gradient(9, std::numeric_limits<float>::quiet_NaN());
    const UpdateKernel::Parameter parameter{weights.data(), gradient.data(), {}, 9};
    update_from_host(*backend, SGD{})->run({&parameter, 1}, {.learning_rate = 0.1f, .clip_value = 1.0f});
    for (const float weight : weights) CHECK(std::isnan(weight));
  }
}

TEST_CASE("sums over gradients and weights are exact for every size") {
  for (const auto& backend : backends_under_test()) {
    backend->enter();
    const auto kernel = update_from_host(*backend, SGD{});
    for (const std::int64_t size : {1, 5, 4096, 4097, 40003, 300001}) {
      INFO(backend->name() << ", " << size);
      std::vector<float> weights = numbers(1, size), gradient = numbers(2, size), before = gradient;
      if (size > 2) weights[2] = 0;
      const UpdateKernel::Parameter parameter{
          weights.data(), gradient.data(), {}, size, {.l1 = 0.25f, .l2 = 0.5f}};
      double square_sum = 0, penalty = 0, error = 0;
      for (const float g : gradient) square_sum += static_cast<double>(g) * g;
      for (const float w : weights) penalty += 0.25 * std::fabs(w) + 0.5 * static_cast<double>(w) * w;
      double found = NAN;
      kernel->sum_squares({&parameter, 1}, {&found, 1});
      CHECK(found == doctest::Approx(square_sum).epsilon(1e-12));
      CHECK(kernel->regularize({&parameter, 1}) == doctest::Approx(penalty).epsilon(1e-12));
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const float sign = weights[i] > 0 ? 1.0f : weights[i] < 0 ? -1.0f : 0.0f;
        error = std::max(error,
                         std::fabs(static_cast<double>(gradient[i]) - before[i] - 0.25 * sign - weights[i]));
      }
      CHECK(error <= 2.5e-7);
    }
  }
}

TEST_CASE("sums do not depend on the number of threads, to the bit") {
  std::vector<float> weights = numbers(1, 200003), gradient = numbers(2, 200003);
  std::vector<double> sums, penalties;
  for (const int threads : {1, 2, 5}) {
    const auto backend = make_cpu_backend(threads);
    backend->enter();
    const auto kernel = update_from_host(*backend, SGD{});
    std::vector<float> copy = gradient;
    const UpdateKernel::Parameter parameter{
        weights.data(), copy.data(), {}, 200003, {.l1 = 0.1f, .l2 = 0.2f}};
    kernel->sum_squares({&parameter, 1}, {&sums.emplace_back(), 1});
    penalties.push_back(kernel->regularize({&parameter, 1}));
    CHECK(std::memcmp(&sums[0], &sums.back(), sizeof(double)) == 0);
    CHECK(std::memcmp(&penalties[0], &penalties.back(), sizeof(double)) == 0);
  }
}

}  // namespace petal::testing
