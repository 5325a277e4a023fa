#pragma once

#include <filesystem>

#include "engine/model.h"

namespace petal {

// Writes the model for inference as ONNX (IR 8, opset 17), atomically. Inputs and outputs are the graph's,
// under their names, float32 with a symbolic batch N and channels last: photos (N, H, W, 3) in 0..255 go in,
// what Petal's own inference gives comes out; preprocessing is part of it, and what training alone needs is
// not. A layer's value has the layer's name, a weight that of Petal ("Conv1/kernel"), in ONNX's order.
//
// The model's metadata_props: `labels` (a JSON list, in order of the output), `architecture`, `image_size` (a
// JSON list, height and width in pixels), `apply_exif_orientation` and `fast_decode` ("true" or "false":
// how photos were decoded), and ONNX's own Image.BitmapPixelFormat and Image.NominalPixelRange. What is not
// known is left out.
//
// Throws Error that names layer and class for a layer which has no words here; Error(file) where a weight is
// missing, a label is not UTF-8 or the model is beyond ONNX's 2 GB; Error(failure) where it cannot write, and
// leaves what was there.
void save_onnx(const std::filesystem::path& file, const Model& model);

}  // namespace petal
