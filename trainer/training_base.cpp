#include "trainer/training_base.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/error.h"
#include "io/hdf5/keras_weights.h"
#include "models/features.h"
#include "trainer/model_source.h"

namespace petal {
namespace {

void refuse(bool given, const char* flag, const std::string& why) {
  if (given) throw Error(flag, why);
}

void require_own_head(const TrainOptions& options) {
  refuse(!options.weights.empty(), "--weights",
         options.model +
             " has no pretrained base, it is trained from scratch; leave --weights out, or choose "
             "--model mobilenet_v2");
  refuse(options.fine_tune.has_value(), "--fine-tune", options.model + " is trained as a whole already");
}

// What an architecture of ours settles itself.
void require_architecture(const TrainOptions& options) {
  refuse(!options.features.empty(), "--features",
         options.model + " has its own; give --features with a model file alone");
  refuse(!options.preprocessing.empty(), "--preprocessing",
         options.model + " has its own; give --preprocessing with a model file alone");
}

void require_file(const TrainOptions& options) {
  refuse(!options.weights.empty(), "--weights",
         options.model + " is a whole model and brings its own; leave --weights out");
  refuse(options.alpha != 1.0f, "--alpha", options.model + " is a whole model; its widths are fixed");
}

// The regulariser on the kernels of every layer that is trained.
Graph regularized(const Graph& graph, const Regularizer& regularizer) {
  if (regularizer == Regularizer{}) return graph;
  GraphBuilder g(graph.name());
  std::vector<Value> values;
  for (Node node : graph.nodes()) {
    std::vector<Value> inputs;
    for (int input : node.inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    std::visit(
        [&](auto& layer) {
          if constexpr (requires { layer.kernel_regularizer; }) {
            if (node.trainable) layer.kernel_regularizer = regularizer;
          } else if constexpr (requires { layer.depthwise_regularizer; }) {
            if (node.trainable) layer.depthwise_regularizer = regularizer;
          }
        },
        node.layer);
    values.push_back(g.add(node, inputs));
  }
  std::vector<Value> outputs;
  for (int output : graph.outputs()) outputs.push_back(values[static_cast<std::size_t>(output)]);
  return std::move(g).build(outputs);
}

}  // namespace

TrainingBase::TrainingBase(const TrainOptions& options) : options_(options) {
  refuse(options.from_scratch && options.fine_tune, "--fine-tune",
         "--from-scratch trains the whole network already; give one of the two");
  std::error_code ignored;
  if (!names_architecture(options.model) && std::filesystem::exists(options.model, ignored)) {
    require_file(options);
    open_file();
    return;
  }
  architecture_ = &petal::architecture(options.model);
  require_architecture(options);
  if (architecture_->has_own_head) require_own_head(options);
}

void TrainingBase::open_file() {
  file_ = open_model({.source = options_.model, .image_size = options_.image_size});
  refuse(file_.takes_photos && !options_.preprocessing.empty(), "--preprocessing",
         options_.model + " has it inside; leave --preprocessing out");
  file_base_ = {up_to_features(file_.network.graph, options_.features),
                preprocessing_by_name(options_.preprocessing.empty() ? "none" : options_.preprocessing)};
}

std::string TrainingBase::architecture() const {
  return architecture_ != nullptr ? architecture_->name : file_.architecture;
}

Graph TrainingBase::graph(std::size_t classes) const {
  const Head head{.classes = static_cast<std::int64_t>(classes),
                  .hidden = options_.hidden,
                  .dropout = options_.dropout,
                  .single_unit = options_.loss == "binary_crossentropy"};
  const std::string augment =
      options_.augment.value_or(architecture_ != nullptr ? architecture_->augmentation : "");
  const Graph graph =
      architecture_ != nullptr
          ? training_graph(*architecture_, {.image_size = options_.image_size, .alpha = options_.alpha}, head,
                           augment, options_.from_scratch)
          : training_graph(file_base_, head, augment, options_.from_scratch);
  return regularized(graph, options_.regularizer);
}

Weights TrainingBase::weights(const Graph& graph, const Tell& info, const Tell& warning) const {
  if (architecture_ == nullptr && !file_.takes_photos && options_.preprocessing.empty()) {
    warning(
        options_.model +
        " does not say what range of pixels it takes, and is given 0 to 255; say it with --preprocessing");
  }
  const bool scratch = options_.from_scratch || has_own_head();
  if (scratch && options_.weights.empty()) return initialize(graph, options_.seed);
  if (architecture_ == nullptr || !options_.weights.empty()) return imported(graph, info);
  warning(
      "the base starts from random weights, which features are of little use; give it trained ones with "
      "--weights");
  return initialize_untrained_base(graph, options_.seed);
}

// The file fills the base; what stands around it starts fresh.
Weights TrainingBase::imported(const Graph& graph, const Tell& info) const {
  Weights weights = initialize(graph.with_trainable([](const Node&) { return true; }), options_.seed);
  if (architecture_ == nullptr) {
    for (const WeightDeclaration& weight : file_base_.body.weights()) {
      weights.share(weight.name, file_.network.weights, weight.name);
    }
    const Node& features = file_base_.body[file_base_.body.outputs()[0]];
    info(fmt::format("{}: the base is '{}', its features layer '{}' {}", options_.model,
                     file_base_.body.name(), features.name, features.shape.to_string()));
    return weights;
  }
  const Base base = base_of(*architecture_, {.image_size = options_.image_size, .alpha = options_.alpha});
  ImportOptions import{.exclude_file_layers = architecture_->head_layers, .keep_layers = {}};
  for (const Node& node : graph.nodes()) {
    const std::vector<WeightDeclaration> own = graph.weights(node);
    if (!base.body.contains(node.name) && !own.empty() && !states_its_weights(own)) {
      import.keep_layers.push_back(node.name);
    }
  }
  const ImportTally tally = load_keras_weights(options_.weights, graph, weights, import);
  info(options_.weights.filename().string() + ": " + tally.to_string());
  return weights;
}

}  // namespace petal
