#pragma once

#include <filesystem>

#include "trainer/run_folder.h"

namespace petal {

// Writes a run as one HTML page that needs no network: how good the model is, the training curves, the
// confusion matrix, each class, and the photos that it gets wrong with the highest confidence. Their
// thumbnails go to `report_photos/` beside the page. A photo that has gone meanwhile is named without a
// picture. Throws Error(file, failure) where it cannot be written.
void write_report(const std::filesystem::path& file, const RunContents& run);

}  // namespace petal
