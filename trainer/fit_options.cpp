#include "trainer/fit_options.h"

#include <fmt/format.h>

#include "engine/error.h"

namespace petal {

bool falls(Monitor monitor) {
  return monitor == Monitor::loss || monitor == Monitor::val_loss;
}

Monitor without_validation(Monitor monitor) {
  return falls(monitor) ? Monitor::loss : Monitor::accuracy;
}

double monitored(const EpochRecord& record, Monitor monitor) {
  switch (monitor) {
    case Monitor::val_loss:
      return record.val_loss.value_or(record.loss);
    case Monitor::val_accuracy:
      return record.val_accuracy.value_or(record.accuracy);
    case Monitor::loss:
      return record.loss;
    case Monitor::accuracy:
      return record.accuracy;
  }
  return record.loss;
}

std::int64_t outputs_of(const Graph& graph) {
  if (graph.outputs().size() != 1 || graph[graph.outputs()[0]].shape.rank() != 1) {
    throw Error("training", "graph '" + graph.name() + "' must have one output of shape (classes,)");
  }
  return graph[graph.outputs()[0]].shape[0];
}

void require_fit_options(const FitOptions& options, std::int64_t classes) {
  if (options.epochs < 1)
    throw Error("--epochs", fmt::format("found {}, expected 1 or more", options.epochs));
  if (options.batch_size < 1) {
    throw Error("--batch-size", fmt::format("found {}, expected 1 or more", options.batch_size));
  }
  if (options.early_stopping && options.early_stopping->patience < 1) {
    throw Error("--early-stopping",
                fmt::format("patience is {}, expected 1 epoch or more", options.early_stopping->patience));
  }
  if (options.reduce_on_plateau) {
    const auto& [monitor, factor, patience, min_delta, minimum] = *options.reduce_on_plateau;
    if (!(factor > 0.0f && factor < 1.0f) || patience < 1 || min_delta < 0 || minimum < 0.0f) {
      throw Error("--reduce-on-plateau",
                  fmt::format("factor {} must be between 0 and 1, patience {} 1 or more", factor, patience));
    }
    if (options.schedule) {
      throw Error("--reduce-on-plateau",
                  "a schedule sets the learning rate of every step already; give one of the two");
    }
  }
  const std::size_t weights = options.class_weights.size();
  if (weights != 0 && weights != static_cast<std::size_t>(classes)) {
    throw Error("training", fmt::format("{} class weights for {} classes", weights, classes));
  }
}

void require_labels(const Samples& samples, std::int64_t classes) {
  for (const std::int32_t label : samples.labels()) {
    if (label >= 0 && label < classes) continue;
    throw Error("training", fmt::format("label {} is none of the model's {} classes", label, classes));
  }
}

}  // namespace petal
