#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/backend.h"
#include "kernels/cpu/constant_arrays.h"
#include "kernels/cpu/onednn_version.h"

namespace petal::cpu {

// Where kernels run. One a backend, which outlives the kernels.
struct Device {
  dnnl::engine engine;
  dnnl::stream stream;
  int threads = 1;
  std::shared_ptr<ConstantArrays> constants;  // also the other cores' of the backend that this is one core of
};

// Whether the processor has these, and oneDNN may use them.
bool has_instructions(dnnl::cpu_isa set);

// Whether a vendor's name for an implementation is that of plain loops, up to thousands of times slower.
bool is_reference(const std::string& implementation);

[[noreturn]] void throw_onednn(const std::string& where, const char* expression, const dnnl::error& error);

// Evaluates an expression of oneDNN's; what it throws becomes Error(failure) with `where` (a node) and the
// expression.
#define PETAL_ONEDNN(where, ...)                                \
  [&]() -> decltype(auto) {                                     \
    try {                                                       \
      return __VA_ARGS__;                                       \
    } catch (const dnnl::error& error) {                        \
      ::petal::cpu::throw_onednn((where), #__VA_ARGS__, error); \
    }                                                           \
  }()

// "Conv2D 'block_3_expand'": what the errors of a node's kernels begin with.
std::string where(const Node& node);

// Attributes with these post-ops and the scratchpad in our hands.
dnnl::primitive_attr attributes(const dnnl::post_ops& operations = {});

// Float32 or bfloat16.
dnnl::memory::data_type onednn_type(DataType type);

// Dense descriptors, of float32 where no type is given. An image tensor (N, H, W, C) is (N, C, H, W) to
// oneDNN, with C innermost in memory.
Descriptor image(const Shape& shape, DataType type = DataType::f32);
Descriptor vector(std::int64_t elements);
Descriptor matrix(std::int64_t rows, std::int64_t columns, DataType type = DataType::f32);
// Element (r, c) at c * rows + r.
Descriptor transposed_matrix(std::int64_t rows, std::int64_t columns, DataType type = DataType::f32);

// Hands out parts of a kernel's scratch, each on a cache line of its own.
class ScratchLayout {
 public:
  std::size_t add(std::size_t bytes) {
    const std::size_t offset = bytes_;
    bytes_ += (bytes + Buffer::alignment - 1) / Buffer::alignment * Buffer::alignment;
    return offset;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

// A primitive with its arguments laid out once: a run sets pointers and executes, and makes nothing.
class Step {
 public:
  using Arguments = std::vector<std::pair<int, Descriptor>>;  // DNNL_ARG_SRC, ... and what lies there

  Step() = default;
  Step(Step&&) noexcept = default;
  Step& operator=(Step&&) noexcept = default;
  // Takes its scratchpad out of `scratch`.
  template <class PrimitiveDescriptor>
  Step(const Device& device, const std::string& where, const PrimitiveDescriptor& descriptor,
       const Arguments& arguments, ScratchLayout& scratch)
      : Step(device, where, PETAL_ONEDNN(where, dnnl::primitive(descriptor.get())),
             descriptor.impl_info_str(), descriptor.scratchpad_desc(), arguments, scratch) {}

  void bind(int argument, const void* data);
  // `scratch` is the kernel's. Throws Error(failure).
  void run(std::byte* scratch);
  const std::string& implementation() const { return implementation_; }

 private:
  Step(const Device& device, const std::string& where, dnnl::primitive primitive, const char* implementation,
       const Descriptor& scratchpad, const Arguments& arguments, ScratchLayout& scratch);

  std::string where_, implementation_;
  dnnl::primitive primitive_;
  dnnl::stream stream_;
  std::vector<dnnl::memory> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;  // in order of memories_
  std::vector<const void*> bound_;          // likewise
  std::size_t scratchpad_ = 0;              // its offset
  bool has_scratchpad_ = false;
};

}  // namespace petal::cpu
