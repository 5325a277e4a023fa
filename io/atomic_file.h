#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace petal {

// Writes a file beside its place ("FILE.part") and renames it over: a reader never sees half a file, and a
// failure leaves what was there. `write` gets the path to write to. Throws Error(file, failure) with the
// system's reason (disk full, permission); the part file is removed.
void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path&)>& write);

// The same for text or bytes already at hand.
void write_atomically(const std::filesystem::path& file, std::string_view content);

}  // namespace petal
