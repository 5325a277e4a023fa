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

// The context of a run that comes later, with what it points to.
class KeptContext {
 public:
  explicit KeptContext(const RunContext& given) : context_(given), samples_(copy_of(given.samples)) {}
  RunContext context() const {
    RunContext context = context_;
    context.samples = samples_;
    return context;
  }
  void begin_run(Kernel& kernel) const { kernel.begin_run(context()); }

 private:
  RunContext context_;
  std::vector<std::uint32_t> samples_;
};

// The bindings of such a run.
class KeptBindings {
 public:
  explicit KeptBindings(const Bindings& given)
      : bindings_(given),
        context_(*given.context),
        src_(copy_of(given.src)),
        weights_(copy_of(given.weights)),
        diff_src_(copy_of(given.diff_src)),
        diff_weights_(copy_of(given.diff_weights)),
        statistics_(copy_of(given.statistics)) {}

  void run(Kernel& kernel) const {
    const RunContext context = context_.context();
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
  KeptContext context_;
  std::vector<const std::byte*> src_, weights_;
  std::vector<std::byte*> diff_src_, diff_weights_;
  std::vector<float*> statistics_;
};

class ApartKernel final : public Kernel {
 public:
  ApartKernel(std::unique_ptr<Kernel> kernel, Shared memory)
      : kernel_(std::move(kernel)), memory_(std::move(memory)) {}
  void begin_run(const RunContext& context) override {
    memory_->visit([kernel = kernel_, kept = KeptContext(context)] { kept.begin_run(*kernel); });
  }
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
    memory_->require(b.context->device_key);
    memory_->require(b.context->device_samples);
  }

  std::shared_ptr<Kernel> kernel_;
  Shared memory_;
};

class ApartLoss final : public LossKernel {
 public:
  ApartLoss(std::unique_ptr<LossKernel> kernel, Shared memory)
      : kernel_(std::move(kernel)), memory_(std::move(memory)) {}
  void run(const Arrays& arrays) override {
    for (const void* data : {arrays.predictions, arrays.targets}) memory_->require(data);
    for (const void* data : {arrays.sample_weights, static_cast<const float*>(arrays.losses)})
      memory_->require(data);
    memory_->require(arrays.scale);
    memory_->require(arrays.diff_predictions);
    memory_->visit([arrays, kernel = kernel_] { kernel->run(arrays); });
  }

 private:
  std::shared_ptr<LossKernel> kernel_;
  Shared memory_;
};

class ApartUpdate final : public UpdateKernel {
 public:
  ApartUpdate(std::unique_ptr<UpdateKernel> kernel, Shared memory)
      : kernel_(std::move(kernel)), memory_(std::move(memory)) {}
  void regularize(std::span<const Parameter> parameters, double* penalties) const override {
    require(parameters);
    memory_->require(penalties);
    memory_->visit(
        [kernel = kernel_, kept = copy_of(parameters), penalties] { kernel->regularize(kept, penalties); });
  }
  void sum_squares(std::span<const Parameter> parameters, double* sums) const override {
    require(parameters);
    memory_->require(sums);
    memory_->visit([kernel = kernel_, kept = copy_of(parameters), sums] { kernel->sum_squares(kept, sums); });
  }
  void scale_by_norms(const GradientClipping& clipping, const double* square_sums, int parameters,
                      float* scales) const override {
    memory_->require(square_sums);
    memory_->require(scales);
    memory_->visit(
        [=, kernel = kernel_] { kernel->scale_by_norms(clipping, square_sums, parameters, scales); });
  }
  void unscale(std::span<const Parameter> parameters, const LossScale* scale,
               std::int32_t* finite) const override {
    require(parameters);
    memory_->require(scale);
    memory_->require(finite);
    memory_->visit([kernel = kernel_, kept = copy_of(parameters), scale, finite] {
      kernel->unscale(kept, scale, finite);
    });
  }
  void begin_step(StepState* state, const std::int32_t* finite, int count) const override {
    memory_->require(state);
    memory_->require(finite);
    memory_->visit([=, kernel = kernel_] { kernel->begin_step(state, finite, count); });
  }
  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    require(parameters);
    memory_->require(options.state);
    memory_->require(options.scales);
    memory_->visit([kernel = kernel_, kept = copy_of(parameters), options] { kernel->run(kept, options); });
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

using Loops = std::vector<std::function<void()>>;

// Loops with the arguments that they had when they were recorded.
class KeptLoops final : public Recording {
 public:
  KeptLoops(std::shared_ptr<const Loops> loops, Shared memory)
      : loops_(std::move(loops)), memory_(std::move(memory)) {}
  void run() override {
    memory_->visit([loops = loops_] {
      for (const auto& loop : *loops) loop();
    });
  }

 private:
  std::shared_ptr<const Loops> loops_;
  Shared memory_;
};

class ApartBackend final : public Backend {
 public:
  ApartBackend(std::shared_ptr<const Backend> backend, Shared memory, std::shared_ptr<cuda::HostQueue> queue)
      : backend_(std::move(backend)), memory_(std::move(memory)), queue_(std::move(queue)) {}
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
  std::vector<std::shared_ptr<const Backend>> make_replicas() const override {
    return backend_->make_replicas();
  }
  const Communicator* communicator() const override { return backend_->communicator(); }
  std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer) const override {
    return std::make_unique<ApartUpdate>(backend_->prepare_update(optimizer), memory_);
  }
  std::unique_ptr<Recording> record(const std::function<void()>& work) const override {
    if (!queue_) return nullptr;
    const auto loops = std::make_shared<Loops>();
    memory_->keep(true);
    queue_->kept = loops.get();
    try {
      work();
    } catch (...) {
      end_recording();
      throw;
    }
    end_recording();
    return std::make_unique<KeptLoops>(loops, memory_);
  }

 private:
  void end_recording() const {
    memory_->keep(false);
    queue_->kept = nullptr;
  }

  std::shared_ptr<const Backend> backend_;
  Shared memory_;
  std::shared_ptr<cuda::HostQueue> queue_;
};

}  // namespace

std::shared_ptr<const Backend> make_apart_backend(std::shared_ptr<const Backend> backend,
                                                  std::shared_ptr<const ApartMemory> memory,
                                                  std::shared_ptr<cuda::HostQueue> queue) {
  return std::make_shared<ApartBackend>(std::move(backend), std::move(memory), std::move(queue));
}

std::shared_ptr<const Backend> make_apart_backend() {
  return make_apart_backend(make_reference_backend(), std::make_shared<ApartMemory>());
}

}  // namespace petal::testing
