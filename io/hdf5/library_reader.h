#pragma once

// The part of reading that asks the library. The library (1.10.8) crashes, loops or reads freed memory on
// some damaged files, so this runs in a guarded process (io/guarded_process.h) and nowhere else.
#include <cstdint>
#include <string>

#include "io/hdf5/contents.h"
#include "io/hdf5/handle.h"

namespace petal {

// Thrown here for what is damaged or refused; it becomes the `fault` of the smallest thing that it spoils.
struct Hdf5Fault {
  std::string what;
};

// How much of a file is wanted.
enum class Hdf5Extent { root_attributes, everything };

// Reads the file that is open under this descriptor. Links are followed only inside the file (hard links),
// groups at most 32 deep; what a file claims is checked against its size before memory is taken.
Hdf5Contents read_with_library(int descriptor, std::uint64_t file_bytes, Hdf5Extent extent);

// One open dataset: what it is and where its numbers lie, all of them in the file's own bytes, plain or
// through gzip, shuffle and fletcher32. Throws Hdf5Fault.
Hdf5Dataset examine_dataset(hid_t dataset, std::uint64_t file_bytes);

}  // namespace petal
