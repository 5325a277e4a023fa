#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/passes/passes.h"
#include "io/dataset/image_folder.h"
#include "tests/temporary_folder.h"
#include "trainer/backend_factory.h"

namespace petal::test {

// Backends for tests: the naive one, whatever the threads, and the product's own.
BackendFactory reference_backends();
BackendFactory cpu_backends();

// Photos (size, size, 3) -> rescaling -> convolution, frozen -> pooling -> softmax over `classes`; weights
// from the seed.
Network toy_classifier(std::int64_t size = 12, std::int64_t classes = 3, std::uint64_t seed = 1);

// Writes a JPEG of one colour with a little noise from `variant`, folders with it.
void write_photo(const std::filesystem::path& file, std::array<int, 3> colour, int variant);
// ROOT/red, ROOT/green, ROOT/blue with `each` photos of that colour.
void write_colours(const std::filesystem::path& root, int each);
void write_text(const std::filesystem::path& file, const std::string& text);
std::string read_text(const std::filesystem::path& file);

// The message of the Error that `call` must end in; fails the test where it ends otherwise.
std::string error_of(const std::function<void()>& call);

// 0 .. count - 1.
std::vector<std::int64_t> indexes(std::int64_t count);

}  // namespace petal::test
