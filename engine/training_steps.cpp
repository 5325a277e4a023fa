#include "engine/training_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/compiled_node.h"
#include "engine/error.h"
#include "engine/value_types.h"

namespace petal {

LossArguments::LossArguments(std::int64_t samples, std::int64_t classes, const Loss& loss,
                             const std::shared_ptr<const Memory>& memory) {
  const bool sparse = loss.kind == Loss::Kind::sparse_categorical_crossentropy;
  const std::size_t bytes_a_target =
      sparse ? sizeof(std::int32_t) : static_cast<std::size_t>(classes) * sizeof(float);
  const auto count = static_cast<std::size_t>(samples), floats = count * sizeof(float);
  data_ = std::make_shared<Data>(Data{sparse,
                                      classes,
                                      bytes_a_target,
                                      {memory, count * bytes_a_target},
                                      {memory, floats},
                                      {memory, floats},
                                      memory});
}

void LossArguments::set(const TrainingBatch& batch, std::int64_t first, std::int64_t count) {
  const auto begin = static_cast<std::size_t>(first), real = static_cast<std::size_t>(count);
  if (data_->labels) require_classes(static_cast<const std::int32_t*>(batch.targets), first, count);
  std::memcpy(data_->targets.host.writable(),
              static_cast<const std::byte*>(batch.targets) + begin * data_->bytes_a_target,
              real * data_->bytes_a_target);
  // The kernel takes the mean over the step's samples; this makes it a mean over the batch's real ones.
  const Array& array = data_->sample_weights;
  const std::span weights(reinterpret_cast<float*>(array.host.writable()),
                          array.device.size() / sizeof(float));
  const float scale = static_cast<float>(weights.size()) / static_cast<float>(batch.count);
  std::ranges::fill(weights, 0.0f);
  for (std::size_t i = 0; i < real; ++i) {
    weights[i] = scale * (batch.sample_weights.empty() ? 1.0f : batch.sample_weights[begin + i]);
  }
  data_->targets.host.upload();
  data_->sample_weights.host.upload();
}

// On a device nothing else would notice.
void LossArguments::require_classes(const std::int32_t* labels, std::int64_t first,
                                    std::int64_t count) const {
  for (std::int64_t i = first; i < first + count; ++i) {
    if (labels[i] >= 0 && labels[i] < data_->classes) continue;
    throw Error("loss",
                fmt::format("sample {} has the class number {}; the network tells {} classes, 0 to {} apart",
                            i, labels[i], data_->classes, data_->classes - 1));
  }
}

HostMirror LossArguments::mirror_losses() const {
  return {data_->memory, data_->losses.data(), data_->losses.size()};
}

double LossArguments::share_of_mean(const HostMirror& losses) const {
  const std::span values(reinterpret_cast<const float*>(losses.data()), data_->losses.size() / sizeof(float));
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

namespace {

// The loss as a step: src[0] is what it reads, diff_src[0] its gradient.
class LossStep : public Kernel {
 public:
  LossStep(std::unique_ptr<LossKernel> kernel, LossArguments arguments, const LossScale* scale)
      : kernel_(std::move(kernel)), arguments_(std::move(arguments)), scale_(scale) {}
  void run(const Bindings& bindings) override {
    kernel_->run({.predictions = bindings.src[0],
                  .targets = arguments_.targets(),
                  .sample_weights = arguments_.sample_weights(),
                  .scale = scale_,
                  .losses = arguments_.losses(),
                  .diff_predictions = bindings.diff_src[0]});
  }
  std::string implementation() const override { return "loss"; }

 private:
  std::unique_ptr<LossKernel> kernel_;
  LossArguments arguments_;
  const LossScale* scale_;
};

// The last activation, where its gradient and the loss's are one stable formula on the logits.
bool merges_with_loss(const Node& output, const Loss& loss) {
  const auto* activation = std::get_if<Activation>(&output.layer);
  if (activation == nullptr || loss.from_logits) return false;
  return loss.kind == Loss::Kind::binary_crossentropy ? activation->function == ActivationFunction::sigmoid
                                                      : activation->function == ActivationFunction::softmax;
}

}  // namespace

TrainingSteps::TrainingSteps(const TrainingNetwork& network, const TrainingOptions& options,
                             std::int64_t samples, ParameterStore& parameters,
                             std::span<DeviceArray> gradients, Executor& executor)
    : network_(network),
      graph_(network.network.graph),
      options_(options),
      samples_(samples),
      parameters_(parameters),
      parameter_gradients_(gradients),
      executor_(executor),
      types_(value_types(graph_, options.precision)),
      chains_(make_chains()),
      values_(graph_.nodes().size(), -1),
      workspaces_(graph_.nodes().size(), -1),
      gradients_(graph_.nodes().size()) {}

NodeRequest TrainingSteps::request(int index, Direction direction) const {
  const bool constant = network_.constant[static_cast<std::size_t>(index)];
  NodeRequest one{.graph = graph_,
                  .node = graph_[index],
                  .weights = network_.network.weights,
                  .batch = samples_,
                  .mode = constant ? Mode::inference : Mode::training,
                  .precision = options_.precision,
                  .direction = direction,
                  .dst_type = type(index)};
  for (const int input : graph_[index].inputs) one.src_types.push_back(type(input));
  return one;
}

Chains TrainingSteps::make_chains() const {
  // The loss may read what lies before the output.
  std::set<int> kept(graph_.outputs().begin(), graph_.outputs().end());
  for (int output : graph_.outputs()) kept.insert(graph_[output].inputs.begin(), graph_[output].inputs.end());
  return Chains(
      graph_, executor_.backend(), [this](int index) { return request(index, Direction::forward); },
      std::move(kept));
}

std::vector<int> TrainingSteps::nodes_ending_at(int index) {
  const Chains::Chain* chain = chains_.ending_at(index);
  return chain == nullptr ? std::vector<int>{index} : chain->nodes;
}

std::unique_ptr<Kernel> TrainingSteps::prepare(int index, Direction direction) {
  Chains::Chain* chain = chains_.ending_at(index);
  if (chain == nullptr) return prepare_node(executor_.backend(), request(index, direction));
  if (direction == Direction::forward) return std::move(chain->kernel);
  return chains_.prepare(*chain, executor_.backend(), direction);
}

ProfileEntry TrainingSteps::entry(int index, Direction direction) {
  const Chains::Chain* chain = chains_.ending_at(index);
  return chain == nullptr ? profile_entry(request(index, direction)) : chains_.entry(*chain, direction);
}

Operands TrainingSteps::forward_operands(int index) {
  const Chains::Chain* chain = chains_.ending_at(index);
  Operands operands;
  for (int input : chain == nullptr ? graph_[index].inputs : chain->inputs) {
    operands.src.push_back(value_buffer(input));
  }
  if (network_.constant[static_cast<std::size_t>(index)]) return operands;
  for (const int member : nodes_ending_at(index)) {
    for (const WeightDeclaration& declaration : graph_.weights(graph_[member])) {
      operands.weights.push_back(parameters_.operand(declaration.name));
      if (graph_[member].trainable && declaration.role == Role::statistic) {
        operands.statistics.push_back(parameters_.statistic(declaration.name));
      }
    }
  }
  return operands;
}

int TrainingSteps::value_sized_buffer(int index) {
  const auto elements = static_cast<std::size_t>(graph_[index].shape.elements() * samples_);
  return executor_.add_buffer(elements * size_of(type(index)));
}

std::byte* TrainingSteps::gradient(const std::string& weight) {
  const int number = parameters_.number(weight);
  return number < 0 ? nullptr : parameter_gradients_[static_cast<std::size_t>(number)].data();
}

void TrainingSteps::add_forward() {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const int index = static_cast<int>(i);
    if (chains_.is_inside(index)) continue;
    values_[i] = value_sized_buffer(index);
    if (std::holds_alternative<Input>(graph_[index].layer)) continue;
    std::unique_ptr<Kernel> kernel = prepare(index, Direction::forward);
    Operands operands = forward_operands(index);
    operands.dst = values_[i];
    if (kernel->workspace_bytes() > 0) workspaces_[i] = executor_.add_buffer(kernel->workspace_bytes());
    operands.workspace = workspaces_[i];
    executor_.add_step(std::move(kernel), std::move(operands), entry(index, Direction::forward));
  }
}

LossArguments TrainingSteps::add_loss(const LossScale* scale) {
  int predicted = graph_.outputs()[0];
  Loss loss = options_.loss;
  if (merges_with_loss(graph_[predicted], loss)) {
    predicted = graph_[predicted].inputs[0];
    loss.from_logits = true;
  }
  const TensorDescription description{type(predicted), graph_[predicted].shape.with_batch(samples_)};
  LossArguments arguments(samples_, description.shape.back(), loss, executor_.memory());
  const int gradient = value_sized_buffer(predicted);
  Operands operands;
  operands.src = {value_buffer(predicted)};
  operands.diff_src = {gradient};
  ProfileEntry row{
      .name = std::string(to_string(loss.kind)), .kind = "loss", .phase = "loss", .implementation = ""};
  executor_.add_step(
      std::make_unique<LossStep>(executor_.backend().prepare_loss(loss, description), arguments, scale),
      std::move(operands), std::move(row));
  gradients_[static_cast<std::size_t>(predicted)].push_back(gradient);
  return arguments;
}

int TrainingSteps::gathered_gradient(int index) {
  std::vector<int>& parts = gradients_[static_cast<std::size_t>(index)];
  if (parts.empty()) return -1;
  if (parts.size() == 1) return parts[0];
  const int sum = value_sized_buffer(index);
  const std::int64_t elements = graph_[index].shape.elements() * samples_;
  Operands operands;
  operands.src = parts;
  operands.dst = sum;
  ProfileEntry row{
      .name = graph_[index].name, .kind = "sum of gradients", .phase = "backward_data", .implementation = ""};
  const Precision precision = precision_of(type(index));
  row.precision = std::string(to_string(precision));
  row.operations = elements * (static_cast<std::int64_t>(parts.size()) - 1);
  executor_.add_step(executor_.backend().prepare_sum(precision, elements, static_cast<int>(parts.size())),
                     std::move(operands), std::move(row));
  return sum;
}

void TrainingSteps::add_backward() {
  for (int index = static_cast<int>(values_.size()); index-- > 0;) {
    const Node& node = graph_[index];
    if (!network_.wants_gradient[static_cast<std::size_t>(index)] ||
        std::holds_alternative<Input>(node.layer))
      continue;
    const int diff_dst = gathered_gradient(index);
    if (diff_dst < 0) continue;
    add_backward_weights(index, diff_dst);
    add_backward_data(index, diff_dst);
  }
}

Operands TrainingSteps::backward_operands(int index, int diff_dst) {
  const BackwardNeeds needs = backward_needs(graph_[nodes_ending_at(index)[0]].layer);
  const bool chained = chains_.ending_at(index) != nullptr;
  Operands operands = forward_operands(index);
  if (!needs.src) std::ranges::fill(operands.src, -1);
  if (needs.dst && !chained) operands.dst = value_buffer(index);
  operands.diff_dst = diff_dst;
  operands.workspace = workspaces_[static_cast<std::size_t>(index)];
  return operands;
}

void TrainingSteps::add_backward_weights(int index, int diff_dst) {
  Operands operands = backward_operands(index, diff_dst);
  bool any = false;
  for (const int member : nodes_ending_at(index)) {
    any = any || (learns(graph_, graph_[member]) && !graph_.weights(graph_[member]).empty());
    for (const WeightDeclaration& declaration : graph_.weights(graph_[member])) {
      operands.diff_weights.push_back(gradient(declaration.name));
    }
  }
  if (!any) return;
  executor_.add_step(prepare(index, Direction::backward_weights), std::move(operands),
                     entry(index, Direction::backward_weights));
}

void TrainingSteps::add_backward_data(int index, int diff_dst) {
  const Chains::Chain* chain = chains_.ending_at(index);
  Operands operands = backward_operands(index, diff_dst);
  bool any = false;
  for (int input : chain == nullptr ? graph_[index].inputs : chain->inputs) {
    const bool wants = network_.wants_gradient[static_cast<std::size_t>(input)];
    operands.diff_src.push_back(wants ? value_sized_buffer(input) : -1);
    if (wants) gradients_[static_cast<std::size_t>(input)].push_back(operands.diff_src.back());
    any = any || wants;
  }
  if (!any) return;
  executor_.add_step(prepare(index, Direction::backward_data), std::move(operands),
                     entry(index, Direction::backward_data));
}

}  // namespace petal
