#include <algorithm>
#include <cmath>

#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

using Parameter = UpdateKernel::Parameter;

// As many arrays as one launch takes: what it is given has to fit into a kernel's arguments.
constexpr int most_arrays = 32;

// Arrays of one launch, one behind the other: index i belongs to the one that it lies in.
struct Arrays {
  struct Array {
    float *weights, *gradient, *slots[3];
    Results rounded;
    float scale, l1, l2;
    Index end;  // of this array's indices
  };
  Array array[most_arrays];
  int count = 0;

  void add(const Parameter& parameter, float scale) {
    Array& next = array[count];
    next = {parameter.weights,
            parameter.diff_weights,
            {},
            {parameter.rounded, parameter.rounded_type},
            scale,
            parameter.regularizer.l1,
            parameter.regularizer.l2,
            elements() + parameter.elements};
    for (std::size_t slot = 0; slot < parameter.slots.size(); ++slot)
      next.slots[slot] = parameter.slots[slot];
    ++count;
  }
  PETAL_BODY Index elements() const { return count == 0 ? 0 : array[count - 1].end; }
  PETAL_BODY Index begin(int number) const { return number == 0 ? 0 : array[number - 1].end; }
  // The number of the array that index i lies in.
  PETAL_BODY int find(Index i) const {
    int first = 0, last = count - 1;
    while (first < last) {
      const int middle = (first + last) / 2;
      if (i < array[middle].end)
        last = middle;
      else
        first = middle + 1;
    }
    return first;
  }
};

// The optimiser's numbers, in float32 as its rule says.
struct Rule {
  enum class Kind { descent, root_mean_square, accumulated, moments } kind = Kind::descent;
  float rate = 0;
  float momentum = 0;              // descent, root_mean_square
  float keep = 0, share = 0;       // root_mean_square: rho and 1 - rho
  float share_1 = 0, share_2 = 0;  // moments: 1 - beta
  float epsilon = 0, decay = 0;
  bool nesterov = false, centered = false, largest = false;
};

Rule rule_of(const SGD& sgd, float rate, std::int64_t) {
  return {.rate = rate, .momentum = sgd.momentum, .nesterov = sgd.nesterov};
}
Rule rule_of(const RMSprop& rmsprop, float rate, std::int64_t) {
  return {.kind = Rule::Kind::root_mean_square,
          .rate = rate,
          .momentum = rmsprop.momentum,
          .keep = static_cast<float>(rmsprop.rho),
          .share = static_cast<float>(1 - rmsprop.rho),
          .epsilon = rmsprop.epsilon,
          .centered = rmsprop.centered};
}
Rule rule_of(const Adagrad& adagrad, float rate, std::int64_t) {
  return {.kind = Rule::Kind::accumulated, .rate = rate, .epsilon = adagrad.epsilon};
}
Rule rule_of(const Adam& adam, float rate, std::int64_t step) {
  return {.kind = Rule::Kind::moments,
          .rate = bias_corrected_rate(rate, adam.beta_1, adam.beta_2, step),
          .share_1 = static_cast<float>(1 - adam.beta_1),
          .share_2 = static_cast<float>(1 - adam.beta_2),
          .epsilon = adam.epsilon,
          .largest = adam.amsgrad};
}
Rule rule_of(const AdamW& adamw, float rate, std::int64_t step) {
  Rule rule = rule_of(Adam{adamw.learning_rate, adamw.beta_1, adamw.beta_2, adamw.epsilon, adamw.amsgrad},
                      rate, step);
  rule.decay = adamw.weight_decay * rate;
  return rule;
}

// One element of one parameter, a step on.
struct Step {
  Arrays arrays;
  Rule rule;
  float clip_value;

  // With it the copy that kernels read.
  PETAL_BODY void operator()(Index index) const {
    const int number = arrays.find(index);
    const Arrays::Array& array = arrays.array[number];
    const Index i = index - arrays.begin(number);
    float g = array.gradient[i];
    if (clip_value > 0.0f) g = g < -clip_value ? -clip_value : g > clip_value ? clip_value : g;
    g *= array.scale;
    move(array, i, g, array.weights[i]);
    if (array.rounded) array.rounded[i] = array.weights[i];
  }

