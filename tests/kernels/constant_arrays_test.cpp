#include "kernels/cpu/constant_arrays.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <algorithm>

#include "kernels/cpu/backend.h"
#include "tests/kernels/case.h"

namespace petal::testing {
namespace {

using cpu::ConstantArrays;

Buffer filled(std::size_t bytes, int value) {
  Buffer buffer(bytes);
  std::fill_n(buffer.data(), bytes, static_cast<std::byte>(value));
  return buffer;
}

std::size_t bytes_in_use() {
  const struct mallinfo2 memory = mallinfo2();
  return memory.uordblks + memory.hblkhd;
}

std::unique_ptr<Kernel> prepare(const Backend& backend, const Case& item, std::span<const Tensor> weights) {
  const Node node = node_of(item);
  PrepareContext context{.node = node,
                         .src = {{DataType::f32, item.src[0].with_batch(1)}},
                         .dst = {DataType::f32, node.shape.with_batch(1)},
                         .weights = {},
                         .constant_weights = true};
  for (const Tensor& tensor : weights) context.weights.push_back(&tensor);
  return backend.prepare(context);
}

}  // namespace

TEST_CASE("equal arrays are kept once, as long as anybody holds them") {
  ConstantArrays arrays;
  const ConstantArrays::Array first = arrays.keep(filled(64, 1));
  CHECK(arrays.keep(filled(64, 1)) == first);
  CHECK(arrays.keep(filled(64, 2)) != first);
  CHECK(arrays.keep(filled(128, 1)) != first);
  Buffer differs_at_its_end = filled(64, 1);
  differs_at_its_end.data()[63] = std::byte{0};
  CHECK(arrays.keep(std::move(differs_at_its_end)) != first);

  ConstantArrays::Array released = arrays.keep(filled(64, 3));
  const std::weak_ptr<const Buffer> watched = released;
  released.reset();
  CHECK(watched.expired());
  CHECK(*arrays.keep(filled(64, 3))->data() == std::byte{3});
}

TEST_CASE("cpu: the cores of a backend hold constant weights once") {
  if (bytes_in_use() == 0) {
    MESSAGE("skipped: this build's allocator does not count");
    return;
  }
  constexpr std::size_t megabyte = std::size_t{1} << 20;
  for (const Case& item :
       {Case{.name = "own product", .layer = Conv2D{.filters = 1024}, .src = {{2, 2, 1024}}},
        Case{.name = "oneDNN's", .layer = Dense{.units = 1020}, .src = {{1030}}}}) {
    CAPTURE(item.name);
    std::vector<Tensor> weights;
    for (const WeightDeclaration& declaration : weights_of(item)) weights.emplace_back(declaration.shape);
    const auto backend = make_cpu_backend(2);
    const auto one = backend->for_one_core(), other = backend->for_one_core();
    const auto kernel = prepare(*one, item, weights);
    const std::size_t before = bytes_in_use();
    const auto same = prepare(*other, item, weights);
    CHECK(bytes_in_use() < before + megabyte);
    weights[0].values()[0] = 1;
    const auto of_other_weights = prepare(*other, item, weights);
    CHECK(bytes_in_use() > before + 4 * megabyte);
  }
}

}  // namespace petal::testing
