#include <algorithm>

#include "kernels/cpu/channel_sums.h"
#include "kernels/cpu/run_weights.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// The shared axes lead, so that src is rows of as many numbers as alpha has.
struct SlopeRows {
  explicit SlopeRows(const PrepareContext& context)
      : width(context.weights[0]->elements()), rows(context.dst.shape.elements() / width) {}

  // Calls f(the piece's first element of a row, its end, the row's first element) for all rows, on all
  // threads.
  template <class F>
  void for_pieces(const F& f) const {
    constexpr std::int64_t piece = 4096;
    const std::int64_t rows_at_once = std::max<std::int64_t>(1, piece / width);
    const std::int64_t chunks = (rows + rows_at_once - 1) / rows_at_once,
                       pieces = (width + piece - 1) / piece;
#pragma omp parallel for collapse(2) schedule(static) if (rows * width >= worth_threads)
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      for (std::int64_t p = 0; p < pieces; ++p) {
        const std::int64_t last = std::min(rows, (chunk + 1) * rows_at_once);
        run_in_vectors([&]() PETAL_LOOP {
          for (std::int64_t row = chunk * rows_at_once; row < last; ++row) {
            f(p * piece, std::min(width, (p + 1) * piece), row * width);
          }
        });
      }
    }
  }

  std::int64_t width, rows;
};

class PReLUForward final : public Kernel {
 public:
  explicit PReLUForward(const PrepareContext& context) : rows_(context), weights_(context) {}

  void run(const Bindings& bindings) override {
    const float *src = floats(bindings.src[0]), *alpha = floats(weights_(bindings)[0]);
    float* dst = floats(bindings.dst);
    rows_.for_pieces([&](std::int64_t first, std::int64_t last, std::int64_t row) PETAL_LOOP {
#pragma omp simd
      for (std::int64_t i = first; i < last; ++i) {
        const float x = src[row + i], below = alpha[i] * x;
        dst[row + i] = x > 0.0f ? x : below;
      }
    });
  }

  std::string implementation() const override {
    return "loops";
  }
  int in_place_input() const override {
    return 0;
  }

 private:
  SlopeRows rows_;
  RunWeights weights_;
};

// Nothing passes at 0: Keras computes relu(src) - alpha * relu(-src).
class PReLUBackwardData final : public Kernel {
 public:
  explicit PReLUBackwardData(const PrepareContext& context) : rows_(context), weights_(context) {}

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const float *src = floats(bindings.src[0]), *alpha = floats(weights_(bindings)[0]);
    const float* diff_dst = floats(bindings.diff_dst);
    float* diff_src = floats(bindings.diff_src[0]);
    rows_.for_pieces([&](std::int64_t first, std::int64_t last, std::int64_t row) PETAL_LOOP {
#pragma omp simd
      for (std::int64_t i = first; i < last; ++i) {
        const float x = src[row + i], below = x < 0.0f ? alpha[i] : 0.0f;
        diff_src[row + i] = diff_dst[row + i] * (x > 0.0f ? 1.0f : below);
      }
    });
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  SlopeRows rows_;
  RunWeights weights_;
};

// diff_alpha is the sum over the rows of diff_dst * min(src, 0).
class PReLUBackwardWeights final : public Kernel {
 public:
  explicit PReLUBackwardWeights(const PrepareContext& context)
      : rows_(context), cut_(rows_.rows, rows_.width) {}

  void run(const Bindings& bindings) override {
    const float *src = floats(bindings.src[0]), *diff_dst = floats(bindings.diff_dst);
    float* diff_alpha = floats(bindings.diff_weights[0]);
#pragma omp parallel for schedule(static) if (rows_.rows * rows_.width >= worth_threads)
    for (std::int64_t chunk = 0; chunk < cut_.chunks; ++chunk) {
      double* sums = chunk_sums(bindings.scratch, chunk);
      auto* of_block = reinterpret_cast<float*>(sums + rows_.width);
      std::fill_n(sums, rows_.width, 0.0);
      cut_.blocks(chunk, [&](std::int64_t row, std::int64_t count) {
        sum_block(src + row * rows_.width, diff_dst + row * rows_.width, count, of_block);
        for (std::int64_t i = 0; i < rows_.width; ++i) sums[i] += static_cast<double>(of_block[i]);
      });
    }
    for (std::int64_t i = 0; i < rows_.width; ++i) {
      double sum = 0;
      for (std::int64_t chunk = 0; chunk < cut_.chunks; ++chunk)
        sum += chunk_sums(bindings.scratch, chunk)[i];
      diff_alpha[i] = static_cast<float>(sum);
    }
  }

  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(cut_.chunks) * chunk_bytes();
  }
  std::string implementation() const override {
    return "loops";
  }

 private:
  void sum_block(const float* src, const float* diff_dst, std::int64_t count, float* sums) const {
    const std::int64_t width = rows_.width;
    std::fill_n(sums, width, 0.0f);
    run_in_vectors([&]() PETAL_LOOP {
      for (std::int64_t row = 0; row < count; ++row) {
#pragma omp simd
        for (std::int64_t i = 0; i < width; ++i) {
          const float x = src[row * width + i];
          sums[i] += diff_dst[row * width + i] * (x < 0.0f ? x : 0.0f);
        }
      }
    });
  }

  double* chunk_sums(std::byte* scratch, std::int64_t chunk) const {
    return reinterpret_cast<double*>(scratch + static_cast<std::size_t>(chunk) * chunk_bytes());
  }
  std::size_t chunk_bytes() const {
    const std::size_t bytes = static_cast<std::size_t>(rows_.width) * (sizeof(double) + sizeof(float));
    return (bytes + Buffer::alignment - 1) / Buffer::alignment * Buffer::alignment;
  }

  SlopeRows rows_;
  RowChunks cut_;
};

}  // namespace

Support supports(const PReLU&, Direction) {
  return {};
}

KernelPointer prepare(const PReLU&, const Device&, const PrepareContext& context) {
  switch (context.direction) {
    case Direction::backward_data:
      return std::make_unique<PReLUBackwardData>(context);
    case Direction::backward_weights:
      return std::make_unique<PReLUBackwardWeights>(context);
    case Direction::forward:
      break;
  }
  return std::make_unique<PReLUForward>(context);
}

}  // namespace petal::cpu
