#include <limits>

#include "kernels/cpu/bfloat16.h"
#include "kernels/cpu/operations.h"
#include "kernels/cpu/pooling/pooling_window.h"

// GCC 12 takes vectors that a loop assigns for uninitialised, at the assignment itself.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace petal::cpu {
namespace {

// Own loops: max pooling is bound by memory, so it wants to read src once, write each result once, and
// remember one byte an output: which element of its window won, counted in row-major order. The first of
// equals wins.
struct MaxPooling {
  PoolingAxis rows, columns;
  std::int64_t batch, channels;

  std::int64_t src_elements() const { return batch * rows.input * columns.input * channels; }
  std::int64_t dst_elements() const { return batch * rows.output * columns.output * channels; }

  // The largest alone, as inference wants it.
  template <class Element>
  PETAL_INLINE void largest_row(const Element* src, std::int64_t y, Element* dst) const {
    for (std::int64_t x = 0; x < columns.output; ++x) {
      for_channels(channels, [&](auto vectors, std::int64_t c, std::int64_t count) PETAL_LOOP {
        largest_element<vectors()>(src + c, y, x, count, dst + x * channels + c);
      });
    }
  }

  template <int vectors, class Element>
  PETAL_INLINE void largest_element(const Element* src, std::int64_t y, std::int64_t x, std::int64_t count,
                                    Element* dst) const {
    const Range sy = rows.windows[static_cast<std::size_t>(y)];
    const Range sx = columns.windows[static_cast<std::size_t>(x)];
    Floats largest[vectors];
    const Element* const corner = src + (sy.begin * columns.input + sx.begin) * channels;
    for (int v = 0; v < vectors; ++v) load(corner + v * lanes, count, largest[v]);
    for (std::int64_t row = sy.begin; row < sy.end; ++row) {
      for (std::int64_t column = sx.begin + (row == sy.begin); column < sx.end; ++column) {
        const Element* from = src + (row * columns.input + column) * channels;
        for (int v = 0; v < vectors; ++v) {
          Floats value;
          load(from + v * lanes, count, value);
          largest[v] = value > largest[v] ? value : largest[v];
        }
      }
    }
    for (int v = 0; v < vectors; ++v) store(largest[v], count, dst + v * lanes);
  }

  // One row of dst. `src` is the sample's image.
  template <class Winner, class Element>
  PETAL_INLINE void forward_row(const Element* src, std::int64_t y, Element* dst, Winner* winners) const {
    for (std::int64_t x = 0; x < columns.output; ++x) {
      for_channels(channels, [&](auto vectors, std::int64_t c, std::int64_t count) PETAL_LOOP {
        const std::int64_t at = x * channels + c;
        forward_element<vectors()>(src + c, y, x, count, dst + at, winners + at);
      });
    }
  }

  template <int vectors, class Winner, class Element>
  PETAL_INLINE void forward_element(const Element* src, std::int64_t y, std::int64_t x, std::int64_t count,
                                    Element* dst, Winner* winner) const {
    const Range sy = rows.windows[static_cast<std::size_t>(y)];
    const Range sx = columns.windows[static_cast<std::size_t>(x)];
    Floats largest[vectors];
    Integers taps[vectors];
    const Element* const corner = src + (sy.begin * columns.input + sx.begin) * channels;
    for (int v = 0; v < vectors; ++v) {
      load(corner + v * lanes, count, largest[v]);
      taps[v] = Integers{} + number(sy.begin, sx.begin, y, x);
    }
    for (std::int64_t row = sy.begin; row < sy.end; ++row) {
      for (std::int64_t column = sx.begin + (row == sy.begin); column < sx.end; ++column) {
        const Element* from = src + (row * columns.input + column) * channels;
        const Integers tap = Integers{} + number(row, column, y, x);
        for (int v = 0; v < vectors; ++v) {
          Floats value;
          load(from + v * lanes, count, value);
          const auto larger = value > largest[v];
          largest[v] = larger ? value : largest[v];
          taps[v] = larger ? tap : taps[v];
        }
      }
    }
    for (int v = 0; v < vectors; ++v) {
      store(largest[v], count, dst + v * lanes);
    }
    store_taps(taps, count, winner);
  }

