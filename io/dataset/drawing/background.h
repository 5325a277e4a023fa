#pragma once

#include "io/dataset/drawing/canvas.h"

namespace petal::drawing {

// What lies behind a flower, far out of focus: meadow, sky, soil, shade, a bed of other flowers or a wall, in
// full light. Opaque; `size` pixels a side.
Canvas draw_background(Draws& draws, int size);

}  // namespace petal::drawing
