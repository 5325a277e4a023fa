#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/random.h"
#include "kernels/cpu/copy.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

constexpr int blocks_at_once = 16;
constexpr std::int64_t numbers_at_once = 4 * blocks_at_once;

// The numbers of so many blocks of the stream.
void draw(const RandomStream& random, std::uint32_t first_block, std::uint32_t* bits) {
  for (std::uint32_t i = 0; i < blocks_at_once; ++i) {
    const auto block = random.block(first_block + i);
    std::copy(block.begin(), block.end(), bits + 4 * i);
  }
}

#if defined(__x86_64__)
// philox() of engine/random.h for sixteen blocks side by side. Each 64-bit lane has a word in its lower half,
// and in its upper half what nothing looks at, so that products need no shuffling.
__attribute__((target("avx2"))) void draw_with_avx2(const RandomStream& random, std::uint32_t first_block,
                                                    std::uint32_t* bits) {
  constexpr int vectors = blocks_at_once / 4;
  __m256i a[vectors], b[vectors], c[vectors], d[vectors];
  for (int v = 0; v < vectors; ++v) {
    a[v] = _mm256_add_epi64(_mm256_set1_epi64x(first_block + 4 * static_cast<std::uint32_t>(v)),
                            _mm256_set_epi64x(3, 2, 1, 0));
    b[v] = _mm256_set1_epi64x(random.counter()[1]);
    c[v] = _mm256_set1_epi64x(random.counter()[2]);
    d[v] = _mm256_set1_epi64x(random.counter()[3]);
  }
  const __m256i factor0 = _mm256_set1_epi64x(philox_factor0), factor1 = _mm256_set1_epi64x(philox_factor1);
  std::uint32_t key0 = random.key()[0], key1 = random.key()[1];
  for (int round = 0; round < philox_rounds; ++round) {
    for (int v = 0; v < vectors; ++v) {
      const __m256i product0 = _mm256_mul_epu32(a[v], factor0), product1 = _mm256_mul_epu32(c[v], factor1);
      a[v] =
          _mm256_xor_si256(_mm256_srli_epi64(product1, 32), _mm256_xor_si256(b[v], _mm256_set1_epi64x(key0)));
      b[v] = product1;
      c[v] =
          _mm256_xor_si256(_mm256_srli_epi64(product0, 32), _mm256_xor_si256(d[v], _mm256_set1_epi64x(key1)));
      d[v] = product0;
    }
    key0 += philox_key_step0;
    key1 += philox_key_step1;
  }
  for (int v = 0; v < vectors; ++v) {
    // Words a and b of a block beside each other, c and d too, then the four of them.
    const __m256i ab = _mm256_blend_epi32(a[v], _mm256_slli_epi64(b[v], 32), 0b10101010);
    const __m256i cd = _mm256_blend_epi32(c[v], _mm256_slli_epi64(d[v], 32), 0b10101010);
    const __m256i even = _mm256_unpacklo_epi64(ab, cd), odd = _mm256_unpackhi_epi64(ab, cd);
    auto* to = reinterpret_cast<__m256i*>(bits + 16 * v);
    _mm256_storeu_si256(to, _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(even, odd, 0x31));
  }
}
#else
constexpr auto draw_with_avx2 = draw;
#endif

// dst = src / (1 - rate) where the draw at the element's position in its sample is not below rate, else 0.
// Nothing is kept for backward: the same draws are made again, from counters.
class DropoutKernel : public Kernel {
 public:
  DropoutKernel(const Dropout& layer, const PrepareContext& context)
      : rate_(layer.rate),
        scale_(1.0f / (1.0f - layer.rate)),
        layer_(context.layer),
        batch_(context.dst.shape[0]),
        elements_(context.dst.shape.elements() / context.dst.shape[0]) {}

  std::string implementation() const override { return "loops"; }

 protected:
  void drop(const RunContext& context, const float* from, float* to) const {
    const std::int64_t blocks = (elements_ + block - 1) / block;
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * elements_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t b = 0; b < blocks; ++b) {
        const auto sample = context.samples.empty() ? static_cast<std::uint32_t>(n)
                                                    : context.samples[static_cast<std::size_t>(n)];
        const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch, sample, layer_);
        const std::int64_t first = b * block, last = std::min(first + block, elements_);
        drop_range(random, first, last, from + n * elements_, to + n * elements_);
      }
    }
  }

 private:
  static constexpr std::int64_t block = 1024;  // a multiple of numbers_at_once

  void drop_range(const RandomStream& random, std::int64_t first, std::int64_t last, const float* from,
                  float* to) const {
    static const auto draw_numbers = has_avx2() ? draw_with_avx2 : draw;
    run_in_vectors([&]() PETAL_LOOP {
      const Floats rate = Floats{} + rate_, scale = Floats{} + scale_;
      for (std::int64_t i = first; i < last; i += numbers_at_once) {
        std::uint32_t bits[numbers_at_once];
        draw_numbers(random, static_cast<std::uint32_t>(i / 4), bits);
        const std::int64_t count = std::min(numbers_at_once, last - i);
        for (std::int64_t k = 0; k < count; k += lanes) {
          const std::int64_t valid = std::min(lanes, count - k);
          Words words;
          load(bits + k, lanes, words);
          Floats value;
          load(from + i + k, valid, value);
          // RandomStream::to_unit.
          const Floats unit = __builtin_convertvector(Integers(words >> 8), Floats) * 0x1p-24f;
          value = unit >= rate ? value * scale : Floats{};
          store(value, valid, to + i + k);
        }
      }
    });
  }

  float rate_, scale_;
  std::uint32_t layer_;
  std::int64_t batch_, elements_;
};

class DropoutForward final : public DropoutKernel {
 public:
  using DropoutKernel::DropoutKernel;
  void run(const Bindings& bindings) override {
    drop(*bindings.context, floats(bindings.src[0]), floats(bindings.dst));
  }
  int in_place_input() const override { return 0; }
};

class DropoutBackward final : public DropoutKernel {
 public:
  using DropoutKernel::DropoutKernel;
  void run(const Bindings& bindings) override {
    if (bindings.diff_src[0])
      drop(*bindings.context, floats(bindings.diff_dst), floats(bindings.diff_src[0]));
  }
};

}  // namespace

Support supports(const Dropout&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Dropout& layer, const Device&, const PrepareContext& context) {
  if (context.mode == Mode::inference || !context.node.trainable) return prepare_copy(context);
  if (context.direction == Direction::forward) return std::make_unique<DropoutForward>(layer, context);
  return std::make_unique<DropoutBackward>(layer, context);
}

}  // namespace petal::cpu