  PETAL_BODY void move(const Arrays::Array& array, Index i, float g, float& w) const {
    switch (rule.kind) {
      case Rule::Kind::descent:
        return descend(array, i, g, w);
      case Rule::Kind::root_mean_square:
        return root_mean_square(array, i, g, w);
      case Rule::Kind::accumulated:
        array.slots[0][i] += g * g;
        w -= rule.rate * g / std::sqrt(array.slots[0][i] + rule.epsilon);
        return;
      case Rule::Kind::moments:
        return moments(array, i, g, w);
    }
  }

  PETAL_BODY void descend(const Arrays::Array& array, Index i, float g, float& w) const {
    if (rule.momentum == 0.0f) {
      w -= rule.rate * g;
      return;
    }
    float& v = array.slots[0][i];
    v = rule.momentum * v - rule.rate * g;
    w += rule.nesterov ? rule.momentum * v - rule.rate * g : v;
  }

  PETAL_BODY void root_mean_square(const Arrays::Array& array, Index i, float g, float& w) const {
    float& v = array.slots[0][i];
    v = rule.keep * v + rule.share * (g * g);
    float square = v;
    if (rule.centered) {
      float& average = array.slots[rule.momentum != 0.0f ? 2 : 1][i];
      average = rule.keep * average + rule.share * g;
      square -= average * average;
    }
    float increment = rule.rate * g / std::sqrt(square + rule.epsilon);
    if (rule.momentum != 0.0f) {
      float& m = array.slots[1][i];
      increment = m = rule.momentum * m + increment;
    }
    w -= increment;
  }

  PETAL_BODY void moments(const Arrays::Array& array, Index i, float g, float& w) const {
    w -= w * rule.decay;
    float &m = array.slots[0][i], &v = array.slots[1][i];
    m += (g - m) * rule.share_1;
    v += (g * g - v) * rule.share_2;
    float square = v;
    if (rule.largest) {
      float& most = array.slots[2][i];
      square = most = most < v ? v : most;
    }
    w -= m * rule.rate / (std::sqrt(square) + rule.epsilon);
  }
};

// A regulariser's gradient.
struct Regularize {
  Arrays arrays;
  PETAL_BODY void operator()(Index index) const {
    const int number = arrays.find(index);
    const Arrays::Array& array = arrays.array[number];
    const Index i = index - arrays.begin(number);
    const float w = array.weights[i];
    const float sign = w > 0.0f ? 1.0f : w < 0.0f ? -1.0f : 0.0f;
    array.gradient[i] += array.l1 * sign + 2.0f * array.l2 * w;
  }
};

// Takes the factor of the loss out of gradients again.
struct Unscale {
  Arrays arrays;
  float factor;
  PETAL_BODY void operator()(Index index) const {
    const int number = arrays.find(index);
    arrays.array[number].gradient[index - arrays.begin(number)] *= factor;
  }
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

// The copies of the weights that kernels read.
struct Round {
  Arrays arrays;
  PETAL_BODY void operator()(Index index) const {
    const int number = arrays.find(index);
    const Arrays::Array& array = arrays.array[number];
    const Index i = index - arrays.begin(number);
    array.rounded[i] = array.weights[i];
  }
};

struct Accumulate {
  Arrays arrays;  // weights: the sum, gradient: the part
  bool first;
  PETAL_BODY void operator()(Index index) const {
    const int number = arrays.find(index);
    const Arrays::Array& array = arrays.array[number];
    const Index i = index - arrays.begin(number);
    array.weights[i] = first ? array.gradient[i] : array.weights[i] + array.gradient[i];
  }
};

class UpdateLaunches final : public UpdateKernel {
 public:
  UpdateLaunches(const Device& device, const Optimizer& optimizer)
      : queue_(device.queue),
        optimizer_(optimizer),
        sums_(device.memory, most_arrays * pieces * sizeof(double)),
        host_sums_(device.memory, sums_.data(), sums_.size()),
        memory_(device.memory) {}

