#include "engine/shape.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "engine/tensor.h"

using namespace petal;

TEST_CASE("shapes print as Keras prints them, count and compare") {
  CHECK(Shape{}.to_string() == "()");
  CHECK(Shape{5}.to_string() == "(5,)");
  CHECK(Shape{224, 224, 3}.to_string() == "(224, 224, 3)");
  CHECK(Shape{}.elements() == 1);
  CHECK(Shape{2, 0, 3}.elements() == 0);
  CHECK(Shape{4, 3}.with_batch(2) == Shape{2, 4, 3});
  CHECK(Shape{2, 4, 3}.without_batch() == Shape{4, 3});
  CHECK(Shape{2, 3} != Shape{2, 3, 1});
  CHECK_THROWS_AS(Shape({1, -1}), Error);
  CHECK_THROWS_AS(Shape({1, 1, 1, 1, 1, 1, 1}), Error);
}

TEST_CASE("tensors start at zero, are aligned, copy deeply and know their type") {
  Tensor a(Shape{3, 5});
  CHECK(reinterpret_cast<std::uintptr_t>(a.bytes()) % Buffer::alignment == 0);
  for (float value : a.values()) CHECK(value == 0.0f);
  Tensor b = a;
  b.values()[0] = 1.0f;
  CHECK(a.values()[0] == 0.0f);
  a = b;
  CHECK(a.values()[0] == 1.0f);
  CHECK_THROWS_WITH_AS(a.values<double>(), "tensor (3, 5): is read as float64 but holds float32", Error);
  CHECK(Tensor().elements() == 0);
}
