#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline Case photo_case(std::string name, Layer layer, Shape photo) {
  return {
      .name = std::move(name), .layer = std::move(layer), .src = {photo}, .batch = 3, .mode = Mode::training};
}

inline std::vector<Case> random_flip_cases() {
  return {photo_case("horizontal", RandomFlip{RandomFlip::Mode::horizontal}, {5, 7, 3}),
          photo_case("vertical", RandomFlip{RandomFlip::Mode::vertical}, {4, 3, 1}),
          photo_case("both", RandomFlip{}, {1, 6, 5}),
          {.name = "frozen",
           .layer = RandomFlip{},
           .src = {{3, 3, 3}},
           .batch = 3,
           .mode = Mode::training,
           .trainable = false},
          {"inference", RandomFlip{}, {{3, 4, 3}}, 3}};
}

inline std::vector<Case> random_rotation_cases() {
  const Range far = Range::around_zero(1);
  const auto constant = FillMode::constant, wrap = FillMode::wrap, nearest = FillMode::nearest;
  const auto to_nearest = Interpolation::nearest;
  return {
      photo_case("reflect", RandomRotation{.factor = far}, {37, 41, 3}),
      photo_case("reflect, grey", RandomRotation{.factor = far}, {20, 13, 1}),
      photo_case("reflect, four channels", RandomRotation{.factor = far}, {12, 33, 4}),
      photo_case("wrap", RandomRotation{.factor = far, .fill_mode = wrap}, {21, 34, 3}),
      photo_case("constant", RandomRotation{.factor = far, .fill_mode = constant, .fill_value = 0.7f},
                 {35, 70, 3}),
      photo_case("nearest pixel beyond", RandomRotation{.factor = far, .fill_mode = nearest}, {33, 9, 3}),
      photo_case("to the nearest", RandomRotation{.factor = far, .interpolation = to_nearest}, {19, 22, 3}),
      photo_case("to the nearest, constant",
                 RandomRotation{.factor = far, .fill_mode = constant, .interpolation = to_nearest},
                 {19, 22, 2}),
      photo_case("a row", RandomRotation{.factor = far}, {1, 9, 3}),
      photo_case("a column, constant", RandomRotation{.factor = far, .fill_mode = constant}, {8, 1, 3}),
      photo_case("a column, wrapped", RandomRotation{.factor = far, .fill_mode = wrap}, {8, 1, 3}),
      photo_case("a pixel", RandomRotation{.factor = far, .fill_mode = wrap}, {1, 1, 3}),
      photo_case("two by two", RandomRotation{.factor = far}, {2, 2, 3}),
      {"inference", RandomRotation{.factor = far}, {{5, 4, 3}}, 3}};
}

inline std::vector<Case> random_zoom_cases() {
  return {
      photo_case("in", RandomZoom{.height_factor = {-0.9f, -0.2f}}, {11, 40, 3}),
      photo_case("out", RandomZoom{.height_factor = {0.3f, 1}}, {40, 11, 3}),
      photo_case("either way, each side its own",
                 RandomZoom{.height_factor = {-0.5f, 0.5f}, .width_factor = Range{-0.5f, 0.9f}}, {17, 19, 3}),
      photo_case("none", RandomZoom{}, {9, 8, 3}),
      {"inference", RandomZoom{.height_factor = {0.5f, 0.5f}}, {{5, 4, 3}}, 3}};
}

inline std::vector<Case> random_translation_cases() {
  const Range all = Range::around_zero(1);
  return {
      photo_case("reflect", RandomTranslation{.height_factor = all, .width_factor = all}, {34, 20, 3}),
      photo_case("wrap",
                 RandomTranslation{.height_factor = all, .width_factor = all, .fill_mode = FillMode::wrap},
                 {7, 5, 3}),
      photo_case("constant", RandomTranslation{.height_factor = all, .fill_mode = FillMode::constant},
                 {13, 50, 3}),
      {"inference", RandomTranslation{.height_factor = all}, {{5, 4, 3}}, 3}};
}

inline std::vector<Case> random_crop_cases() {
  const RandomCrop window{.height = 6, .width = 4};
  return {photo_case("larger", window, {15, 11, 3}),
          photo_case("of the same height", window, {6, 9, 3}),
          photo_case("smaller", window, {3, 2, 3}),
          photo_case("of the same size", window, {6, 4, 1}),
          {"inference, wider", window, {{5, 20, 3}}, 3},
          {"inference, higher", window, {{31, 7, 3}}, 2},
          {"inference, of the same size", window, {{6, 4, 2}}, 2}};
}

inline std::vector<Case> random_affine_cases() {
  const RandomAffine::Part flip{RandomFlip{}, 11}, turn{RandomRotation{.factor = {-0.2f, 0.2f}}, 12},
      zoom{RandomZoom{.height_factor = {-0.1f, 0.3f}}, 13},
      move{RandomTranslation{.height_factor = {-0.2f, 0.2f}, .width_factor = {-0.2f, 0.2f}}, 14},
      crop{RandomCrop{.height = 9, .width = 21}, 15};
  const Sampling wrapped{.fill_mode = FillMode::wrap};
  return {photo_case("four parts", RandomAffine{.parts = {flip, turn, zoom, move}}, {25, 40, 3}),
          photo_case("and a crop", RandomAffine{.parts = {turn, crop, flip}}, {25, 40, 3}),
          photo_case("wrapped", RandomAffine{.parts = {move, zoom}, .sampling = wrapped}, {9, 14, 3}),
          {"inference", RandomAffine{.parts = {flip, turn}}, {{9, 14, 3}}, 2},
          {"inference with a crop", RandomAffine{.parts = {flip, turn, crop}}, {{25, 40, 3}}, 2}};
}

}  // namespace petal::testing
