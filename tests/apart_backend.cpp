#include "tests/apart_backend.h"

#include <sys/mman.h>

#include <cstring>
#include <iterator>
#include <map>
#include <new>
#include <stdexcept>

#include "kernels/reference/backend.h"

namespace petal::testing {

// Blocks of whole pages, out of reach unless a visit is under way.
class ApartMemory final : public Memory {
 public:
  bool is_apart() const override { return true; }

  std::shared_ptr<std::byte> allocate(std::size_t bytes) const override {
    const std::size_t whole = (bytes + page - 1) / page * page;
    void* block = mmap(nullptr, whole, visits_ > 0 ? PROT_READ | PROT_WRITE : PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    (*blocks_)[block] = whole;
    return {static_cast<std::byte*>(block), [blocks = blocks_](std::byte* data) {
              munmap(data, blocks->at(data));
              blocks->erase(data);
            }};
  }
  std::shared_ptr<std::byte> allocate_staging(std::size_t bytes) const override {
    return host_memory()->allocate(bytes);
  }
  void upload(const std::byte* src, std::byte* dst, std::size_t bytes) const override {
    open(true);
    std::memcpy(dst, src, bytes);
    open(false);
  }
  void download(const std::byte* src, std::byte* dst, std::size_t bytes) const override {
    upload(src, dst, bytes);
  }
  void zero(std::byte* dst, std::size_t bytes) const override {
    open(true);
    std::memset(dst, 0, bytes);
    open(false);
  }
  void wait() const override {}

  // Opens it, or, where as many have closed it as opened it, closes it.
  void open(bool reachable) const {
    visits_ += reachable ? 1 : -1;
    if (visits_ != (reachable ? 1 : 0)) return;
    for (const auto& [block, bytes] : *blocks_) {
      mprotect(block, bytes, reachable ? PROT_READ | PROT_WRITE : PROT_NONE);
    }
  }

  // What a kernel is handed: nothing, or some place in a block.
  void require(const void* data) const {
    if (data == nullptr) return;
    const auto after = blocks_->upper_bound(const_cast<void*>(data));
    if (after != blocks_->begin()) {
      const auto& [block, bytes] = *std::prev(after);
      if (static_cast<const std::byte*>(data) < static_cast<const std::byte*>(block) + bytes) return;
    }
    throw std::logic_error("a kernel was handed memory of the host");
  }

 private:
  static constexpr std::size_t page = 4096;
  using Blocks = std::map<void*, std::size_t>;
  std::shared_ptr<Blocks> blocks_ = std::make_shared<Blocks>();
  mutable int visits_ = 0;
};

namespace {

using Shared = std::shared_ptr<const ApartMemory>;

// A kernel at work: the memory is within reach.
class Visit {
 public:
  explicit Visit(const Shared& memory) : memory_(memory) { memory_->open(true); }
  ~Visit() { memory_->open(false); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  const Shared& memory_;
};

class ApartKernel final : public Kernel {
 public:
  ApartKernel(std::unique_ptr<Kernel> kernel, Shared memory)
      : kernel_(std::move(kernel)), memory_(std::move(memory)) {}
  void run(const Bindings& bindings) override {
    require(bindings);
    const Visit visit(memory_);
    kernel_->run(bindings);
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

  std::unique_ptr<Kernel> kernel_;
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
    const Visit visit(memory_);
    kernel_->run(predictions, targets, sample_weights, losses, diff_predictions);
  }

 private:
  std::unique_ptr<LossKernel> kernel_;
  Shared memory_;
};

class ApartUpdate final : public UpdateKernel {
 public:
  ApartUpdate(std::unique_ptr<UpdateKernel> kernel, Shared memory)
      : kernel_(std::move(kernel)), memory_(std::move(memory)) {}
  double regularize(std::span<const Parameter> parameters) const override {
    require(parameters);
    const Visit visit(memory_);
    return kernel_->regularize(parameters);
  }
  void sum_squares(std::span<const Parameter> parameters, std::span<double> sums) const override {
    require(parameters);
    const Visit visit(memory_);
    kernel_->sum_squares(parameters, sums);
  }
  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    require(parameters);
    const Visit visit(memory_);
    kernel_->run(parameters, options);
  }
  void round(std::span<const Parameter> parameters) const override {
    require(parameters);
    const Visit visit(memory_);
    kernel_->round(parameters);
  }
  void accumulate(std::span<const Part> parts, bool first) const override {
    for (const Part& part : parts) {
      memory_->require(part.sum);
      memory_->require(part.part);
    }
    const Visit visit(memory_);
    kernel_->accumulate(parts, first);
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

  std::unique_ptr<UpdateKernel> kernel_;
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

std::shared_ptr<ApartMemory> make_apart_memory() {
  return std::make_shared<ApartMemory>();
}

std::shared_ptr<const Memory> as_memory(std::shared_ptr<const ApartMemory> memory) {
  return memory;
}

std::shared_ptr<const Backend> make_apart_backend(std::shared_ptr<const Backend> backend,
                                                  std::shared_ptr<const ApartMemory> memory) {
  return std::make_shared<ApartBackend>(std::move(backend), std::move(memory));
}

std::shared_ptr<const Backend> make_apart_backend() {
  return make_apart_backend(make_reference_backend(), make_apart_memory());
}

}  // namespace petal::testing
