#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cuda/operations.h"
#include "kernels/cuda/update/optimizer_step.h"

namespace petal::cuda {
namespace {

using Parameter = UpdateKernel::Parameter;

// Moves the optimiser to its next step.
struct BeginStep {
  StepState* state;
  const std::int32_t* finite;
  int count;
  PETAL_BODY void operator()(Index) const {
    bool all = true;
    for (int i = 0; i < count; ++i) all = all && finite[i] != 0;
    state->begin_step(all);
  }
};

// A regulariser's gradient.
struct Regularize {
  Arrays arrays;
  PETAL_BODY void operator()(Index index) const {
    const auto [array, number, i] = arrays.element(index);
    const float w = array.weights[i];
    const float sign = w > 0.0f ? 1.0f : w < 0.0f ? -1.0f : 0.0f;
    array.gradient[i] += array.l1 * sign + 2.0f * array.l2 * w;
  }
};

// Takes the factor of the loss out of gradients again, and sees what is not finite.
struct Unscale {
  Arrays arrays;
  const LossScale* scale;
  std::int32_t* finite;
  PETAL_BODY void operator()(Index index) const {
    const auto [array, number, i] = arrays.element(index);
    float& gradient = array.gradient[i];
    gradient *= 1.0f / scale->factor();
    if (!(gradient - gradient == 0.0f)) *finite = 0;
  }
};

struct AssignFlag {
  std::int32_t* flag;
  PETAL_BODY void operator()(Index) const { *flag = 1; }
};

// Sums over an array in double are made of this many pieces, each by one thread.
constexpr Index pieces = 256;

// Index i is piece i % pieces of array i / pieces: the penalty of its weights, or the squares of its
// gradient.
struct SumPieces {
  Arrays arrays;
  bool penalty;
  double* sums;
  PETAL_BODY void operator()(Index index) const {
    const auto number = static_cast<int>(index / pieces);
    const Arrays::Array& array = arrays.array[number];
    const Index elements = array.end - arrays.begin(number);
    double sum = 0;
    for (Index i = index % pieces; i < elements; i += pieces) {
      if (penalty) {
        const auto w = static_cast<double>(array.weights[i]);
        sum += static_cast<double>(array.l1) * std::fabs(w) + static_cast<double>(array.l2) * w * w;
      } else {
        const auto g = static_cast<double>(array.gradient[i]);
        sum += g * g;
      }
    }
    sums[index] = sum;
  }
};

// The pieces of array i, summed.
struct SumOfPieces {
  const double* pieces_of_all;
  double* sums;
  int places[most_arrays];  // where in `sums` they go
  PETAL_BODY void operator()(Index i) const {
    double sum = 0;
    for (Index piece = 0; piece < pieces; ++piece) sum += pieces_of_all[i * pieces + piece];
    sums[places[i]] = sum;
  }
};

// petal::clipping_scales: of the scale of one parameter by its own norm.
struct ScaleByNorm {
  double limit;
  const double* square_sums;
  float* scales;
  PETAL_BODY void operator()(Index i) const {
    const double norm = std::sqrt(square_sums[i]);
    scales[i] = static_cast<float>(limit / (norm < limit ? limit : norm));
  }
};

// The same by the norm of all.
struct ScaleByGlobalNorm {
  double limit;
  int parameters;
  const double* square_sums;
  float* scales;
  PETAL_BODY void operator()(Index) const {
    double sum = 0;
    for (int i = 0; i < parameters; ++i) sum += square_sums[i];
    const double norm = std::sqrt(sum);
    const double scale = limit / (norm < limit ? limit : norm) + (norm - norm);
    for (int i = 0; i < parameters; ++i) scales[i] = static_cast<float>(scale);
  }
};

// The copies of the weights that kernels read.
struct Round {
  Arrays arrays;
  PETAL_BODY void operator()(Index index) const {
    const auto [array, number, i] = arrays.element(index);
    array.rounded[i] = array.weights[i];
  }
};

struct Accumulate {
  Arrays arrays;  // weights: the sum, gradient: the part
  bool first;
  PETAL_BODY void operator()(Index index) const {
    const auto [array, number, i] = arrays.element(index);
    array.weights[i] = first ? array.gradient[i] : array.weights[i] + array.gradient[i];
  }
};

class UpdateLaunches final : public UpdateKernel {
 public:
  UpdateLaunches(const Device& device, const Optimizer& optimizer)
      : queue_(device.queue),
        rule_(std::visit([](const auto& known) { return rule_of(known); }, optimizer)),
        settled_(device.memory, sizeof(Rule)),
        pieces_(device.memory, most_arrays * pieces * sizeof(double)) {}

