#pragma once

#include <algorithm>

#include "engine/graph.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

// A window over each channel, its padding left out: what the four pooling layers share.
class Pooling {
 public:
  Pooling(const PrepareContext& context, Size2D pool, Size2D strides, const Padding& padding)
      : src_(context.src[0].shape),
        window_(
            resolve_window(context.node.name, {src_.height, src_.width}, pool, strides, {1, 1}, padding)) {}
  // One window that is the image.
  static Pooling global(const PrepareContext& context) {
    const Image src(context.src[0].shape);
    return {context, {src.height, src.width}, {1, 1}, Padding::valid};
  }

  template <class T>
  void average(const T* src, T* dst) const {
    windows([&](std::int64_t d, auto elements) {
      T sum{};
      std::int64_t count = 0;
      elements([&](std::int64_t s) { sum += src[s], ++count; });
      dst[d] = sum / static_cast<T>(count);
    });
  }

  template <class T>
  void average_backward(const T* diff_dst, T* diff_src) const {
    std::fill_n(diff_src, src_elements(), T{});
    windows([&](std::int64_t d, auto elements) {
      std::int64_t count = 0;
      elements([&](std::int64_t) { ++count; });
      elements([&](std::int64_t s) { diff_src[s] += diff_dst[d] / static_cast<T>(count); });
    });
  }

  // `winners`, where not null, gets the place of each window's largest element: the first, where several are.
  template <class T>
  void max(const T* src, T* dst, std::int64_t* winners) const {
    windows([&](std::int64_t d, auto elements) {
      std::int64_t winner = -1;
      elements([&](std::int64_t s) {
        if (winner < 0 || src[s] > src[winner]) winner = s;
      });
      dst[d] = src[winner];
      if (winners) winners[d] = winner;
    });
  }

  template <class T>
  void max_backward(const std::int64_t* winners, const T* diff_dst, T* diff_src) const {
    std::fill_n(diff_src, src_elements(), T{});
    windows([&](std::int64_t d, auto) { diff_src[winners[d]] += diff_dst[d]; });
  }

  // Where several elements are a window's largest, each takes the same share of the gradient.
  template <class T>
  void shared_max_backward(const T* src, const T* dst, const T* diff_dst, T* diff_src) const {
    std::fill_n(diff_src, src_elements(), T{});
    windows([&](std::int64_t d, auto elements) {
      std::int64_t count = 0;
      elements([&](std::int64_t s) { count += src[s] == dst[d]; });
      elements([&](std::int64_t s) {
        if (src[s] == dst[d]) diff_src[s] += diff_dst[d] / static_cast<T>(count);
      });
    });
  }

 private:
  std::int64_t src_elements() const { return src_.batch * src_.height * src_.width * src_.channels; }

  // Calls f(d, elements) for each element d of dst; elements(g) calls g(s) for each element of src in its
  // window.
  template <class F>
  void windows(F f) const {
    std::int64_t d = 0;
    for (std::int64_t n = 0; n < src_.batch; ++n)
      for (std::int64_t y = 0; y < window_.output.height; ++y)
        for (std::int64_t x = 0; x < window_.output.width; ++x)
          for (std::int64_t c = 0; c < src_.channels; ++c)
            f(d++, [this, n, y, x, c](auto g) { elements(n, y, x, c, g); });
  }

  template <class G>
  void elements(std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t c, G g) const {
    for (std::int64_t ky = 0; ky < window_.kernel.height; ++ky)
      for (std::int64_t kx = 0; kx < window_.kernel.width; ++kx) {
        const std::int64_t sy = y * window_.strides.height + ky - window_.padding.top;
        const std::int64_t sx = x * window_.strides.width + kx - window_.padding.left;
        if (src_.holds(sy, sx)) g(src_.at(n, sy, sx, c));
      }
  }

  Image src_;
  Window window_;
};

inline std::unique_ptr<Kernel> prepare_average(const PrepareContext& context, const Pooling& pooling) {
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([pooling](const Bindings& b) { pooling.average(as<T>(b.src[0]), as<T>(b.dst)); });
    }
    return loops([pooling](const Bindings& b) {
      if (b.diff_src[0]) pooling.average_backward(as<T>(b.diff_dst), as<T>(b.diff_src[0]));
    });
  });
}

// The workspace holds each window's winner.
inline std::unique_ptr<Kernel> prepare_max(const PrepareContext& context, const Pooling& pooling) {
  const bool keep = context.mode == Mode::training;
  const std::size_t winners = keep ? static_cast<std::size_t>(context.dst.shape.elements()) : 0;
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops(
          [pooling, keep](const Bindings& b) {
            pooling.max(as<T>(b.src[0]), as<T>(b.dst), keep ? as<std::int64_t>(b.workspace) : nullptr);
          },
          winners * sizeof(std::int64_t));
    }
    return loops([pooling](const Bindings& b) {
      if (b.diff_src[0]) {
        pooling.max_backward(as<std::int64_t>(b.workspace), as<T>(b.diff_dst), as<T>(b.diff_src[0]));
      }
    });
  });
}

}  // namespace petal::reference
