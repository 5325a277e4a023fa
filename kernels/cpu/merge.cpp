#include <algorithm>

#include "kernels/cpu/broadcast_rows.h"

namespace petal::cpu {
namespace {

constexpr std::int64_t block = 1024;  // elements of a row at a time

// y[i] = f(y[i], x[i]), with one x for all where step is 0.
template <class F>
void combine(float* y, const float* x, std::int64_t step, std::int64_t count, F f) {
  if (step == 0) {
    const float repeated = *x;
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) y[i] = f(y[i], repeated);
  } else {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) y[i] = f(y[i], x[i]);
  }
}

// y = y OPERATION x, of two inputs; a sum where the operation is the average.
void combine(MergeOperation operation, float* y, const float* x, std::int64_t step, std::int64_t count) {
  switch (operation) {
    case MergeOperation::add:
    case MergeOperation::average:
      return combine(y, x, step, count, [](float a, float b) { return a + b; });
    case MergeOperation::subtract:
      return combine(y, x, step, count, [](float a, float b) { return a - b; });
    case MergeOperation::multiply:
      return combine(y, x, step, count, [](float a, float b) { return a * b; });
    case MergeOperation::maximum:
      return combine(y, x, step, count, [](float a, float b) { return b > a ? b : a; });
    case MergeOperation::minimum:
      return combine(y, x, step, count, [](float a, float b) { return b < a ? b : a; });
  }
}

class MergeKernel : public Kernel {
 public:
  MergeKernel(MergeOperation operation, const PrepareContext& context)
      : operation_(operation), rows_(context) {}

  std::string implementation() const override { return "loops"; }

 protected:
  // Part of a row of one sample.
  struct Place {
    std::int64_t sample, row, first, count;
  };

  // Calls f(Place) for the parts of all rows, on all threads.
  template <class F>
  void for_parts(const F& f) const {
    const std::int64_t parts = (rows_.length + block - 1) / block, all = rows_.batch * rows_.rows;
#pragma omp parallel for collapse(2) schedule(static) if (all * rows_.length >= worth_threads)
    for (std::int64_t row = 0; row < all; ++row) {
      for (std::int64_t part = 0; part < parts; ++part) {
        f(Place{row / rows_.rows, row % rows_.rows, part * block,
                std::min(block, rows_.length - part * block)});
      }
    }
  }

  std::int64_t dst_offset(const Place& at) const {
    return (at.sample * rows_.rows + at.row) * rows_.length + at.first;
  }
  std::int64_t src_offset(std::size_t input, const Place& at) const {
    const BroadcastRows::Input& of = rows_.inputs[input];
    return at.sample * of.elements + of.begins[static_cast<std::size_t>(at.row)] + at.first * of.step;
  }
  const float* src(const Bindings& bindings, std::size_t input, const Place& at) const {
    return floats(bindings.src[input]) + src_offset(input, at);
  }

  MergeOperation operation_;
  BroadcastRows rows_;
};

class MergeForward final : public MergeKernel {
 public:
  using MergeKernel::MergeKernel;

  void run(const Bindings& bindings) override {
    for_parts([&](const Place& at) {
      float y[block];  // apart from dst, which may be an input that is yet to be read
      const float* first = src(bindings, 0, at);
      if (rows_.inputs[0].step == 0) {
        std::fill_n(y, at.count, *first);
      } else {
        std::copy_n(first, at.count, y);
      }
      for (std::size_t i = 1; i < rows_.inputs.size(); ++i) {
        combine(operation_, y, src(bindings, i, at), rows_.inputs[i].step, at.count);
      }
      float* dst = floats(bindings.dst) + dst_offset(at);
      if (operation_ == MergeOperation::average) {
        const auto terms = static_cast<float>(rows_.inputs.size());
#pragma omp simd
        for (std::int64_t i = 0; i < at.count; ++i) dst[i] = y[i] / terms;
      } else {
        std::copy_n(y, at.count, dst);
      }
    });
  }

  int in_place_input() const override {
    for (std::size_t i = 0; i < rows_.inputs.size(); ++i) {
      if (rows_.inputs[i].whole) return static_cast<int>(i);
    }
    return -1;
  }
};

class MergeBackward final : public MergeKernel {
 public:
  using MergeKernel::MergeKernel;

