#include <algorithm>

#include "kernels/cpu/convolution/depthwise_backward.h"
#include "kernels/cpu/convolution/gradient_rows.h"
#include "kernels/cpu/run_weights.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// The places of a gradient that meet place i of src along one dimension: place `at` through the kernel's
// place `tap`.
struct Meeting {
  std::int64_t tap, at;
};
class Meetings {
 public:
  Meetings(std::int64_t src, std::int64_t dst, std::int64_t taps, std::int64_t stride, std::int64_t dilation,
           std::int64_t padding) {
    for (std::int64_t i = 0; i < src; ++i) {
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        const std::int64_t begin = i + padding - tap * dilation;
        if (begin >= 0 && begin % stride == 0 && begin / stride < dst) all_.push_back({tap, begin / stride});
      }
      ends_.push_back(all_.size());
    }
  }
  std::span<const Meeting> operator[](std::int64_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[static_cast<std::size_t>(i - 1)];
    return std::span(all_).subspan(begin, ends_[static_cast<std::size_t>(i)] - begin);
  }

 private:
  std::vector<Meeting> all_;
  std::vector<std::size_t> ends_;
};

// diff_src(n, y, x, c) = sum over the kernel's places of kernel(ky, kx, c) * gradient(n, (y + top - ky) /
// stride, (x + left - kx) / stride, c), where these are whole: row by row.
class DepthwiseDataGradient final : public Kernel {
 public:
  DepthwiseDataGradient(const Convolution& convolution, const Device& device, const PrepareContext& context)
      : window_(convolution.window),
        channels_(context.src[0].shape.back()),
        rows_(context.src[0].shape[0] * window_.input.height),
        weights_(context),
        gradients_(convolution.activation, context.dst.shape),
        meeting_rows_(window_.input.height, window_.output.height, window_.kernel.height,
                      window_.strides.height, window_.dilation.height, window_.padding.top),
        meeting_columns_(window_.input.width, window_.output.width, window_.kernel.width,
                         window_.strides.width, window_.dilation.width, window_.padding.left) {
    const std::int64_t work = window_.input.width * rows_ * channels_;
    parts_ = work < worth_threads ? 1 : static_cast<int>(std::min<std::int64_t>(device.threads, rows_));
    const std::int64_t reach = (window_.kernel.height - 1) * window_.dilation.height;
    ring_rows_ = reach / window_.strides.height + 1;
    ring_ = all_.add(ring_bytes() * static_cast<std::size_t>(parts_));
  }

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const float* kernel = floats(weights_(bindings)[0]);
#pragma omp parallel for schedule(static, 1) if (parts_ > 1)
    for (int part = 0; part < parts_; ++part) run_part(bindings, kernel, part);
  }

  std::size_t scratch_bytes() const override {
    return all_.bytes();
  }
  std::string implementation() const override {
    return "petal:avx2";
  }

 private:
  struct Slot {
    std::int64_t row = -1;
    const float* gradient = nullptr;
  };
  std::size_t slot_bytes() const {
    return static_cast<std::size_t>(ring_rows_) * sizeof(Slot);
  }
  std::size_t ring_bytes() const {
    const std::size_t a_row = sizeof(const float*) + gradients_.bytes();
    const std::size_t bytes = slot_bytes() + a_row * static_cast<std::size_t>(ring_rows_);
    return (bytes + Buffer::alignment - 1) / Buffer::alignment * Buffer::alignment;
  }

  // The gradient's rows that the kernel's height last met: each is made once.
  class Ring {
   public:
    Ring(const DepthwiseDataGradient& kernel, const Bindings& bindings, int part)
        : kernel_(kernel), bindings_(bindings) {
      std::byte* own = bindings.scratch + kernel.ring_ + kernel.ring_bytes() * static_cast<std::size_t>(part);
      slots_ = {reinterpret_cast<Slot*>(own), static_cast<std::size_t>(kernel.ring_rows_)};
      met_ = {reinterpret_cast<const float**>(own + kernel.slot_bytes()), slots_.size()};
      room_ = own + kernel.slot_bytes() + met_.size_bytes();
      std::ranges::fill(slots_, Slot{});
    }

    // Of the N * H rows of dst.
    const float* row(std::int64_t row) {
      const std::size_t at = static_cast<std::size_t>(row) % slots_.size();
      if (slots_[at].row != row) {
        float* room = floats(room_ + at * kernel_.gradients_.bytes());
        slots_[at] = {row, kernel_.gradients_.row(bindings_, row, 0, kernel_.channels_, room)};
      }
      return slots_[at].gradient;
    }

    // Those of an image whose rows begin at `first`.
    std::span<const float*> rows(std::span<const Meeting> meetings, std::int64_t first) {
      for (std::size_t i = 0; i < meetings.size(); ++i) met_[i] = row(first + meetings[i].at);
      return met_.first(meetings.size());
    }

   private:
    const DepthwiseDataGradient& kernel_;
    const Bindings& bindings_;
    std::span<Slot> slots_;
    std::span<const float*> met_;
    std::byte* room_;
  };

  void run_part(const Bindings& bindings, const float* kernel, int part) const {
    Ring ring(*this, bindings, part);
    for (std::int64_t row = rows_ * part / parts_; row < rows_ * (part + 1) / parts_; ++row) {
      float* to = floats(bindings.diff_src[0]) + row * window_.input.width * channels_;
      run_row(ring, kernel, row, to);
    }
  }

  void run_row(Ring& ring, const float* kernel, std::int64_t row, float* to) const {
    const std::span<const Meeting> rows = meeting_rows_[row % window_.input.height];
    const std::int64_t first = row / window_.input.height * window_.output.height;
    const std::span<const float*> gradients = ring.rows(rows, first);
    run_in_vectors([&]() PETAL_LOOP {
      for (std::int64_t x = 0; x < window_.input.width; ++x) {
        const std::span<const Meeting> columns = meeting_columns_[x];
        for_channels(channels_, [&](auto vectors, std::int64_t c, std::int64_t valid) PETAL_LOOP {
          Floats sums[vectors()];
          for (int v = 0; v < vectors(); ++v) sums[v] = Floats{};
          for (std::size_t r = 0; r < rows.size(); ++r) {
            const float* taps = kernel + rows[r].tap * window_.kernel.width * channels_ + c;
            for (const Meeting& column : columns) {
              const float* gradient = gradients[r] + column.at * channels_ + c;
              for (int v = 0; v < vectors(); ++v) {
                Floats value, weight;
                load(gradient + v * lanes, valid, value);
                load(taps + column.tap * channels_ + v * lanes, valid, weight);
                sums[v] += value * weight;
              }
            }
          }
          for (int v = 0; v < vectors(); ++v) store(sums[v], valid, to + x * channels_ + c + v * lanes);
        });
      }
    });
  }

  Window window_;
  std::int64_t channels_, rows_;
  RunWeights weights_;
  GradientRows gradients_;
  Meetings meeting_rows_, meeting_columns_;
  int parts_;  // of the rows, one a thread
  std::int64_t ring_rows_;
  ScratchLayout all_;
  std::size_t ring_;  // a ring a part, one behind the other
};

}  // namespace

KernelPointer make_depthwise_data_gradient(const Convolution& convolution, const Device& device,
                                           const PrepareContext& context) {
  return std::make_unique<DepthwiseDataGradient>(convolution, device, context);
}

}  // namespace petal::cpu
