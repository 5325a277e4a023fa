#include <doctest/doctest.h>

#include <cmath>

#include "engine/random.h"
#include "tests/kernels/backends.h"

namespace petal::testing {
namespace {

// One parameter through several steps, in double, by the formulas of engine/optimizer.h.
struct Expected {
  double weight;
  double slots[2] = {0, 0};

  void step(const SGD& sgd, double gradient, double rate, int) {
    const double velocity = slots[0] = sgd.momentum * slots[0] - rate * gradient;
    weight += sgd.nesterov ? sgd.momentum * velocity - rate * gradient : velocity;
  }
  void step(const Adam& adam, double gradient, double rate, int number) {
    slots[0] = adam.beta_1 * slots[0] + (1 - adam.beta_1) * gradient;
    slots[1] = adam.beta_2 * slots[1] + (1 - adam.beta_2) * gradient * gradient;
    const double correction =
        std::sqrt(1 - std::pow(double{adam.beta_2}, number)) / (1 - std::pow(double{adam.beta_1}, number));
    weight -= rate * correction * slots[0] / (std::sqrt(slots[1]) + adam.epsilon);
  }
};

// Arrays of these sizes at once: one number, no whole vector, enough for all threads.
constexpr std::int64_t sizes[] = {1, 7, 40003};

double number(std::uint32_t array, std::int64_t i) {
  const RandomStream random(5, RandomPurpose::drawing, 0, 0, array);
  return 2.0 * static_cast<double>(random.uniform(static_cast<std::uint32_t>(i))) - 1.0;
}

double largest_error(const Backend& backend, const Optimizer& optimizer) {
  struct Arrays {
    std::vector<float> weights, gradient, slots[2];
    std::vector<float*> slot_pointers;
    std::vector<Expected> expected;
  };
  std::vector<Arrays> parameters(std::size(sizes));
  std::vector<UpdateKernel::Parameter> bound;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    Arrays& arrays = parameters[p];
    for (std::int64_t i = 0; i < sizes[p]; ++i) {
      arrays.weights.push_back(static_cast<float>(number(static_cast<std::uint32_t>(p), i)));
      arrays.expected.push_back({.weight = static_cast<double>(arrays.weights.back())});
    }
    arrays.gradient.resize(arrays.weights.size());
    for (int slot = 0; slot < slot_count(optimizer); ++slot) {
      arrays.slots[slot].assign(arrays.weights.size(), 0.0f);
      arrays.slot_pointers.push_back(arrays.slots[slot].data());
    }
    bound.push_back({arrays.weights.data(), arrays.gradient.data(), arrays.slot_pointers, sizes[p]});
  }

  const auto kernel = backend.prepare_update(optimizer);
  backend.enter();
  for (int step = 1; step <= 5; ++step) {
    const float rate = 0.01f / static_cast<float>(step);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      for (std::size_t i = 0; i < parameters[p].gradient.size(); ++i) {
        const auto array = static_cast<std::uint32_t>(100 * p + static_cast<std::size_t>(step) + 10);
        parameters[p].gradient[i] = static_cast<float>(number(array, static_cast<std::int64_t>(i)));
        std::visit(
            [&](const auto& o) { parameters[p].expected[i].step(o, parameters[p].gradient[i], rate, step); },
            optimizer);
      }
    }
    kernel->run(bound, {.learning_rate = rate, .step = step});
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

TEST_CASE("updates follow the optimisers' formulas over several steps") {
  const Optimizer optimizers[] = {SGD{}, SGD{.momentum = 0.9f}, SGD{.momentum = 0.8f, .nesterov = true},
                                  Adam{}, Adam{.beta_1 = 0.5f, .beta_2 = 0.9f, .epsilon = 0.1f}};
  for (const auto& backend : backends_under_test()) {
    for (std::size_t i = 0; i < std::size(optimizers); ++i) {
      INFO(backend->name() << ", optimiser " << i);
      CHECK(largest_error(*backend, optimizers[i]) <= 5e-7);  // weights in [-1, 1]
    }
  }
}

}  // namespace petal::testing