  void run(const Bindings& bindings) override {
    for (std::size_t input = 0; input < rows_.inputs.size(); ++input) {
      if (!bindings.diff_src[input]) continue;
      if (rows_.inputs[input].whole) {
        for_parts([&](const Place& at) {
          gradient(bindings, input, at, floats(bindings.diff_src[input]) + dst_offset(at));
        });
      } else {
        reduce(bindings, input);
      }
    }
  }

  std::size_t scratch_bytes() const override {
    std::int64_t most = 0;
    for (const BroadcastRows::Input& input : rows_.inputs) {
      if (!input.whole) most = std::max(most, input.elements);
    }
    return static_cast<std::size_t>(rows_.batch * most) * sizeof(double);
  }

 private:
  // diff_dst times the derivative by this input.
  void gradient(const Bindings& bindings, std::size_t input, const Place& at, float* y) const {
    const float* diff_dst = floats(bindings.diff_dst) + dst_offset(at);
    std::copy_n(diff_dst, at.count, y);
    const auto scale = [&](float factor) {
#pragma omp simd
      for (std::int64_t i = 0; i < at.count; ++i) y[i] *= factor;
    };
    switch (operation_) {
      case MergeOperation::add:
        return;
      case MergeOperation::subtract:
        return scale(input == 0 ? 1.0f : -1.0f);
      case MergeOperation::average:
        return scale(1.0f / static_cast<float>(rows_.inputs.size()));
      case MergeOperation::multiply:
        for (std::size_t i = 0; i < rows_.inputs.size(); ++i) {
          if (i != input) combine(operation_, y, src(bindings, i, at), rows_.inputs[i].step, at.count);
        }
        return;
      case MergeOperation::maximum:
        return keep_first(bindings, input, at, 1.0f, y);
      case MergeOperation::minimum:
        return keep_first(bindings, input, at, -1.0f, y);
    }
  }

  // Zero where another input is larger (sign 1; smaller: -1), or as large and before this one.
  void keep_first(const Bindings& bindings, std::size_t input, const Place& at, float sign, float* y) const {
    const float* mine = src(bindings, input, at);
    const std::int64_t step = rows_.inputs[input].step;
    for (std::size_t i = 0; i < rows_.inputs.size(); ++i) {
      if (i == input) continue;
      const float* other = src(bindings, i, at);
      const std::int64_t other_step = rows_.inputs[i].step;
      const bool before = i < input;
      for (std::int64_t k = 0; k < at.count; ++k) {
        const float a = sign * mine[k * step], b = sign * other[k * other_step];
        const bool wins = before ? a > b : a >= b;
        y[k] = wins ? y[k] : 0.0f;
      }
    }
  }

  // The gradient of an input that is repeated: the sum over its uses, in order, a sample on one thread.
  void reduce(const Bindings& bindings, std::size_t input) const {
    const BroadcastRows::Input& of = rows_.inputs[input];
    auto* sums = reinterpret_cast<double*>(bindings.scratch);
    float* diff_src = floats(bindings.diff_src[input]);
#pragma omp parallel for schedule(static) if (rows_.batch * rows_.rows * rows_.length >= worth_threads)
    for (std::int64_t n = 0; n < rows_.batch; ++n) {
      std::fill_n(sums + n * of.elements, of.elements, 0.0);
      for (std::int64_t row = 0; row < rows_.rows; ++row) {
        for (std::int64_t first = 0; first < rows_.length; first += block) {
          const Place at{n, row, first, std::min(block, rows_.length - first)};
          float y[block];
          gradient(bindings, input, at, y);
          add(y, at.count, of.step, sums + src_offset(input, at));
        }
      }
      std::copy_n(sums + n * of.elements, of.elements, diff_src + n * of.elements);
    }
  }

  static void add(const float* y, std::int64_t count, std::int64_t step, double* sums) {
    if (step == 0) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(y[i]);
      *sums += sum;
    } else {
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) sums[i] += static_cast<double>(y[i]);
    }
  }
};

}  // namespace

KernelPointer prepare_merge(MergeOperation operation, const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<MergeForward>(operation, context);
  return std::make_unique<MergeBackward>(operation, context);
}

}  // namespace petal::cpu
