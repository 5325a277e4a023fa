#include "tests/kernels/from_host.h"

#include <numeric>
#include <vector>

namespace petal::testing {
namespace {

// Arrays of the host with their twins on a device.
class Twins {
 public:
  explicit Twins(std::shared_ptr<const Memory> memory) : memory_(std::move(memory)) {}
  template <class T>
  T* of(T* host, std::size_t elements) {
    if (host == nullptr || !memory_->is_apart()) return host;
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
  void run(const Arrays& arrays) override {
    Twins twins(memory_);
    const auto batch = static_cast<std::size_t>(predictions_.shape[0]);
    const bool sparse = loss_.kind == Loss::Kind::sparse_categorical_crossentropy;
    const auto numbers = sparse ? batch : static_cast<std::size_t>(predictions_.shape.elements());
    kernel_->run({.predictions = twins.of(arrays.predictions, predictions_.bytes()),
                  .targets = twins.of(arrays.targets, numbers * sizeof(float)),
                  .sample_weights = twins.of(arrays.sample_weights, batch),
                  .scale = twins.of(arrays.scale, 1),
                  .losses = twins.of(arrays.losses, batch),
                  .diff_predictions = twins.of(arrays.diff_predictions, predictions_.bytes())});
    twins.download();
  }

 private:
  std::shared_ptr<const Memory> memory_;
  std::unique_ptr<LossKernel> kernel_;
  Loss loss_;
  TensorDescription predictions_;
};

std::vector<UpdateKernel::Parameter> on_device(std::span<const UpdateKernel::Parameter> parameters,
                                               Twins& twins) {
  std::vector<UpdateKernel::Parameter> moved(parameters.begin(), parameters.end());
  for (UpdateKernel::Parameter& parameter : moved) {
    const auto elements = static_cast<std::size_t>(parameter.elements);
    parameter.weights = twins.of(parameter.weights, elements);
    parameter.diff_weights = twins.of(parameter.diff_weights, elements);
    parameter.rounded = twins.of(parameter.rounded, elements * size_of(parameter.rounded_type));
    for (float*& slot : parameter.slots) slot = twins.of(slot, elements);
  }
  return moved;
}

}  // namespace

double UpdateFromHost::regularize(std::span<const Parameter> parameters) const {
  Twins twins(memory_);
  std::vector<double> penalties(parameters.size(), 0.0);
  kernel_->regularize(on_device(parameters, twins), twins.of(penalties.data(), penalties.size()));
  twins.download();
  return std::accumulate(penalties.begin(), penalties.end(), 0.0);
}

void UpdateFromHost::sum_squares(std::span<const Parameter> parameters, std::span<double> sums) const {
  Twins twins(memory_);
  kernel_->sum_squares(on_device(parameters, twins), twins.of(sums.data(), sums.size()));
  twins.download();
}

std::vector<float> UpdateFromHost::scales_by_norms(const GradientClipping& clipping,
                                                   std::vector<double> square_sums) const {
  Twins twins(memory_);
  std::vector<float> scales(square_sums.size());
  kernel_->scale_by_norms(clipping, twins.of(square_sums.data(), square_sums.size()),
                          static_cast<int>(scales.size()), twins.of(scales.data(), scales.size()));
  twins.download();
  return scales;
}

bool UpdateFromHost::unscale(std::span<const Parameter> parameters, LossScale scale) const {
  Twins twins(memory_);
  std::int32_t finite = -1;
  kernel_->unscale(on_device(parameters, twins), twins.of(&scale, 1), twins.of(&finite, 1));
  twins.download();
  return finite == 1;
}

StepState UpdateFromHost::begun(StepState state, std::vector<std::int32_t> finite) const {
  Twins twins(memory_);
  kernel_->begin_step(twins.of(&state, 1), twins.of(finite.data(), finite.size()),
                      static_cast<int>(finite.size()));
  twins.download();
  return state;
}

void UpdateFromHost::run(std::span<const Parameter> parameters, const StepOptions& options) const {
  Twins twins(memory_);
  const StepState state{
      .learning_rate = options.learning_rate, .steps = options.step, .is_taken = options.is_taken};
  const float* scales = options.scales.empty() ? nullptr : options.scales.data();
  kernel_->run(on_device(parameters, twins), {.state = twins.of(&state, 1),
                                              .clip_value = options.clip_value,
                                              .scales = twins.of(scales, options.scales.size())});
  twins.download();
}

void UpdateFromHost::round(std::span<const Parameter> parameters) const {
  Twins twins(memory_);
  kernel_->round(on_device(parameters, twins));
  twins.download();
}

std::unique_ptr<LossKernel> loss_from_host(const Backend& backend, const Loss& loss,
                                           const TensorDescription& predictions) {
  if (!backend.memory()->is_apart()) return backend.prepare_loss(loss, predictions);
  return std::make_unique<LossFromHost>(backend, loss, predictions);
}

std::unique_ptr<UpdateFromHost> update_from_host(const Backend& backend, const Optimizer& optimizer) {
  return std::make_unique<UpdateFromHost>(backend, optimizer);
}

}  // namespace petal::testing
