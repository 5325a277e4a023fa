#include "engine/training_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/compiled_node.h"
#include "engine/error.h"

namespace petal {

LossArguments::LossArguments(std::int64_t batch, std::int64_t classes, const Loss& loss)
    : data_(std::make_shared<Data>()) {
  const bool sparse = loss.kind == Loss::Kind::sparse_categorical_crossentropy;
  data_->bytes_a_target = sparse ? sizeof(std::int32_t) : static_cast<std::size_t>(classes) * sizeof(float);
  const auto samples = static_cast<std::size_t>(batch);
  data_->targets.assign(samples * data_->bytes_a_target, std::byte{0});
  data_->sample_weights.assign(samples, 0.0f);
  data_->losses.assign(samples, 0.0f);
}

void LossArguments::set(const void* targets, std::span<const float> sample_weights, std::int64_t count) {
  const auto samples = static_cast<std::size_t>(count);
  std::memcpy(data_->targets.data(), targets, samples * data_->bytes_a_target);
  // The kernel takes the mean over the whole batch; this makes it the mean over the real samples.
  const float scale = static_cast<float>(data_->losses.size()) / static_cast<float>(count);
  for (std::size_t i = 0; i < data_->sample_weights.size(); ++i) {
    const float weight = sample_weights.empty() ? 1.0f : i < samples ? sample_weights[i] : 0.0f;
    data_->sample_weights[i] = i < samples ? weight * scale : 0.0f;
  }
}

double LossArguments::mean() const {
  const double sum = std::accumulate(data_->losses.begin(), data_->losses.end(), 0.0);
  return sum / static_cast<double>(data_->losses.size());
}

namespace {

// The loss as a step: src[0] is what it reads, diff_src[0] its gradient.
class LossStep : public Kernel {
 public:
  LossStep(std::unique_ptr<LossKernel> kernel, LossArguments arguments)
      : kernel_(std::move(kernel)), arguments_(std::move(arguments)) {}
  void run(const Bindings& bindings) override {
    kernel_->run(bindings.src[0], arguments_.targets(), arguments_.sample_weights(), arguments_.losses(),
                 bindings.diff_src[0]);
  }
  std::string implementation() const override { return "loss"; }

 private:
  std::unique_ptr<LossKernel> kernel_;
  LossArguments arguments_;
};

// The last activation, where its gradient and the loss's are one stable formula on the logits.
bool merges_with_loss(const Node& output, const Loss& loss) {
  const auto* activation = std::get_if<Activation>(&output.layer);
  if (activation == nullptr || loss.from_logits) return false;
  return loss.kind == Loss::Kind::binary_crossentropy ? activation->function == ActivationFunction::sigmoid
                                                      : activation->function == ActivationFunction::softmax;
}

}  // namespace

TrainingSteps::TrainingSteps(const Graph& graph, const Weights& weights, ParameterStore& parameters,
                             Executor& executor, const TrainingOptions& options)
    : graph_(graph),
      weights_(weights),
      parameters_(parameters),
      executor_(executor),
      options_(options),
      values_(graph.nodes().size(), -1),
      workspaces_(graph.nodes().size(), -1),
      gradients_(graph.nodes().size()) {
  if (graph.outputs().size() != 1 || graph[graph.outputs()[0]].shape.rank() != 1) {
    throw Error(graph.name(), "training takes a graph with one output of shape (classes)");
  }
  for (const Node& node : graph.nodes()) {
    bool wants =
        node.trainable && std::ranges::any_of(graph.weights(node), [](const WeightDeclaration& declaration) {
          return declaration.role == Role::weight;
        });
    for (int input : node.inputs) wants = wants || wants_gradient_[static_cast<std::size_t>(input)];
    wants_gradient_.push_back(wants);
  }
}

NodeRequest TrainingSteps::request(const Node& node, Direction direction) const {
  return {graph_, node, weights_, options_.batch, Mode::training, options_.precision, direction};
}

Operands TrainingSteps::forward_operands(const Node& node) {
  Operands operands;
  for (int input : node.inputs) operands.src.push_back(value_buffer(input));
  for (const WeightDeclaration& declaration : graph_.weights(node)) {
    operands.weights.push_back(parameters_.weights(declaration.name));
  }
  return operands;
}

int TrainingSteps::gradient_buffer(int index) {
  const auto elements = static_cast<std::size_t>(graph_[index].shape.elements() * options_.batch);
  return executor_.add_buffer(elements * size_of(data_type(options_.precision)));
}

void TrainingSteps::add_forward() {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Node& node = graph_.nodes()[i];
    values_[i] = gradient_buffer(static_cast<int>(i));  // a value is as large as its gradient
    if (std::holds_alternative<Input>(node.layer)) continue;
    std::unique_ptr<Kernel> kernel = prepare_node(executor_.backend(), request(node, Direction::forward));
    Operands operands = forward_operands(node);
    operands.dst = values_[i];
    if (kernel->workspace_bytes() > 0) workspaces_[i] = executor_.add_buffer(kernel->workspace_bytes());
    operands.workspace = workspaces_[i];
    executor_.add_step(std::move(kernel), std::move(operands),
                       profile_entry(request(node, Direction::forward)));
  }
}

