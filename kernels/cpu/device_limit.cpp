#include "kernels/cpu/device_limit.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <numeric>

#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

using Clock = std::chrono::steady_clock;

// The least seconds that `work` takes, of what fits into a fifth of a second and at least five.
double fastest(const std::function<void()>& work) {
  work();
  double best = 1e9, total = 0;
  for (int i = 0; i < 5 || total < 0.2; ++i) {
    const Clock::time_point start = Clock::now();
    work();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::min(best, seconds);
    total += seconds;
  }
  return best;
}

Buffer filled(std::size_t floats_count) {
  Buffer buffer(floats_count * sizeof(float));
  std::fill_n(floats(buffer.data()), floats_count, 0.5f);
  return buffer;
}

// (rows, inner) times (inner, columns): of the shape that a network's wide layers have.
double product_rate(const Device& device, DataType type) {
  const std::int64_t rows = 512 * device.threads, inner = 512, columns = 512;
  const std::string where = "the device's limit";
  const Descriptor weights({inner, columns}, onednn_type(type), dnnl::memory::format_tag::any);
  const auto descriptor =
      PETAL_ONEDNN(where, matmul(device.engine, matrix(rows, inner, type), weights, Descriptor(),
                                 matrix(rows, columns, type), attributes()));
  ScratchLayout scratch;
  Step step(device, where, descriptor,
            {{DNNL_ARG_SRC, descriptor.src_desc()},
             {DNNL_ARG_WEIGHTS, descriptor.weights_desc()},
             {DNNL_ARG_DST, descriptor.dst_desc()}},
            scratch);
  const auto elements = [](std::int64_t a, std::int64_t b) { return static_cast<std::size_t>(a * b); };
  const Buffer src = filled(elements(rows, inner)), dst = filled(elements(rows, columns)),
               packed = filled(descriptor.weights_desc().get_size() / sizeof(float)),
               scratchpad(scratch.bytes());
  step.bind(DNNL_ARG_SRC, src.data());
  step.bind(DNNL_ARG_WEIGHTS, packed.data());
  step.bind(DNNL_ARG_DST, dst.data());
  return 2.0 * static_cast<double>(rows * inner * columns) / fastest([&] { step.run(scratchpad.data()); });
}

double copy_rate(int threads) {
  constexpr std::size_t block = std::size_t{48} << 20;  // beyond any core's share of the cache
  const auto count = static_cast<std::size_t>(threads);
  const Buffer src(block * count), dst(block * count);
  std::memset(src.data(), 1, src.size());
  std::memset(dst.data(), 1, dst.size());
  const double seconds = fastest([&] {
#pragma omp parallel for num_threads(threads)
    for (std::size_t i = 0; i < count; ++i)
      std::memcpy(dst.data() + i * block, src.data() + i * block, block);
  });
  return 2.0 * static_cast<double>(src.size()) / seconds;
}

}  // namespace

bool has_bfloat16_products() {
  return has_instructions(dnnl::cpu_isa::avx512_core_bf16);
}

DeviceLimit measure_limit(const Device& device, Precision precision) {
  const bool halves = precision == Precision::bf16 && has_bfloat16_products();
  return {.operations_per_second = product_rate(device, halves ? DataType::bf16 : DataType::f32),
          .bytes_per_second = copy_rate(device.threads)};
}

}  // namespace petal::cpu
