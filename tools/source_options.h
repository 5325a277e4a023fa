#pragma once

#include <CLI/CLI.hpp>

#include "trainer/model_source.h"

namespace petal {

// Declares SOURCE and the options that say more of it.
void add_source_options(CLI::App& app, ModelSource& source);

}  // namespace petal