  double regularize(std::span<const Parameter> parameters) const override {
    std::vector<Parameter> regularized;
    for (const Parameter& parameter : parameters)
      if (parameter.regularizer != Regularizer{}) regularized.push_back(parameter);
    std::vector<double> penalties(regularized.size());
    sum(regularized, true, penalties);
    in_launches(regularized, {}, [&](const Arrays& arrays, std::size_t) {
      for_each(queue_, arrays.elements(), Regularize{arrays});
    });
    double penalty = 0;
    for (const double one : penalties) penalty += one;
    return penalty;
  }

  void sum_squares(std::span<const Parameter> parameters, std::span<double> sums) const override {
    sum(parameters, false, sums);
  }

  // A square of what is not finite is not finite either.
  bool unscale(std::span<const Parameter> parameters, float factor) const override {
    in_launches(parameters, {}, [&](const Arrays& arrays, std::size_t) {
      for_each(queue_, arrays.elements(), Unscale{arrays, factor});
    });
    std::vector<double> squares(parameters.size());
    sum(parameters, false, squares);
    return std::ranges::all_of(squares, [](double square) { return std::isfinite(square); });
  }

  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    const Rule rule = std::visit(
        [&](const auto& optimizer) { return rule_of(optimizer, options.learning_rate, options.step); },
        optimizer_);
    in_launches(parameters, options.scales, [&](const Arrays& arrays, std::size_t) {
      for_each(queue_, arrays.elements(), Step{arrays, rule, options.clip_value});
    });
  }

  void round(std::span<const Parameter> parameters) const override {
    std::vector<Parameter> halves;
    for (const Parameter& parameter : parameters)
      if (parameter.rounded) halves.push_back(parameter);
    in_launches(halves, {}, [&](const Arrays& arrays, std::size_t) {
      for_each(queue_, arrays.elements(), Round{arrays});
    });
  }

  void accumulate(std::span<const Part> parts, bool first) const override {
    std::vector<Parameter> pairs;
    for (const auto& [sum, part, elements] : parts)
      pairs.push_back({.weights = sum, .diff_weights = const_cast<float*>(part), .elements = elements});
    in_launches(pairs, {}, [&](const Arrays& arrays, std::size_t) {
      for_each(queue_, arrays.elements(), Accumulate{arrays, first});
    });
  }

 private:
  // Calls launch(arrays, number of the first) for as many parameters at a time as fit.
  template <class Launch>
  static void in_launches(std::span<const Parameter> parameters, std::span<const float> scales,
                          const Launch& launch) {
    for (std::size_t first = 0; first < parameters.size(); first += most_arrays) {
      Arrays arrays;
      const std::size_t last = std::min(parameters.size(), first + most_arrays);
      for (std::size_t p = first; p < last; ++p) arrays.add(parameters[p], scales.empty() ? 1.0f : scales[p]);
      launch(arrays, first);
    }
  }

  void sum(std::span<const Parameter> parameters, bool penalty, std::span<double> sums) const {
    in_launches(parameters, {}, [&](const Arrays& arrays, std::size_t first) {
      auto* device_sums = reinterpret_cast<double*>(sums_.data());
      for_each(queue_, arrays.count * pieces, SumPieces{arrays, penalty, device_sums});
      host_sums_.download();
      memory_->wait();
      const auto* found = reinterpret_cast<const double*>(host_sums_.data());
      for (int array = 0; array < arrays.count; ++array) {
        double sum = 0;
        for (Index piece = 0; piece < pieces; ++piece) sum += found[array * pieces + piece];
        sums[first + static_cast<std::size_t>(array)] = sum;
      }
    });
  }

  Queue queue_;
  Optimizer optimizer_;
  DeviceArray sums_;
  HostMirror host_sums_;
  std::shared_ptr<const Memory> memory_;
};

}  // namespace

std::unique_ptr<UpdateKernel> make_update(const Device& device, const Optimizer& optimizer) {
  return std::make_unique<UpdateLaunches>(device, optimizer);
}

}  // namespace petal::cuda
