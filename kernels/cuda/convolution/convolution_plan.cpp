#include "kernels/cuda/convolution/convolution_plan.h"

#include <algorithm>
#include <array>
#include <optional>

namespace petal::cuda {
namespace {

cudnnDataType_t cudnn_type(DataType type) {
  return type == DataType::bf16  ? CUDNN_DATA_BFLOAT16
         : type == DataType::f16 ? CUDNN_DATA_HALF
                                 : CUDNN_DATA_FLOAT;
}

using Dimensions = std::array<std::int64_t, 4>;

// (batch, channels, rows, columns) in cuDNN's order, channels innermost in memory. `is_virtual`: it lies
// between two operations of a graph and nowhere else.
Descriptor tensor(std::int64_t number, Dimensions dims, DataType type, bool is_virtual = false) {
  const Dimensions strides = {dims[1] * dims[2] * dims[3], 1, dims[1] * dims[3], dims[1]};
  Descriptor descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  descriptor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, {cudnn_type(type)})
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, std::span<const std::int64_t>(dims))
      .set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, std::span<const std::int64_t>(strides))
      .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, {number})
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, {std::int64_t{16}})
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, {is_virtual})
      .finalize();
  return descriptor;
}

Descriptor tensor(ConvolutionArray number, Dimensions dims, DataType type) {
  return tensor(static_cast<std::int64_t>(number), dims, type);
}

Dimensions dimensions(const Image& image) {
  return {image.batch, image.channels, image.height, image.width};
}

Descriptor image(ConvolutionArray number, const Image& shape, DataType type) {
  return tensor(number, dimensions(shape), type);
}

Descriptor window(const Window& window) {
  using Pair = std::initializer_list<std::int64_t>;
  Descriptor descriptor(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  const auto set = [&](cudnnBackendAttributeName_t name, Pair values) {
    descriptor.set(name, CUDNN_TYPE_INT64, values);
  };
  descriptor.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, {CUDNN_DATA_FLOAT})
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, {CUDNN_CROSS_CORRELATION});
  set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, {2});
  set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {window.padding.top, window.padding.left});
  set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {window.padding.bottom, window.padding.right});
  set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {window.strides.height, window.strides.width});
  set(CUDNN_ATTR_CONVOLUTION_DILATIONS, {window.dilation.height, window.dilation.width});
  descriptor.finalize();
  return descriptor;
}

// The names of an operation's attributes.
struct OperationNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t window, src, kernel, dst, alpha, beta;
};

OperationNames names_of(Direction direction) {
  switch (direction) {
    case Direction::backward_data:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case Direction::backward_weights:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
    case Direction::forward:
      break;
  }
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
}

// The types of an operation's arrays.
struct ConvolutionTypes {
  DataType images, kernel;
};

// A convolution and what is fused behind it, one behind the other: each result but the last is float32 and
// lies nowhere in memory.
class Operations {
 public:
  Operations(const ConvolutionGeometry& g, const ConvolutionTypes& types, const Fusion& fusion)
      : geometry_(g),
        types_(types),
        left_(int{fusion.residual} + int{fusion.bias} + int{fusion.relu}),
        result_(next_result()) {}

  // Of the operation that is to be added.
  const Descriptor& result() const { return result_; }
  // False where cuDNN does not take it.
  bool add(Descriptor operation) {
    operations_.push_back(std::move(operation));
    return operations_.back().try_finalize();
  }
  bool add_fusion(const Fusion& fusion) {
    const Dimensions channels = {1, geometry_.dst.channels, 1, 1};
    const auto add_array = [&](ConvolutionArray number, const Dimensions& dims) {
      const Descriptor array = tensor(number, dims, types_.images);
      return add_pointwise(CUDNN_POINTWISE_ADD, &array);
    };
    return (!fusion.residual || add_array(ConvolutionArray::residual, dimensions(geometry_.dst))) &&
           (!fusion.bias || add_array(ConvolutionArray::bias, channels)) &&
           (!fusion.relu || add_pointwise(CUDNN_POINTWISE_RELU_FWD, nullptr));
  }
  std::vector<cudnnBackendDescriptor_t> pointers() const {
    std::vector<cudnnBackendDescriptor_t> pointers;
    for (const Descriptor& operation : operations_) pointers.push_back(operation.get());
    return pointers;
  }

 private:
  Descriptor next_result() const {
    if (left_ == 0) return image(ConvolutionArray::dst, geometry_.dst, types_.images);
    constexpr std::int64_t first_virtual = 100;
    return tensor(first_virtual + left_, dimensions(geometry_.dst), DataType::f32, true);
  }
  // Of the last result, with `other` where that is given.
  bool add_pointwise(cudnnPointwiseMode_t mode, const Descriptor* other) {
    Descriptor pointwise(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    pointwise.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, {mode})
        .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, {CUDNN_DATA_FLOAT})
        .finalize();
    const Descriptor before = result_;
    --left_;
    result_ = next_result();
    Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, before)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, result_);
    if (other) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *other);
    return add(std::move(operation));
  }

  const ConvolutionGeometry& geometry_;
  ConvolutionTypes types_;
  int left_;
  Descriptor result_;
  std::vector<Descriptor> operations_;
};

