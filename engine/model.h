#pragma once

#include <string>
#include <vector>

#include "engine/passes/passes.h"

namespace petal {

// What a trained classifier is: everything that a prediction needs travels in it. The graph takes photos as
// (H, W, 3) RGB in 0..255 (its first nodes are the preprocessing) and gives probabilities (classes).
struct Model {
  Network network;
  std::vector<std::string> labels;     // one a class; empty where unknown
  std::string architecture;            // the registry's name of the base, "" where unknown
  bool apply_exif_orientation = true;  // how its photos were decoded
  bool fast_decode = false;            // JPEGs at a fraction of their size, where that is enough
  // False for a stranger's file that does not say what range of pixels it takes: it has no preprocessing in
  // it that would tell.
  bool takes_photos = true;
};

}  // namespace petal