LossArguments TrainingSteps::add_loss() {
  int predicted = graph_.outputs()[0];
  Loss loss = options_.loss;
  if (merges_with_loss(graph_[predicted], loss)) {
    predicted = graph_[predicted].inputs[0];
    loss.from_logits = true;
  }
  const TensorDescription description{data_type(options_.precision),
                                      graph_[predicted].shape.with_batch(options_.batch)};
  LossArguments arguments(options_.batch, description.shape.back(), loss);
  const int gradient = gradient_buffer(predicted);
  Operands operands;
  operands.src = {value_buffer(predicted)};
  operands.diff_src = {gradient};
  ProfileEntry entry{
      .name = std::string(to_string(loss.kind)), .kind = "loss", .phase = "loss", .implementation = ""};
  executor_.add_step(
      std::make_unique<LossStep>(executor_.backend().prepare_loss(loss, description), arguments),
      std::move(operands), std::move(entry));
  gradients_[static_cast<std::size_t>(predicted)].push_back(gradient);
  return arguments;
}

int TrainingSteps::gathered_gradient(int index) {
  std::vector<int>& parts = gradients_[static_cast<std::size_t>(index)];
  if (parts.empty()) return -1;
  if (parts.size() == 1) return parts[0];
  const int sum = gradient_buffer(index);
  const std::int64_t elements = graph_[index].shape.elements() * options_.batch;
  Operands operands;
  operands.src = parts;
  operands.dst = sum;
  ProfileEntry entry{
      .name = graph_[index].name, .kind = "sum of gradients", .phase = "backward_data", .implementation = ""};
  entry.operations = elements * (static_cast<std::int64_t>(parts.size()) - 1);
  executor_.add_step(
      executor_.backend().prepare_sum(options_.precision, elements, static_cast<int>(parts.size())),
      std::move(operands), std::move(entry));
  return sum;
}

void TrainingSteps::add_backward() {
  for (int index = static_cast<int>(values_.size()); index-- > 0;) {
    const Node& node = graph_[index];
    if (!wants_gradient_[static_cast<std::size_t>(index)] || std::holds_alternative<Input>(node.layer))
      continue;
    const int diff_dst = gathered_gradient(index);
    if (diff_dst < 0) continue;
    add_backward_weights(index, diff_dst);
    add_backward_data(index, diff_dst);
  }
}

Operands TrainingSteps::backward_operands(int index, int diff_dst) {
  const Node& node = graph_[index];
  const BackwardNeeds needs = backward_needs(node.layer);
  Operands operands = forward_operands(node);
  if (!needs.src) std::ranges::fill(operands.src, -1);
  if (needs.dst) operands.dst = value_buffer(index);
  operands.diff_dst = diff_dst;
  operands.workspace = workspaces_[static_cast<std::size_t>(index)];
  return operands;
}

void TrainingSteps::add_backward_weights(int index, int diff_dst) {
  const Node& node = graph_[index];
  if (!node.trainable || graph_.weights(node).empty()) return;
  Operands operands = backward_operands(index, diff_dst);
  for (const WeightDeclaration& declaration : graph_.weights(node)) {
    operands.diff_weights.push_back(parameters_.diff_weights(declaration.name));
  }
  const NodeRequest wanted = request(node, Direction::backward_weights);
  executor_.add_step(prepare_node(executor_.backend(), wanted), std::move(operands), profile_entry(wanted));
}

void TrainingSteps::add_backward_data(int index, int diff_dst) {
  const Node& node = graph_[index];
  Operands operands = backward_operands(index, diff_dst);
  bool any = false;
  for (int input : node.inputs) {
    const bool wants = wants_gradient_[static_cast<std::size_t>(input)];
    operands.diff_src.push_back(wants ? gradient_buffer(input) : -1);
    if (wants) gradients_[static_cast<std::size_t>(input)].push_back(operands.diff_src.back());
    any = any || wants;
  }
  if (!any) return;
  const NodeRequest wanted = request(node, Direction::backward_data);
  executor_.add_step(prepare_node(executor_.backend(), wanted), std::move(operands), profile_entry(wanted));
}

}  // namespace petal
