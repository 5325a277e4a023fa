#include "kernels/cpu/convolution/depthwise_rows.h"

#include <algorithm>

#include "kernels/cpu/vectors.h"

namespace petal::cpu {

#if defined(__x86_64__)
namespace {

constexpr float no_bias[lanes_of<WideFloats>] = {};

// A vector of channels of one or two rows of dst, from left to right, under a kernel of which `taps` rows lie
// inside src. Its weights stay in registers, beside the sums of the three (with strides of 2: two) columns of
// dst that a column of src goes into; each number of src is loaded once for two rows of dst. In assembler
// where GCC would rather multiply in memory, or store all columns at the end.
template <class Vector, int stride, int rows, int taps>
class Sweep {
 public:
  static constexpr int src_rows = (rows - 1) * stride + taps;

  // src: the first column of each row; weights: of these taps; dst: the first column of each row.
  PETAL_INLINE Sweep(const DepthwiseRows& r, const float* const (&src)[src_rows], const float* weights,
                     const float* bias, float* const (&dst)[rows])
      : r_(r),
        step_(r.src_step),
        at_(-r.left * r.src_step),
        end_(r.src_columns * r.src_step),
        dst_step_(r.dst_step),
        columns_(r.columns),
        bias_(bias) {
    PETAL_UNROLL for (int i = 0; i < src_rows; ++i) src_[i] = src[i];
    PETAL_UNROLL for (int y = 0; y < rows; ++y) dst_[y] = dst[y];
    PETAL_UNROLL for (int t = 0; t < taps; ++t) {
      PETAL_UNROLL for (int k = 0; k < 3; ++k) {
        load_whole(weights + (t * 3 + k) * dst_step_, weights_[t][k]);
      }
    }
  }

  PETAL_INLINE void run() {
    if constexpr (stride == 1) {
      run_every_column();
    } else {
      run_every_other_column();
    }
  }

 private:
  using Sums = Vector[rows];  // of a column of dst

  // a, b and c are the sums of three columns of dst in a row, which take turns in the registers.
  PETAL_INLINE void run_every_column() {
    Sums a, b, c;
    start(a), start(b);
    add_if_inside(0, a), next_column();
    add_if_inside(1, a), add_if_inside(0, b), next_column();
    std::int64_t x = 0;
    for (; x < columns_ && at_ < 0; ++x) add_column_at_edge(a, b);
    for (; x + 3 <= columns_ && at_ + 2 * step_ < end_; x += 3) {
      add_column(a, b, c), finish(a), next_column();
      add_column(b, c, a), finish(b), next_column();
      add_column(c, a, b), finish(c), next_column();
    }
    for (; x < columns_; ++x) add_column_at_edge(a, b);
  }

  PETAL_INLINE void run_every_other_column() {
    Sums a, b;
    start(a);
    add_if_inside(0, a), next_column();
    std::int64_t x = 0;
    for (; x < columns_ && at_ < 0; ++x) add_pair_at_edge(a, b);
    for (; x + 2 <= columns_ && at_ + 3 * step_ < end_; x += 2) {
      add_pair(a, b), finish(a);
      add_pair(b, a), finish(b);
    }
    for (; x < columns_; ++x) add_pair_at_edge(a, b);
  }

  PETAL_INLINE void next_column() { at_ += step_; }

  PETAL_INLINE void start(Sums& sums) const {
    PETAL_UNROLL for (int y = 0; y < rows; ++y) load_whole(bias_, sums[y]);
  }

  // Row i of src under column k of the kernel.
  PETAL_INLINE void add(const Vector& value, int i, int k, Sums& sums) const {
    PETAL_UNROLL for (int y = 0; y < rows; ++y) {
      const int t = i - y * stride;
      if (t >= 0 && t < taps) asm("vfmadd231ps %2, %1, %0" : "+v"(sums[y]) : "v"(value), "v"(weights_[t][k]));
    }
  }
  PETAL_INLINE void load(const float* from, Vector& value) const {
    asm("vmovups (%1,%2,4), %0" : "=v"(value) : "r"(from), "r"(at_));
  }
  PETAL_INLINE void add_if_inside(int k, Sums& sums) const {
    if (at_ < 0 || at_ >= end_) return;
    PETAL_UNROLL for (int i = 0; i < src_rows; ++i) {
      Vector value;
      load(src_[i], value);
      add(value, i, k, sums);
    }
  }

  // The last column of a's window, the middle of b's, the first of c's.
  PETAL_INLINE void add_column(Sums& a, Sums& b, Sums& c) const {
    start(c);
    PETAL_UNROLL for (int i = 0; i < src_rows; ++i) {
      Vector value;
      load(src_[i], value);
      add(value, i, 2, a), add(value, i, 1, b), add(value, i, 0, c);
    }
  }
  // Two columns of src: the middle of a's window, and its last, which is the first of b's.
  PETAL_INLINE void add_pair(Sums& a, Sums& b) {
    start(b);
    PETAL_UNROLL for (int i = 0; i < src_rows; ++i) {
      Vector value;
      load(src_[i], value);
      add(value, i, 1, a);
      load(src_[i] + step_, value);
      add(value, i, 2, a), add(value, i, 0, b);
    }
    at_ += 2 * step_;
  }
  // One column of dst, whose window may reach over an edge; then a and b are the next two's sums.
  PETAL_INLINE void add_column_at_edge(Sums& a, Sums& b) {
    Sums c;
    start(c);
    add_if_inside(2, a), add_if_inside(1, b), add_if_inside(0, c), next_column();
    finish(a);
    PETAL_UNROLL for (int y = 0; y < rows; ++y) a[y] = b[y], b[y] = c[y];
  }
  PETAL_INLINE void add_pair_at_edge(Sums& a, Sums& b) {
    start(b);
    add_if_inside(1, a), next_column();
    add_if_inside(2, a), add_if_inside(0, b), next_column();
    finish(a);
    PETAL_UNROLL for (int y = 0; y < rows; ++y) a[y] = b[y];
  }