  // One row of diff_src: each element gathers from the windows that hold it, so each is written once.
  template <class Winner, class Element>
  PETAL_INLINE void backward_row(const Winner* winners, const Element* diff_dst, std::int64_t row,
                                 Element* diff_src) const {
    for (std::int64_t column = 0; column < columns.input; ++column) {
      for_channels(channels, [&](auto vectors, std::int64_t c, std::int64_t count) PETAL_LOOP {
        backward_element<vectors()>(winners + c, diff_dst + c, row, column, count,
                                    diff_src + column * channels + c);
      });
    }
  }

  template <int vectors, class Winner, class Element>
  PETAL_INLINE void backward_element(const Winner* winners, const Element* diff_dst, std::int64_t row,
                                     std::int64_t column, std::int64_t count, Element* diff_src) const {
    const Range y = rows.windows_over[static_cast<std::size_t>(row)];
    const Range x = columns.windows_over[static_cast<std::size_t>(column)];
    Floats sums[vectors];
    for (int v = 0; v < vectors; ++v) sums[v] = Floats{};
    for (std::int64_t out_y = y.begin; out_y < y.end; ++out_y) {
      for (std::int64_t out_x = x.begin; out_x < x.end; ++out_x) {
        const std::int64_t at = (out_y * columns.output + out_x) * channels;
        const Integers tap = Integers{} + number(row, column, out_y, out_x);
        Integers winner[vectors];
        load_taps(winners + at, count, winner);
        for (int v = 0; v < vectors; ++v) {
          Floats gradient;
          load(diff_dst + at + v * lanes, count, gradient);
          sums[v] += winner[v] == tap ? gradient : Floats{};
        }
      }
    }
    for (int v = 0; v < vectors; ++v) store(sums[v], count, diff_src + v * lanes);
  }

 private:
  PETAL_INLINE std::int32_t number(std::int64_t row, std::int64_t column, std::int64_t y,
                                   std::int64_t x) const {
    return static_cast<std::int32_t>(rows.tap(row, y) * columns.pool + columns.tap(column, x));
  }

  // Four vectors of byte numbers share one: it is put together and taken apart in the vectors' own lanes.
  template <int vectors>
  PETAL_INLINE static void store_taps(const Integers (&taps)[vectors], std::int64_t count, std::uint8_t* to) {
    if constexpr (vectors == 4) {
      const Integers packed = taps[0] | taps[1] << 8 | taps[2] << 16 | taps[3] << 24;
      store(packed, count, to);
    } else {
      store(__builtin_convertvector(taps[0], Bytes), count, to);
    }
  }
  template <int vectors>
  PETAL_INLINE static void load_taps(const std::uint8_t* from, std::int64_t count,
                                     Integers (&taps)[vectors]) {
    if constexpr (vectors == 4) {
      Integers packed;
      load(from, count, packed);
      for (int v = 0; v < vectors; ++v) taps[v] = packed >> 8 * v & 0xff;
    } else {
      Bytes bytes;
      load(from, count, bytes);
      taps[0] = __builtin_convertvector(bytes, Integers);
    }
  }

  template <int vectors>
  PETAL_INLINE static void store_taps(const Integers (&taps)[vectors], std::int64_t count, std::int32_t* to) {
    for (int v = 0; v < vectors; ++v) store(taps[v], count, to + v * lanes);
  }
  template <int vectors>
  PETAL_INLINE static void load_taps(const std::int32_t* from, std::int64_t count,
                                     Integers (&taps)[vectors]) {
    for (int v = 0; v < vectors; ++v) load(from + v * lanes, count, taps[v]);
  }
};

template <class Element>
class MaxPoolingInference final : public Kernel {
 public:
  explicit MaxPoolingInference(const MaxPooling& pooling) : pooling_(pooling) {}

  void run(const Bindings& bindings) override {
    const MaxPooling& p = pooling_;
    const auto* src = reinterpret_cast<const Element*>(bindings.src[0]);
    auto* dst = reinterpret_cast<Element*>(bindings.dst);
#pragma omp parallel for collapse(2) schedule(static) if (p.src_elements() >= worth_threads)
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t y = 0; y < p.rows.output; ++y) {
        const Element* image = src + n * p.rows.input * p.columns.input * p.channels;
        Element* to = dst + (n * p.rows.output + y) * p.columns.output * p.channels;
        run_in_vectors([&]() PETAL_LOOP { p.largest_row(image, y, to); });
      }
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  MaxPooling pooling_;
};

// In training. `Winner` holds the number of any element of a window.
template <class Winner, class Element>
class MaxPoolingForward final : public Kernel {
 public:
  explicit MaxPoolingForward(const MaxPooling& pooling) : pooling_(pooling) {}

