#pragma once

#include <CLI/CLI.hpp>

#include "trainer/model_source.h"

namespace petal {

// Declares SOURCE and the options that say more of it.
void add_source_options(CLI::App& app, ModelSource& source);

// open_model, and a warning on standard error where the file does not say what range of pixels it takes.
Model open_for_photos(const ModelSource& source);

}  // namespace petal
