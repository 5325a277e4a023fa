#pragma once

#include <map>
#include <string>

#include "trainer/train_classifier.h"
#include "trainer/training_base.h"

namespace petal {

// Throws Error that names the first option which is out of range, unknown or at odds with another.
void require_train_options(const TrainOptions& options, const TrainingBase& base);

// How the photos are decoded.
DecodeOptions decode_options(const TrainOptions& options);
// The optimiser with the stated rate.
Optimizer optimizer_of(const TrainOptions& options);
Loss loss_of(const TrainOptions& options);

// The graph with the base trainable from FineTune::from on, but its batch norms. Throws Error(--fine-tune)
// where there is no such layer in the base.
Graph fine_tuned(const Graph& graph, const FineTune& fine_tune);

// What decides a training's numbers besides the network: a resumed one must have the same. By flag.
std::map<std::string, std::string> identity_of(const TrainOptions& options, const Dataset& dataset);

}  // namespace petal
