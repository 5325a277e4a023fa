#include "kernels/cpu/bfloat16.h"
#include "kernels/cpu/operations.h"
#include "kernels/cpu/pooling/pooling_window.h"

namespace petal::cpu {
namespace {

// Own loops, as for max pooling. A window's mean is over its elements within src; the padding does not count.
struct AveragePooling {
  PoolingAxis rows, columns;
  std::int64_t batch, channels;

  std::int64_t src_elements() const { return batch * rows.input * columns.input * channels; }

  // One row of dst. `src` is the sample's image.
  template <class Element>
  PETAL_INLINE void forward_row(const Element* src, std::int64_t y, Element* dst) const {
    for (std::int64_t x = 0; x < columns.output; ++x) {
      for_channels(channels, [&](auto vectors, std::int64_t c, std::int64_t count) PETAL_LOOP {
        forward_element<vectors()>(src + c, y, x, count, dst + x * channels + c);
      });
    }
  }

  template <int vectors, class Element>
  PETAL_INLINE void forward_element(const Element* src, std::int64_t y, std::int64_t x, std::int64_t count,
                                    Element* dst) const {
    const Range sy = rows.windows[static_cast<std::size_t>(y)];
    const Range sx = columns.windows[static_cast<std::size_t>(x)];
    Floats sums[vectors];
    for (int v = 0; v < vectors; ++v) sums[v] = Floats{};
    for (std::int64_t row = sy.begin; row < sy.end; ++row) {
      for (std::int64_t column = sx.begin; column < sx.end; ++column) {
        const Element* from = src + (row * columns.input + column) * channels;
        for (int v = 0; v < vectors; ++v) {
          Floats value;
          load(from + v * lanes, count, value);
          sums[v] += value;
        }
      }
    }
    const float part = share(y, x);
    for (int v = 0; v < vectors; ++v) {
      sums[v] *= part;
      store(sums[v], count, dst + v * lanes);
    }
  }

  // One row of diff_src: each element gathers its share from the windows that hold it.
  template <class Element>
  PETAL_INLINE void backward_row(const Element* diff_dst, std::int64_t row, Element* diff_src) const {
    for (std::int64_t column = 0; column < columns.input; ++column) {
      for_channels(channels, [&](auto vectors, std::int64_t c, std::int64_t count) PETAL_LOOP {
        backward_element<vectors()>(diff_dst + c, row, column, count, diff_src + column * channels + c);
      });
    }
  }

  template <int vectors, class Element>
  PETAL_INLINE void backward_element(const Element* diff_dst, std::int64_t row, std::int64_t column,
                                     std::int64_t count, Element* diff_src) const {
    const Range y = rows.windows_over[static_cast<std::size_t>(row)];
    const Range x = columns.windows_over[static_cast<std::size_t>(column)];
    Floats sums[vectors];
    for (int v = 0; v < vectors; ++v) sums[v] = Floats{};
    for (std::int64_t out_y = y.begin; out_y < y.end; ++out_y) {
      for (std::int64_t out_x = x.begin; out_x < x.end; ++out_x) {
        const Element* from = diff_dst + (out_y * columns.output + out_x) * channels;
        const float part = share(out_y, out_x);
        for (int v = 0; v < vectors; ++v) {
          Floats gradient;
          load(from + v * lanes, count, gradient);
          sums[v] += gradient * part;
        }
      }
    }
    for (int v = 0; v < vectors; ++v) store(sums[v], count, diff_src + v * lanes);
  }

 private:
  PETAL_INLINE float share(std::int64_t y, std::int64_t x) const {
    const std::int64_t elements = rows.windows[static_cast<std::size_t>(y)].count() *
                                  columns.windows[static_cast<std::size_t>(x)].count();
    return 1.0f / static_cast<float>(elements);
  }
};

template <class Element>
class AveragePoolingForward final : public Kernel {
 public:
  explicit AveragePoolingForward(const AveragePooling& pooling) : pooling_(pooling) {}

  void run(const Bindings& bindings) override {
    const AveragePooling& p = pooling_;
    const auto* src = reinterpret_cast<const Element*>(bindings.src[0]);
    auto* dst = reinterpret_cast<Element*>(bindings.dst);
#pragma omp parallel for collapse(2) schedule(static) if (p.src_elements() >= worth_threads)
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t y = 0; y < p.rows.output; ++y) {
        const Element* image = src + n * p.rows.input * p.columns.input * p.channels;
        Element* to = dst + (n * p.rows.output + y) * p.columns.output * p.channels;
        run_in_vectors([&]() PETAL_LOOP { p.forward_row(image, y, to); });
      }
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  AveragePooling pooling_;
};

template <class Element>
class AveragePoolingBackward final : public Kernel {
 public:
  explicit AveragePoolingBackward(const AveragePooling& pooling) : pooling_(pooling) {}

  void run(const Bindings& bindings) override {
    const AveragePooling& p = pooling_;
    const auto* diff_dst = reinterpret_cast<const Element*>(bindings.diff_dst);
    auto* diff_src = reinterpret_cast<Element*>(bindings.diff_src[0]);
    if (!diff_src) return;
#pragma omp parallel for collapse(2) schedule(static) if (p.src_elements() >= worth_threads)
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t row = 0; row < p.rows.input; ++row) {
        const Element* gradients = diff_dst + n * p.rows.output * p.columns.output * p.channels;
        Element* to = diff_src + (n * p.rows.input + row) * p.columns.input * p.channels;
        run_in_vectors([&]() PETAL_LOOP { p.backward_row(gradients, row, to); });
      }
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  AveragePooling pooling_;
};

template <class Element>
KernelPointer prepare_average_pooling(const AveragePooling2D& layer, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  const Window window =
      resolve_window(where(context.node), {src[1], src[2]}, layer.pool, layer.strides, {1, 1}, layer.padding);
  const AveragePooling pooling{rows_of(window), columns_of(window), src[0], src[3]};
  if (context.direction == Direction::forward)
    return std::make_unique<AveragePoolingForward<Element>>(pooling);
  return std::make_unique<AveragePoolingBackward<Element>>(pooling);
}

}  // namespace

Support supports(const AveragePooling2D&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const AveragePooling2D& layer, const Device&, const PrepareContext& context) {
  return prepare_average_pooling<float>(layer, context);
}

KernelPointer prepare_bfloat16(const AveragePooling2D& layer, const Device&, const PrepareContext& context) {
  return is_all_bfloat16(context) ? prepare_average_pooling<Bfloat16>(layer, context) : nullptr;
}

}  // namespace petal::cpu
