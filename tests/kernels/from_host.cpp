#include "tests/kernels/from_host.h"

#include <vector>

namespace petal::testing {
namespace {

// Arrays of the host with their twins on a device.
class Twins {
 public:
  explicit Twins(std::shared_ptr<const Memory> memory) : memory_(std::move(memory)) {}
  template <class T>
  T* of(T* host, std::size_t elements) {
    if (host == nullptr) return nullptr;
    auto* bytes = reinterpret_cast<std::byte*>(const_cast<std::remove_const_t<T>*>(host));
    pairs_.push_back({bytes, DeviceArray(memory_, elements * sizeof(T))});
    pairs_.back().device.upload(bytes);
    return reinterpret_cast<T*>(pairs_.back().device.data());
  }
  void download() const {
    for (const auto& [host, device] : pairs_) device.download(host);
  }

 private:
  struct Pair {
    std::byte* host;
    DeviceArray device;
  };
  std::shared_ptr<const Memory> memory_;
  std::vector<Pair> pairs_;
};

class LossFromHost final : public LossKernel {
 public:
  LossFromHost(const Backend& backend, const Loss& loss, const TensorDescription& predictions)
      : memory_(backend.memory()),
        kernel_(backend.prepare_loss(loss, predictions)),
        loss_(loss),
        predictions_(predictions) {}
  void run(const std::byte* predictions, const std::byte* targets, const float* sample_weights, float* losses,
           std::byte* diff_predictions) override {
    Twins twins(memory_);
    const auto batch = static_cast<std::size_t>(predictions_.shape[0]);
    const bool sparse = loss_.kind == Loss::Kind::sparse_categorical_crossentropy;
    const auto numbers = sparse ? batch : static_cast<std::size_t>(predictions_.shape.elements());
    const std::byte* src = twins.of(predictions, predictions_.bytes());
    const std::byte* wanted = twins.of(targets, numbers * sizeof(float));
    const float* weights = twins.of(sample_weights, batch);
    float* dst = twins.of(losses, batch);
    kernel_->run(src, wanted, weights, dst, twins.of(diff_predictions, predictions_.bytes()));
    twins.download();
  }

 private:
  std::shared_ptr<const Memory> memory_;
  std::unique_ptr<LossKernel> kernel_;
  Loss loss_;
  TensorDescription predictions_;
};

class UpdateFromHost final : public UpdateKernel {
 public:
  UpdateFromHost(const Backend& backend, const Optimizer& optimizer)
      : memory_(backend.memory()), kernel_(backend.prepare_update(optimizer)) {}
  double regularize(std::span<const Parameter> parameters) const override {
    Twins twins(memory_);
    const double penalty = kernel_->regularize(on_device(parameters, twins));
    twins.download();
    return penalty;
  }
  void sum_squares(std::span<const Parameter> parameters, std::span<double> sums) const override {
    Twins twins(memory_);
    kernel_->sum_squares(on_device(parameters, twins), sums);
  }
  bool unscale(std::span<const Parameter> parameters, float factor) const override {
    Twins twins(memory_);
    const bool finite = kernel_->unscale(on_device(parameters, twins), factor);
    twins.download();
    return finite;
  }
  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    Twins twins(memory_);
    kernel_->run(on_device(parameters, twins), options);
    twins.download();
  }

  void round(std::span<const Parameter> parameters) const override {
    Twins twins(memory_);
    kernel_->round(on_device(parameters, twins));
    twins.download();
  }

 private:
  static std::vector<Parameter> on_device(std::span<const Parameter> parameters, Twins& twins) {
    std::vector<Parameter> moved(parameters.begin(), parameters.end());
    for (Parameter& parameter : moved) {
      const auto elements = static_cast<std::size_t>(parameter.elements);
      parameter.weights = twins.of(parameter.weights, elements);
      parameter.diff_weights = twins.of(parameter.diff_weights, elements);
      parameter.rounded = twins.of(parameter.rounded, elements * size_of(parameter.rounded_type));
      for (float*& slot : parameter.slots) slot = twins.of(slot, elements);
    }
    return moved;
  }

  std::shared_ptr<const Memory> memory_;
  std::unique_ptr<UpdateKernel> kernel_;
};

}  // namespace

std::unique_ptr<LossKernel> loss_from_host(const Backend& backend, const Loss& loss,
                                           const TensorDescription& predictions) {
  if (!backend.memory()->is_apart()) return backend.prepare_loss(loss, predictions);
  return std::make_unique<LossFromHost>(backend, loss, predictions);
}

std::unique_ptr<UpdateKernel> update_from_host(const Backend& backend, const Optimizer& optimizer) {
  if (!backend.memory()->is_apart()) return backend.prepare_update(optimizer);
  return std::make_unique<UpdateFromHost>(backend, optimizer);
}

}  // namespace petal::testing
