#pragma once

#include "io/dataset/drawing/canvas.h"
#include "io/dataset/drawn_flowers.h"

namespace petal::drawing {

// The light that reaches the camera: flowers of one kind on their stems, before a background. Opaque; `size`
// pixels a side.
Canvas draw_scene(FlowerKind kind, Draws& draws, int size);

// What the camera makes of it: exposure, white balance, a soft lens, vignette, tone curve and noise, in sRGB.
Image photograph(Canvas scene, Draws& draws);

}  // namespace petal::drawing
