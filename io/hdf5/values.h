#pragma once

#include <span>
#include <string>

#include "io/hdf5/contents.h"

namespace petal {

// The numbers of a dataset as float32, C order, read from the file that is open under this descriptor.
// `values` has as many elements as the dataset. Returns "", or what is wrong with it. What the contents say
// is not trusted: every piece is bounded by its own claims, every chunk must unpack to exactly its size.
std::string read_values(int descriptor, const Hdf5Dataset& dataset, std::span<float> values);

}  // namespace petal
