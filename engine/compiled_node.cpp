#include "engine/compiled_node.h"

#include <xxhash.h>

namespace petal {

std::uint32_t random_layer(const Node& node) {
  return static_cast<std::uint32_t>(XXH3_64bits(node.name.data(), node.name.size())) & 0xFFFFFFu;
}

PrepareContext prepare_context(const NodeRequest& request) {
  const Node& node = request.node;
  const DataType type = request.dst_type.value_or(data_type(request.precision));
  PrepareContext context{.node = node,
                         .direction = request.direction,
                         .mode = request.mode,
                         .precision = request.precision,
                         .src = {},
                         .dst = {type, node.shape.with_batch(request.batch)},
                         .weights = {},
                         .constant_weights = request.mode == Mode::inference,
                         .layer = random_layer(node)};
  for (const Shape& shape : request.graph.input_shapes(node)) {
    context.src.push_back({request.src_type(context.src.size()), shape.with_batch(request.batch)});
  }
  for (const WeightDeclaration& declaration : request.graph.weights(node)) {
    context.weights.push_back(&request.weights.at(declaration.name));
  }
  return context;
}

std::unique_ptr<Kernel> prepare_node(const Backend& backend, const NodeRequest& request) {
  const Support support = backend.supports(request.node, request.precision, request.direction);
  if (!support.supported)
    throw_unsupported(backend, request.node, request.precision, request.direction, support.reason);
  return backend.prepare(prepare_context(request));
}

namespace {

// A plan in bf16 or f16 has nodes all of whose arrays are float32.
std::string_view precision_of(const NodeRequest& request, std::size_t inputs) {
  bool is_float = request.dst_type.value_or(data_type(request.precision)) == DataType::f32;
  for (std::size_t i = 0; i < inputs; ++i) is_float = is_float && request.src_type(i) == DataType::f32;
  return to_string(is_float ? Precision::f32 : request.precision);
}

}  // namespace

ProfileEntry profile_entry(const NodeRequest& request) {
  const Node& node = request.node;
  const std::vector<Shape> src = request.graph.input_shapes(node);
  const auto bytes = [](const Shape& shape, DataType type) {
    return shape.elements() * static_cast<std::int64_t>(size_of(type));
  };
  const DataType type = data_type(request.precision);
  std::int64_t moved = bytes(node.shape, request.dst_type.value_or(type)) * request.batch;
  for (std::size_t i = 0; i < src.size(); ++i) moved += bytes(src[i], request.src_type(i)) * request.batch;
  for (const WeightDeclaration& declaration : declare_weights(node.layer, src))
    moved += bytes(declaration.shape, type);
  return {.name = node.name,
          .kind = std::string(kind(node.layer)),
          .phase = std::string(to_string(request.direction)),
          .implementation = "",
          .precision = std::string(precision_of(request, src.size())),
          .operations = operations(node.layer, src) * request.batch,
          .bytes = moved};
}

}  // namespace petal
