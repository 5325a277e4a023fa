#include "kernels/cpu/onednn.h"

#include <fmt/format.h>

#include "engine/error.h"

namespace petal::cpu {

bool has_instructions(dnnl::cpu_isa set) {
  // Each set holds those before it, also in the bits of its number.
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return (isa & static_cast<unsigned>(set)) == static_cast<unsigned>(set);
}

bool is_reference(const std::string& implementation) {
  return implementation.empty() || implementation.starts_with("ref") || implementation.starts_with("simple");
}

void throw_onednn(const std::string& where, const char* expression, const dnnl::error& error) {
  throw Error(where,
              fmt::format("oneDNN failed with status {} ({}) in `{}`", static_cast<int>(error.status),
                          error.what(), expression),
              ErrorKind::failure);
}

std::string where(const Node& node) {
  return fmt::format("{} '{}'", kind(node.layer), node.name);
}

dnnl::primitive_attr attributes(const dnnl::post_ops& operations) {
  dnnl::primitive_attr result;
  result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  result.set_post_ops(operations);
  return result;
}

dnnl::memory::data_type onednn_type(DataType type) {
  return type == DataType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

Descriptor image(const Shape& shape, DataType type) {
  return Descriptor({shape[0], shape[3], shape[1], shape[2]}, onednn_type(type),
                    dnnl::memory::format_tag::nhwc);
}

Descriptor vector(std::int64_t elements) {
  return Descriptor({elements}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
}

Descriptor matrix(std::int64_t rows, std::int64_t columns, DataType type) {
  return Descriptor({rows, columns}, onednn_type(type), dnnl::memory::format_tag::ab);
}

Descriptor transposed_matrix(std::int64_t rows, std::int64_t columns, DataType type) {
  return Descriptor({rows, columns}, onednn_type(type), dnnl::memory::format_tag::ba);
}

Step::Step(const Device& device, const std::string& where, dnnl::primitive primitive,
           const char* implementation, const Descriptor& scratchpad, const Arguments& arguments,
           ScratchLayout& scratch)
    : where_(where),
      implementation_(implementation),
      primitive_(std::move(primitive)),
      stream_(device.stream) {
  const auto add = [&](int argument, const Descriptor& descriptor) {
    memories_.push_back(PETAL_ONEDNN(where_, dnnl::memory(descriptor, device.engine, DNNL_MEMORY_NONE)));
    arguments_.push_back({argument, memories_.back().get()});
    bound_.push_back(nullptr);
  };
  for (const auto& [argument, descriptor] : arguments) add(argument, descriptor);
  has_scratchpad_ = scratchpad.get_size() > 0;
  if (has_scratchpad_) {
    add(DNNL_ARG_SCRATCHPAD, scratchpad);
    scratchpad_ = scratch.add(scratchpad.get_size());
  }
}

void Step::bind(int argument, const void* data) {
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i].arg != argument) continue;
    // Setting what is set would zero the padding of a blocked layout anew.
    if (bound_[i] == data) return;
    bound_[i] = data;
    PETAL_ONEDNN(where_, memories_[i].set_data_handle(const_cast<void*>(data)));
    return;
  }
}

void Step::run(std::byte* scratch) {
  if (has_scratchpad_) bind(DNNL_ARG_SCRATCHPAD, scratch + scratchpad_);
  // The C interface: the C++ one would build a hash map of the arguments at each run.
  PETAL_ONEDNN(where_, dnnl::error::wrap_c_api(
                           dnnl_primitive_execute(primitive_.get(), stream_.get(),
                                                  static_cast<int>(arguments_.size()), arguments_.data()),
                           "could not execute a primitive"));
}

}  // namespace petal::cpu