  // Cuts and stores; in this order of operands a NaN stays one. Volatile, as the other registers are taken.
  PETAL_INLINE void finish(Sums& sums) {
    Vector limit;
    asm volatile("vbroadcastss %1, %0" : "=v"(limit) : "m"(r_.least));
    PETAL_UNROLL for (int y = 0; y < rows;
                      ++y) asm volatile("vmaxps %0, %1, %0" : "+v"(sums[y]) : "v"(limit));
    asm volatile("vbroadcastss %1, %0" : "=v"(limit) : "m"(r_.most));
    PETAL_UNROLL for (int y = 0; y < rows; ++y) {
      asm volatile("vminps %0, %1, %0\n\tvmovups %0, (%2)"
                   : "+v"(sums[y])
                   : "v"(limit), "r"(dst_[y])
                   : "memory");
      dst_[y] += dst_step_;
    }
  }

  const DepthwiseRows& r_;
  const float* src_[src_rows];
  float* dst_[rows];
  Vector weights_[taps][3];
  std::int64_t step_, at_, end_;  // in src's rows: a column, the one at hand, the one behind the last
  std::int64_t dst_step_, columns_;
  const float* bias_;
};

// Rows of dst from y on, of channels [begin, end).
template <class Code, int stride, int rows, int taps>
void run_rows(const DepthwiseRows& r, std::int64_t y, std::int64_t begin, std::int64_t end) {
  using Vector = typename Code::Vector;
  using Rows = Sweep<Vector, stride, rows, taps>;
  const std::int64_t first = y * r.row_stride - r.top;
  const std::int64_t tap = std::max<std::int64_t>(0, -first);
  const float* src[Rows::src_rows];
  std::int64_t slot = (first + tap - r.src_first) % r.src_held;
  for (const float*& row : src) {
    row = r.src + slot * r.src_columns * r.src_step + begin;
    if (++slot == r.src_held) slot = 0;
  }
  float* dst[rows];
  for (int i = 0; i < rows; ++i) dst[i] = r.dst + (y + i - r.begin) * r.columns * r.dst_step + begin;
  Code::run([&]() PETAL_LOOP {
    for (std::int64_t c = begin; c < end; c += lanes_of<Vector>) {
      Rows(r, src, r.weights + tap * 3 * r.dst_step + c, r.bias ? r.bias + c : no_bias, dst).run();
      for (const float*& row : src) row += lanes_of<Vector>;
      for (float*& row : dst) row += lanes_of<Vector>;
    }
  });
}

// A row of dst whose windows lie outside src. In this order of arguments a NaN stays one.
void run_row_of_bias(const DepthwiseRows& r, std::int64_t y, std::int64_t begin, std::int64_t end) {
  float* dst = r.dst + (y - r.begin) * r.columns * r.dst_step;
  for (std::int64_t x = 0; x < r.columns; ++x) {
    for (std::int64_t c = begin; c < end; ++c)
      dst[x * r.dst_step + c] = std::min(std::max(r.bias ? r.bias[c] : 0.0f, r.least), r.most);
  }
}

// The next one or two rows of dst; returns how many.
template <class Code, int stride>
std::int64_t run_next_rows(const DepthwiseRows& r, std::int64_t y, std::int64_t begin, std::int64_t end) {
  const std::int64_t first = y * r.row_stride - r.top;
  const std::int64_t taps = std::min<std::int64_t>(3, r.src_rows - first) - std::max<std::int64_t>(0, -first);
  const bool two = taps == 3 && y + 1 < r.end && first + r.row_stride + 3 <= r.src_rows;
  if (two && r.row_stride == stride) {
    run_rows<Code, stride, 2, 3>(r, y, begin, end);
    return 2;
  }
  if (taps == 3) run_rows<Code, stride, 1, 3>(r, y, begin, end);
  if (taps == 2) run_rows<Code, stride, 1, 2>(r, y, begin, end);
  if (taps == 1) run_rows<Code, stride, 1, 1>(r, y, begin, end);
  if (taps <= 0) run_row_of_bias(r, y, begin, end);
  return 1;
}

template <class Code>
void run_channels(const DepthwiseRows& r, std::int64_t begin, std::int64_t end) {
  for (std::int64_t y = r.begin; y < r.end;)
    y += r.stride == 1 ? run_next_rows<Code, 1>(r, y, begin, end) : run_next_rows<Code, 2>(r, y, begin, end);
}

}  // namespace

void run_depthwise_rows(const DepthwiseRows& r) {
  // A line of the cache at a time: what neighbouring rows share stays in the first cache.
  constexpr std::int64_t line = lanes_of<WideFloats>;
  static const bool wide = has_avx512();
  for (std::int64_t c = 0; c < r.channels; c += line) {
    const std::int64_t end = std::min(r.channels, c + line);
    wide&& end - c == line ? run_channels<Avx512>(r, c, end) : run_channels<Avx2>(r, c, end);
  }
}
#else
void run_depthwise_rows(const DepthwiseRows&) {}
#endif

}  // namespace petal::cpu