  void run(const Bindings& bindings) override {
    const MaxPooling& p = pooling_;
    const auto* src = reinterpret_cast<const Element*>(bindings.src[0]);
    auto* dst = reinterpret_cast<Element*>(bindings.dst);
    auto* winners = reinterpret_cast<Winner*>(bindings.workspace);
#pragma omp parallel for collapse(2) schedule(static) if (p.src_elements() >= worth_threads)
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t y = 0; y < p.rows.output; ++y) {
        const Element* image = src + n * p.rows.input * p.columns.input * p.channels;
        const std::int64_t at = (n * p.rows.output + y) * p.columns.output * p.channels;
        run_in_vectors([&]() PETAL_LOOP { p.forward_row(image, y, dst + at, winners + at); });
      }
    }
  }

  std::size_t workspace_bytes() const override {
    return static_cast<std::size_t>(pooling_.dst_elements()) * sizeof(Winner);
  }
  std::string implementation() const override {
    return "loops";
  }

 private:
  MaxPooling pooling_;
};

template <class Winner, class Element>
class MaxPoolingBackward final : public Kernel {
 public:
  explicit MaxPoolingBackward(const MaxPooling& pooling) : pooling_(pooling) {}

  void run(const Bindings& bindings) override {
    const MaxPooling& p = pooling_;
    const auto* winners = reinterpret_cast<const Winner*>(bindings.workspace);
    const auto* diff_dst = reinterpret_cast<const Element*>(bindings.diff_dst);
    auto* diff_src = reinterpret_cast<Element*>(bindings.diff_src[0]);
    if (!diff_src) return;
#pragma omp parallel for collapse(2) schedule(static) if (p.src_elements() >= worth_threads)
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t row = 0; row < p.rows.input; ++row) {
        const std::int64_t outputs = n * p.rows.output * p.columns.output * p.channels;
        Element* to = diff_src + (n * p.rows.input + row) * p.columns.input * p.channels;
        run_in_vectors([&]() PETAL_LOOP { p.backward_row(winners + outputs, diff_dst + outputs, row, to); });
      }
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  MaxPooling pooling_;
};

template <class Winner, class Element>
KernelPointer prepare_training(const MaxPooling& pooling, Direction direction) {
  if (direction == Direction::forward) return std::make_unique<MaxPoolingForward<Winner, Element>>(pooling);
  return std::make_unique<MaxPoolingBackward<Winner, Element>>(pooling);
}

MaxPooling max_pooling(const MaxPooling2D& layer, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  const Window window =
      resolve_window(where(context.node), {src[1], src[2]}, layer.pool, layer.strides, {1, 1}, layer.padding);
  return {rows_of(window), columns_of(window), src[0], src[3]};
}

template <class Element>
KernelPointer prepare_max_pooling(const MaxPooling2D& layer, const PrepareContext& context) {
  const MaxPooling pooling = max_pooling(layer, context);
  if (context.mode == Mode::inference) return std::make_unique<MaxPoolingInference<Element>>(pooling);
  const bool numbers_fit_bytes =
      layer.pool.height * layer.pool.width <= std::numeric_limits<std::uint8_t>::max() + 1;
  return numbers_fit_bytes ? prepare_training<std::uint8_t, Element>(pooling, context.direction)
                           : prepare_training<std::int32_t, Element>(pooling, context.direction);
}

}  // namespace

Support supports(const MaxPooling2D&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const MaxPooling2D& layer, const Device&, const PrepareContext& context) {
  return prepare_max_pooling<float>(layer, context);
}

KernelPointer prepare_bfloat16(const MaxPooling2D& layer, const Device&, const PrepareContext& context) {
  return is_all_bfloat16(context) ? prepare_max_pooling<Bfloat16>(layer, context) : nullptr;
}

}  // namespace petal::cpu
