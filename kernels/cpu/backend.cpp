#include "kernels/cpu/backend.h"

#include <fmt/format.h>
#include <omp.h>
#include <sched.h>

#include <algorithm>

#include "engine/error.h"
#include "kernels/cpu/convolution/inverted_residual.h"
#include "kernels/cpu/device_limit.h"
#include "kernels/cpu/normalization/batch_normalization.h"
#include "kernels/cpu/operations.h"
#include "kernels/cpu/widened.h"

namespace petal {
namespace cpu {
namespace {

int cores_of_process() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  // Fails on machines of more than CPU_SETSIZE cores.
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return std::max(1, omp_get_num_procs());
  return std::max(1, CPU_COUNT(&cores));
}

// oneDNN bakes the thread count into a primitive, so it is made under the count that it will run under.
class ThreadCount {
 public:
  explicit ThreadCount(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~ThreadCount() { omp_set_num_threads(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

Support supports_precision(Precision precision) {
  switch (precision) {
    case Precision::f32:
    case Precision::bf16:
      return {};
    case Precision::f16:
      return {false, "float16 is for GPUs; use f32"};
    case Precision::f64:
      return {false, "oneDNN has no float64; the reference backend has"};
  }
  return {false, "unknown precision"};
}

class CpuBackend final : public Backend {
 public:
  CpuBackend(int threads, std::shared_ptr<ConstantArrays> constants)
      : device_{PETAL_ONEDNN("cpu", dnnl::engine(dnnl::engine::kind::cpu, 0)),
                {},
                threads,
                std::move(constants)} {
    device_.stream = PETAL_ONEDNN("cpu", dnnl::stream(device_.engine));
  }

  std::string name() const override { return "cpu"; }
  int threads() const override { return device_.threads; }
  void enter() const override { omp_set_num_threads(device_.threads); }
  std::shared_ptr<const Backend> for_one_core() const override {
    return std::make_shared<CpuBackend>(1, device_.constants);
  }

  Support supports(const Node& node, Precision precision, Direction direction) const override {
    if (const Support support = supports_precision(precision); !support.supported) return support;
    if (node.fused_residual && direction != Direction::forward) {
      return {false, "a residual is fused for inference alone"};
    }
    return std::visit([&](const auto& layer) { return cpu::supports(layer, direction); }, node.layer);
  }

  std::unique_ptr<Kernel> prepare(const PrepareContext& context) const override {
    const Node& node = context.node;
    const Support support = supports(node, context.precision, context.direction);
    if (!support.supported) {
      throw_unsupported(*this, node, context.precision, context.direction, support.reason);
    }
    const ThreadCount count(device_.threads);
    return context.precision == Precision::bf16 ? prepare_half(context) : prepare_float(context);
  }

  std::unique_ptr<Kernel> prepare_chain(std::span<const PrepareContext> chain) const override {
    // Backward of a chain is what its forward was; a part of it may lack the direction.
    for (const PrepareContext& context : chain)
      if (!supports(context.node, context.precision, Direction::forward).supported) return nullptr;
    const ThreadCount count(device_.threads);
    const bool is_half = chain[0].precision == Precision::bf16;
    if (KernelPointer kernel = is_half ? prepare_half_chain(chain) : prepare_normalized_activation(chain))
      return kernel;
    return is_half ? nullptr : prepare_inverted_residual(chain, device_);
  }

  std::unique_ptr<Kernel> prepare_sum(Precision precision, std::int64_t elements, int terms) const override {
    require(precision, "sum");
    return precision == Precision::bf16 ? make_bfloat16_sum(elements, terms) : make_sum(elements, terms);
  }

  std::unique_ptr<LossKernel> prepare_loss(const Loss& loss, TensorDescription predictions) const override {
    if (predictions.type != DataType::f32) {
      throw Error("loss", fmt::format("the cpu backend takes float32 predictions, not {}",
                                      to_string(predictions.type)));
    }
    return make_loss(loss, predictions.shape);
  }

  DeviceLimit measure_limit(Precision precision) const override {
    require(precision, "the device's limit");
    const ThreadCount count(device_.threads);
    return cpu::measure_limit(device_, precision);
  }

  std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer) const override {
    return make_update(optimizer);
  }

 private:
  std::unique_ptr<Kernel> prepare_float(const PrepareContext& context) const {
    return std::visit([&](const auto& layer) { return cpu::prepare(layer, device_, context); },
                      context.node.layer);
  }

  std::unique_ptr<Kernel> prepare_half(const PrepareContext& context) const {
    const auto own = [&](const auto& layer) { return prepare_bfloat16(layer, device_, context); };
    if (KernelPointer kernel = std::visit(own, context.node.layer)) return kernel;
    return prepare_widened(context, [&](const PrepareContext& inner) { return prepare_float(inner); });
  }

  // As one node of the first one's layer, whose dst is the last one's.
  static std::unique_ptr<Kernel> prepare_half_chain(std::span<const PrepareContext> chain) {
    PrepareContext whole = chain.front();
    whole.dst = chain.back().dst;
    return prepare_widened(whole, [&](const PrepareContext& inner) {
      std::vector<PrepareContext> all = {inner};
      for (const PrepareContext& context : chain.subspan(1)) all.push_back(context);
      return prepare_normalized_activation(all);
    });
  }

  static void require(Precision precision, const char* what) {
    const Support support = supports_precision(precision);
    if (!support.supported) throw Error(what, support.reason);
  }

  Device device_;
};

std::string instruction_set() {
  if (has_instructions(dnnl::cpu_isa::avx512_core_amx)) return "AVX-512 with AMX";
  if (has_instructions(dnnl::cpu_isa::avx512_core_bf16)) return "AVX-512 with bfloat16";
  if (has_instructions(dnnl::cpu_isa::avx512_core)) return "AVX-512";
  if (has_instructions(dnnl::cpu_isa::avx2)) return "AVX2";
  if (has_instructions(dnnl::cpu_isa::avx)) return "AVX";
  return "SSE4.1";
}

}  // namespace

bool is_all_bfloat16(const PrepareContext& context) {
  const auto is_half = [](const TensorDescription& array) { return array.type == DataType::bf16; };
  return is_half(context.dst) && std::ranges::all_of(context.src, is_half);
}

Support supports_without_weights(Direction direction) {
  if (direction != Direction::backward_weights) return {};
  return {false, "it has no weights"};
}

}  // namespace cpu

std::shared_ptr<const Backend> make_cpu_backend(int threads) {
  if (threads < 0) {
    throw Error("--threads", fmt::format("{} threads; give 1 or more, or 0 for every core", threads));
  }
  return std::make_shared<cpu::CpuBackend>(threads == 0 ? cpu::cores_of_process() : threads,
                                           std::make_shared<cpu::ConstantArrays>());
}

Bfloat16Speed cpu_bfloat16_speed() {
  if (cpu::has_instructions(dnnl::cpu_isa::avx512_core_amx)) return Bfloat16Speed::faster;
  if (cpu::has_bfloat16_products()) return Bfloat16Speed::depends;
  return Bfloat16Speed::slower;
}

Precision cpu_limit_precision(Precision precision) {
  return precision == Precision::bf16 && !cpu::has_bfloat16_products() ? Precision::f32 : precision;
}

std::string cpu_backend_description() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("oneDNN {}.{}.{}, {}, OpenMP", version->major, version->minor, version->patch,
                     cpu::instruction_set());
}

}  // namespace petal
