#include "tests/apart_backend.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/reference/backend.h"

namespace petal::testing {
namespace {

using Shared = std::shared_ptr<const ApartMemory>;

template <class T>
std::vector<T> copy_of(std::span<T const> values) {
  return {values.begin(), values.end()};
}

// The bindings of a run that comes later, with what they point to.
class KeptBindings {
 public:
  explicit KeptBindings(const Bindings& given)
      : bindings_(given),
        context_(*given.context),
        samples_(copy_of(given.context->samples)),
        src_(copy_of(given.src)),
        weights_(copy_of(given.weights)),
        diff_src_(copy_of(given.diff_src)),
        diff_weights_(copy_of(given.diff_weights)),
        statistics_(copy_of(given.statistics)) {}

  void run(Kernel& kernel) const {
    RunContext context = context_;
    context.samples = samples_;
    Bindings bindings = bindings_;
    bindings.src = src_;
    bindings.weights = weights_;
    bindings.diff_src = diff_src_;
    bindings.diff_weights = diff_weights_;
    bindings.statistics = statistics_;
    bindings.context = &context;
    kernel.run(bindings);
  }

 private:
  Bindings bindings_;
  RunContext context_;
  std::vector<std::uint32_t> samples_;
  std::vector<const std::byte*> src_, weights_;
  std::vector<std::byte*> diff_src_, diff_weights_;
  std::vector<float*> statistics_;
};

class ApartKernel final : public Kernel {
 public:
  ApartKernel(std::unique_ptr<Kernel> kernel, Shared memory)
      : kernel_(std::move(kernel)), memory_(std::move(memory)) {}
  void run(const Bindings& bindings) override {
    require(bindings);
    memory_->visit([kernel = kernel_, kept = KeptBindings(bindings)] { kept.run(*kernel); });
  }
  std::size_t scratch_bytes() const override { return kernel_->scratch_bytes(); }
  std::size_t workspace_bytes() const override { return kernel_->workspace_bytes(); }
  std::string implementation() const override { return kernel_->implementation(); }
  int in_place_input() const override { return kernel_->in_place_input(); }

 private:
  void require(const Bindings& b) const {
    for (const void* data : b.src) memory_->require(data);
    for (const void* data : b.weights) memory_->require(data);
    for (const void* data : b.diff_src) memory_->require(data);
    for (const void* data : b.diff_weights) memory_->require(data);
    for (const void* data : b.statistics) memory_->require(data);
    for (const void* data : {b.dst, b.workspace, b.scratch}) memory_->require(data);
    memory_->require(b.diff_dst);
    memory_->require(b.context->device_samples);
    if (b.context->samples.empty() != (b.context->device_samples == nullptr))
      throw std::logic_error("a kernel was handed no samples in its own memory");
  }

  std::shared_ptr<Kernel> kernel_;
  Shared memory_;
};

class ApartLoss final : public LossKernel {
 public:
  ApartLoss(std::unique_ptr<LossKernel> kernel, Shared memory)
      : kernel_(std::move(kernel)), memory_(std::move(memory)) {}
  void run(const std::byte* predictions, const std::byte* targets, const float* sample_weights, float* losses,
           std::byte* diff_predictions) override {
    memory_->require(predictions);
    memory_->require(targets);
    memory_->require(sample_weights);
    memory_->require(losses);
    memory_->require(diff_predictions);
    memory_->visit([=, kernel = kernel_] {
      kernel->run(predictions, targets, sample_weights, losses, diff_predictions);
    });
  }

 private:
  std::shared_ptr<LossKernel> kernel_;
  Shared memory_;
};

class ApartUpdate final : public UpdateKernel {
 public:
  ApartUpdate(std::unique_ptr<UpdateKernel> kernel, Shared memory)
      : kernel_(std::move(kernel)), memory_(std::move(memory)) {}
  // What gives numbers to the host waits for them.
  double regularize(std::span<const Parameter> parameters) const override {
    require(parameters);
    double penalty = 0;
    if (std::ranges::none_of(parameters, [](const Parameter& p) { return p.regularizer != Regularizer{}; }))
      return penalty;
    memory_->visit([&] { penalty = kernel_->regularize(parameters); });
    memory_->wait();
    return penalty;
  }
  void sum_squares(std::span<const Parameter> parameters, std::span<double> sums) const override {
    require(parameters);
    memory_->visit([&] { kernel_->sum_squares(parameters, sums); });
    memory_->wait();
  }
  bool unscale(std::span<const Parameter> parameters, float factor) const override {
    require(parameters);
    bool finite = false;
    memory_->visit([&] { finite = kernel_->unscale(parameters, factor); });
    memory_->wait();
    return finite;
  }
  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    require(parameters);
    memory_->visit([kernel = kernel_, kept = copy_of(parameters), options = StepOptions(options),
                    scales = copy_of(options.scales)]() mutable {
      options.scales = scales;
      kernel->run(kept, options);
    });
  }
  void round(std::span<const Parameter> parameters) const override {
    require(parameters);
    memory_->visit([kernel = kernel_, kept = copy_of(parameters)] { kernel->round(kept); });
  }
  void accumulate(std::span<const Part> parts, bool first) const override {
    for (const Part& part : parts) {
      memory_->require(part.sum);
      memory_->require(part.part);
    }
    memory_->visit([kernel = kernel_, kept = copy_of(parts), first] { kernel->accumulate(kept, first); });
  }

 private:
  void require(std::span<const Parameter> parameters) const {
    for (const Parameter& parameter : parameters) {
      memory_->require(parameter.weights);
      memory_->require(parameter.diff_weights);
      memory_->require(parameter.rounded);
      for (const float* slot : parameter.slots) memory_->require(slot);
    }
  }

  std::shared_ptr<UpdateKernel> kernel_;
  Shared memory_;
};

class ApartBackend final : public Backend {
 public:
  ApartBackend(std::shared_ptr<const Backend> backend, Shared memory)
      : backend_(std::move(backend)), memory_(std::move(memory)) {}
  std::string name() const override { return backend_->name() + " over memory apart"; }
  int threads() const override { return 1; }
  std::shared_ptr<const Memory> memory() const override { return memory_; }
  Support supports(const Node& node, Precision precision, Direction direction) const override {
    return backend_->supports(node, precision, direction);
  }
  std::unique_ptr<Kernel> prepare(const PrepareContext& context) const override {
    return std::make_unique<ApartKernel>(backend_->prepare(context), memory_);
  }
  std::unique_ptr<Kernel> prepare_sum(Precision precision, std::int64_t elements, int terms) const override {
    return std::make_unique<ApartKernel>(backend_->prepare_sum(precision, elements, terms), memory_);
  }
  std::unique_ptr<LossKernel> prepare_loss(const Loss& loss, TensorDescription predictions) const override {
    return std::make_unique<ApartLoss>(backend_->prepare_loss(loss, predictions), memory_);
  }
  std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer) const override {
    return std::make_unique<ApartUpdate>(backend_->prepare_update(optimizer), memory_);
  }

 private:
  std::shared_ptr<const Backend> backend_;
  Shared memory_;
};

}  // namespace

std::shared_ptr<const Backend> make_apart_backend(std::shared_ptr<const Backend> backend,
                                                  std::shared_ptr<const ApartMemory> memory) {
  return std::make_shared<ApartBackend>(std::move(backend), std::move(memory));
}

std::shared_ptr<const Backend> make_apart_backend() {
  return make_apart_backend(make_reference_backend(), std::make_shared<ApartMemory>());
}

}  // namespace petal::testing
