#include "trainer/targets.h"

#include <algorithm>
#include <numeric>

namespace petal {

const void* Targets::write(std::span<const std::int32_t> labels) {
  if (loss_.kind == Loss::Kind::sparse_categorical_crossentropy) {
    sparse_.assign(labels.begin(), labels.end());
    return sparse_.data();
  }
  const auto width = static_cast<std::size_t>(outputs_);
  dense_.assign(labels.size() * width, 0.0f);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (outputs_ == 1) {
      dense_[i] = static_cast<float>(labels[i]);
    } else {
      dense_[i * width + static_cast<std::size_t>(labels[i])] = 1.0f;
    }
  }
  return dense_.data();
}

std::int64_t Targets::count_correct(const float* predictions, std::span<const std::int32_t> labels) const {
  std::int64_t correct = 0;
  const auto width = static_cast<std::size_t>(outputs_);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span row(predictions + i * width, width);
    correct += (outputs_ == 1 ? row[0] > 0.5f : most_probable(row)) == labels[i];
  }
  return correct;
}

LossAndAccuracy Targets::judge(const Tensor& probabilities, std::span<const std::int32_t> labels,
                               const Backend& backend) {
  const auto samples = static_cast<double>(labels.size());
  const auto* target_bytes = static_cast<const std::byte*>(write(labels));
  std::vector<float> losses(labels.size());
  backend.enter();
  const std::shared_ptr<const Memory> memory = backend.memory();
  const DeviceArray predictions(memory, probabilities.size_bytes()), gradient(memory, predictions.size()),
      targets(memory,
              sparse_.empty() ? dense_.size() * sizeof(float) : sparse_.size() * sizeof(std::int32_t)),
      found(memory, losses.size() * sizeof(float));
  predictions.upload(probabilities.bytes());
  targets.upload(target_bytes);
  backend.prepare_loss(loss_, probabilities.description())
      ->run({.predictions = predictions.data(),
             .targets = targets.data(),
             .losses = found.floats(),
             .diff_predictions = gradient.data()});
  found.download(reinterpret_cast<std::byte*>(losses.data()));
  return {.loss = std::accumulate(losses.begin(), losses.end(), 0.0) / samples,
          .accuracy = static_cast<double>(count_correct(probabilities.values().data(), labels)) / samples};
}

}  // namespace petal