  void regularize(std::span<const Parameter> parameters, double* penalties) const override {
    const auto is_regularized = [](const Parameter& one) { return one.regularizer != Regularizer{}; };
    sum(parameters, is_regularized, true, penalties);
    in_launches(parameters, is_regularized, [&](const Arrays& arrays, const int*) {
      for_each(queue_, arrays.elements(), Regularize{arrays});
    });
  }

  void sum_squares(std::span<const Parameter> parameters, double* sums) const override {
    sum(parameters, all, false, sums);
  }

  void scale_by_norms(const GradientClipping& clipping, const double* square_sums, int parameters,
                      float* scales) const override {
    if (clipping.norm > 0.0f)
      for_each(queue_, parameters, ScaleByNorm{clipping.norm, square_sums, scales});
    else
      for_each(queue_, 1, ScaleByGlobalNorm{clipping.global_norm, parameters, square_sums, scales});
  }

  void unscale(std::span<const Parameter> parameters, const LossScale* scale,
               std::int32_t* finite) const override {
    for_each(queue_, 1, AssignFlag{finite});
    in_launches(parameters, all, [&](const Arrays& arrays, const int*) {
      for_each(queue_, arrays.elements(), Unscale{arrays, scale, finite});
    });
  }

  void begin_step(StepState* state, const std::int32_t* finite, int count) const override {
    for_each(queue_, 1, BeginStep{state, finite, count});
  }

  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    auto* settled = reinterpret_cast<Rule*>(settled_.data());
    for_each(queue_, 1, SettleRule{rule_, options.state, settled});
    in_launches(parameters, all, [&](const Arrays& arrays, const int* places) {
      const float* scales = options.scales ? options.scales + places[0] : nullptr;
      for_each(queue_, arrays.elements(), Step{arrays, settled, options.state, scales, options.clip_value});
    });
  }

  void round(std::span<const Parameter> parameters) const override {
    const auto has_copy = [](const Parameter& one) { return one.rounded != nullptr; };
    in_launches(parameters, has_copy, [&](const Arrays& arrays, const int*) {
      for_each(queue_, arrays.elements(), Round{arrays});
    });
  }

  void accumulate(std::span<const Part> parts, bool first) const override {
    std::vector<Parameter> pairs;
    for (const auto& [sum, part, elements] : parts)
      pairs.push_back({.weights = sum, .diff_weights = const_cast<float*>(part), .elements = elements});
    in_launches(pairs, all, [&](const Arrays& arrays, const int*) {
      for_each(queue_, arrays.elements(), Accumulate{arrays, first});
    });
  }

 private:
  static bool all(const Parameter&) { return true; }

  // Calls launch(arrays, their numbers) for the parameters that are wanted, as many at a time as fit.
  template <class Wanted, class Launch>
  static void in_launches(std::span<const Parameter> parameters, const Wanted& wanted, const Launch& launch) {
    Arrays arrays;
    std::array<int, most_arrays> places{};
    const auto send = [&] {
      if (arrays.count > 0) launch(arrays, places.data());
      arrays.count = 0;
    };
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      if (!wanted(parameters[p])) continue;
      places[static_cast<std::size_t>(arrays.count)] = static_cast<int>(p);
      arrays.add(parameters[p]);
      if (arrays.count == most_arrays) send();
    }
    send();
  }

  template <class Wanted>
  void sum(std::span<const Parameter> parameters, const Wanted& wanted, bool penalty, double* sums) const {
    in_launches(parameters, wanted, [&](const Arrays& arrays, const int* places) {
      auto* found = reinterpret_cast<double*>(pieces_.data());
      for_each(queue_, arrays.count * pieces, SumPieces{arrays, penalty, found});
      SumOfPieces rest{found, sums, {}};
      std::copy_n(places, arrays.count, rest.places);
      for_each(queue_, arrays.count, rest);
    });
  }

  Queue queue_;
  Rule rule_;
  DeviceArray settled_;  // the rule of the step that is taken
  DeviceArray pieces_;
};

}  // namespace

std::unique_ptr<UpdateKernel> make_update(const Device& device, const Optimizer& optimizer) {
  return std::make_unique<UpdateLaunches>(device, optimizer);
}

}  // namespace petal::cuda