// None where cuDNN does not know such a graph.
std::optional<Descriptor> graph_of(const PlanTarget& target, const ConvolutionGeometry& g,
                                   Direction direction, const ConvolutionTypes& types, const Fusion& fusion) {
  const OperationNames names = names_of(direction);
  Operations operations(g, types, fusion);
  Descriptor operation(names.type);
  operation.set(names.window, window(g.window))
      .set(names.src, image(ConvolutionArray::src, g.src, types.images))
      .set(names.kernel,
           tensor(ConvolutionArray::kernel,
                  {g.dst.channels, g.group_channels(), g.window.kernel.height, g.window.kernel.width},
                  types.kernel))
      .set(names.dst, operations.result())
      .set(names.alpha, CUDNN_TYPE_FLOAT, {1.0f})
      .set(names.beta, CUDNN_TYPE_FLOAT, {0.0f});
  if (!operations.add(std::move(operation)) || !operations.add_fusion(fusion)) return {};
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  const std::vector<cudnnBackendDescriptor_t> pointers = operations.pointers();
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
            std::span<const cudnnBackendDescriptor_t>(pointers));
  if (target.handle) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, {target.handle});
  if (!graph.try_finalize()) return {};
  return graph;
}

std::optional<Descriptor> properties_of(const PlanTarget& target) {
  if (target.handle) return {};
  Descriptor properties(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  properties
      .set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
           std::span<const char>(target.properties))
      .finalize();
  return properties;
}

// cuDNN's suggestions in one of its modes, the best first; none where it has nothing to say.
std::vector<Descriptor> suggestions(const Descriptor& graph, const std::optional<Descriptor>& properties,
                                    cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
      .set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, {mode});
  if (properties) heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *properties);
  if (!heuristics.try_finalize()) return {};
  constexpr std::size_t most = 64;
  std::vector<Descriptor> configurations;
  std::vector<cudnnBackendDescriptor_t> pointers;
  for (std::size_t i = 0; i < most; ++i) {
    pointers.push_back(configurations.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).get());
  }
  const std::int64_t count = heuristics.read(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                             std::span<cudnnBackendDescriptor_t>(pointers));
  configurations.erase(configurations.begin() + std::clamp<std::int64_t>(count, 0, most),
                       configurations.end());
  return configurations;
}

Descriptor engine_of(const Descriptor& configuration) {
  Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t pointer = engine.get();
  configuration.read(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                     std::span<cudnnBackendDescriptor_t>(&pointer, 1));
  return engine;
}

// What the engine of a configuration does with numbers.
CudaEngine facts_of(const Descriptor& engine) {
  std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes{};
  const std::int64_t count = engine.read(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                         std::span<cudnnBackendNumericalNote_t>(notes));
  const auto has = [&](cudnnBackendNumericalNote_t note) {
    return std::find(notes.begin(), notes.begin() + count, note) != notes.begin() + count;
  };
  const bool rounds = has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE) || has(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
  // Their tiles cost more digits than its tests have.
  const bool transforms = has(CUDNN_NUMERICAL_NOTE_WINOGRAD) || has(CUDNN_NUMERICAL_NOTE_FFT);
  std::int64_t number = 0;
  engine.read(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, std::span<std::int64_t>(&number, 1));
  return {.name = "cudnn engine " + std::to_string(number),
          .rounds_products = rounds,
          .approximates = transforms || has(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION),
          .deterministic = !has(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)};
}

// Products of halves are exact in float32, on tensor cores too.
bool is_allowed(const CudaEngine& engine, DataType type, const Exactness& exactness) {
  const bool may_round = type != DataType::f32 || exactness.tensor_float32;
  const bool may_approximate = type == DataType::f32 && exactness.tensor_float32;
  return (may_round || !engine.rounds_products) && (may_approximate || !engine.approximates) &&
         (engine.deterministic || !exactness.deterministic);
}

std::optional<ConvolutionPlan> plan_with(const PlanTarget& target,
                                         const std::optional<Descriptor>& properties,
                                         const Descriptor& configuration, CudaEngine engine,
                                         DataType kernel_type) {
  Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
  if (properties)
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *properties);
  else
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, {target.handle});
  if (!plan.try_finalize()) return {};
  std::int64_t bytes = 0;
  plan.read(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, std::span<std::int64_t>(&bytes, 1));
  engine.workspace_bytes = static_cast<std::size_t>(bytes);
  return ConvolutionPlan{plan, std::move(engine), kernel_type};
}

std::vector<ConvolutionPlan> plan_typed(const PlanTarget& target, const ConvolutionGeometry& geometry,
                                        Direction direction, const ConvolutionTypes& types,
                                        const Exactness& exactness, std::size_t most, const Fusion& fusion) {
  std::vector<ConvolutionPlan> plans;
  const std::optional<Descriptor> graph = graph_of(target, geometry, direction, types, fusion);
  if (!graph) return plans;
  const std::optional<Descriptor> properties = properties_of(target);
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    for (const Descriptor& configuration : suggestions(*graph, properties, mode)) {
      if (plans.size() == most) return plans;
      const CudaEngine engine = facts_of(engine_of(configuration));
      if (!is_allowed(engine, types.images, exactness)) continue;
      if (auto plan = plan_with(target, properties, configuration, engine, types.kernel)) {
        plan->fusion = fusion;
        plan->engine.is_fused = fusion.any();
        plan->engine.kernel_type = types.kernel;
        plans.push_back(std::move(*plan));
      }
    }
  }
  return plans;
}

}  // namespace

std::vector<ConvolutionPlan> plan_convolution(const PlanTarget& target, const ConvolutionGeometry& geometry,
                                              Direction direction, DataType type, const Exactness& exactness,
                                              std::size_t most, const Fusion& fusion) {
  const auto plan = [&](const ConvolutionTypes& types, const Fusion& fused) {
    return plan_typed(target, geometry, direction, types, exactness, most, fused);
  };
  std::vector<ConvolutionPlan> plans;
  if (direction == Direction::backward_weights && type != DataType::f32)
    plans = plan({type, DataType::f32}, {});
  if (direction == Direction::forward && fusion.any()) plans = plan({type, type}, fusion);
  return plans.empty() ? plan({type, type}, {}) : plans;
}

}  // namespace petal::cuda
