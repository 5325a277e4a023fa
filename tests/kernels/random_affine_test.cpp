#include "tests/kernels/random_affine_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

namespace petal::testing {

TEST_CASE("RandomFlip") {
  check_operation(random_flip_cases());
}
TEST_CASE("RandomRotation") {
  check_operation(random_rotation_cases());
}
TEST_CASE("RandomZoom") {
  check_operation(random_zoom_cases());
}
TEST_CASE("RandomTranslation") {
  check_operation(random_translation_cases());
}
TEST_CASE("RandomCrop") {
  check_operation(random_crop_cases());
}
TEST_CASE("RandomAffine") {
  check_operation(random_affine_cases());
}

}  // namespace petal::testing
