#include "trainer/train_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>

#include "engine/error.h"
#include "engine/weights.h"
#include "trainer/workers.h"

namespace petal {
namespace {

void require_positive(const char* flag, std::optional<float> rate) {
  if (rate && !(*rate > 0)) throw Error(flag, fmt::format("found {}, expected more than 0", *rate));
}

}  // namespace

Optimizer optimizer_of(const TrainOptions& options) {
  const Optimizer optimizer = optimizer_by_name(options.optimizer);
  return options.learning_rate ? with_learning_rate(optimizer, *options.learning_rate) : optimizer;
}

DecodeOptions decode_options(const TrainOptions& options) {
  return {.apply_exif_orientation = options.apply_exif_orientation, .fast = options.fast_decode};
}

Loss loss_of(const TrainOptions& options) {
  Loss loss;
  if (options.loss == "binary_crossentropy") {
    loss.kind = Loss::Kind::binary_crossentropy;
  } else if (options.loss != "categorical_crossentropy") {
    throw Error("--loss", "'" + options.loss +
                              "' is not known; known are categorical_crossentropy, binary_crossentropy");
  } else if (options.label_smoothing > 0.0f) {
    loss.kind = Loss::Kind::categorical_crossentropy;
  }
  loss.label_smoothing = options.label_smoothing;
  return loss;
}

void require_train_options(const TrainOptions& options, const TrainingBase& base) {
  optimizer_of(options);
  loss_of(options);
  require_positive("--learning-rate", options.learning_rate);
  require_valid(options.clipping);
  require_training_precision(options.precision.precision);
  if (options.epochs < 1)
    throw Error("--epochs", fmt::format("found {}, expected 1 or more", options.epochs));
  if (options.batch_size && *options.batch_size < 1) {
    throw Error("--batch-size", fmt::format("found {}, expected 1 or more", *options.batch_size));
  }
  if (!(options.label_smoothing >= 0.0f && options.label_smoothing < 1.0f)) {
    throw Error("--label-smoothing",
                fmt::format("found {}, expected 0 or more and below 1", options.label_smoothing));
  }
  if (!(options.regularizer.l1 >= 0.0f && options.regularizer.l2 >= 0.0f)) {
    throw Error("--l1, --l2", "a regulariser's factor is 0 or more");
  }
  if (options.memory_budget < 0) throw Error("--memory-budget", "is 0 or more bytes");
  const double asserted = options.assert_accuracy.value_or(0);
  if (!(asserted >= 0 && asserted <= 1)) {
    throw Error("--assert-accuracy", fmt::format("found {}, expected a share from 0 to 1", asserted));
  }
  if (options.fine_tune) {
    if (options.fine_tune->epochs < 1) {
      throw Error("--fine-tune-epochs",
                  fmt::format("found {}, expected 1 or more", options.fine_tune->epochs));
    }
    require_positive("--fine-tune-learning-rate", options.fine_tune->learning_rate);
  }
  if (options.resume && options.out.empty()) {
    throw Error("--resume", "needs --out, the folder of the run that is to go on");
  }
  const Graph graph = base.graph(2);
  if (options.fine_tune) fine_tuned(graph, *options.fine_tune);
}

Graph fine_tuned(const Graph& graph, const FineTune& fine_tune) {
  const auto nodes = graph.nodes();
  const auto from = std::ranges::find(nodes, fine_tune.from, &Node::name);
  if (from == nodes.end()) {
    try {
      graph.find(fine_tune.from);
    } catch (const Error& error) {
      throw Error("--fine-tune", error.what());
    }
  }
  bool any = false;
  for (auto node = from; node != nodes.end(); ++node) {
    any = any || (!node->trainable && !graph.weights(*node).empty());
  }
  if (!any) {
    throw Error("--fine-tune",
                "from '" + fine_tune.from +
                    "' on nothing is frozen; name a layer of the base (petal summary lists them)");
  }
  return graph.with_trainable([&](const Node& node) {
    if (node.trainable) return true;
    const bool behind = &*std::ranges::find(nodes, node.name, &Node::name) >= &*from;
    return behind && !std::holds_alternative<BatchNormalization>(node.layer) &&
           !states_its_weights(graph.weights(node));
  });
}

std::map<std::string, std::string> identity_of(const TrainOptions& options, const Dataset& dataset) {
  std::string photos;
  for (std::size_t i = 0; i < dataset.folder.photos.size(); ++i) {
    photos += dataset.folder.photos[i].name + '\n';
    photos += static_cast<char>('0' + static_cast<int>(dataset.split[i]));
  }
  std::map<std::string, std::string> identity;
  identity["photos and split"] = fmt::format("{:016x}", XXH3_64bits(photos.data(), photos.size()));
  identity["--model"] = options.model;
  identity["--features"] = options.features;
  identity["--preprocessing"] = options.preprocessing;
  identity["--weights"] = options.weights.filename().string();
  identity["--batch-size"] = options.batch_size ? fmt::to_string(*options.batch_size) : "default";
  identity["--optimizer"] = describe(optimizer_of(options));
  identity["--learning-rate"] = fmt::to_string(learning_rate(optimizer_of(options)));
  // A schedule's length may follow from the epochs.
  identity["--schedule"] = options.schedule.empty()
                               ? "constant"
                               : fmt::format("{} over {} epochs", options.schedule, options.epochs);
  identity["--seed"] = fmt::to_string(options.seed);
  identity["--loss"] = fmt::format("{}, smoothing {}", options.loss, options.label_smoothing);
  identity["clipping"] = fmt::format("value {}, norm {}, global norm {}", options.clipping.value,
                                     options.clipping.norm, options.clipping.global_norm);
  identity["--class-weights"] = options.balanced_class_weights ? "balanced" : "none";
  identity["--no-exif"] = options.apply_exif_orientation ? "no" : "yes";
  identity["--fast-decode"] = options.fast_decode ? "yes" : "no";
  if (options.precision.precision != Precision::f32) identity["--precision"] = to_string(options.precision);
  if (options.tensor_float32) identity["--tf32"] = "yes";
  if (options.fine_tune) {
    const float rate = options.fine_tune->learning_rate.value_or(0.0f);
    identity["--fine-tune"] = fmt::format("{} at {}", options.fine_tune->from, rate);
  }
  return identity;
}

}  // namespace petal
