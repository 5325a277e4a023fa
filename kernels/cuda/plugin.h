#pragma once

#include <cstddef>

// The C interface of the CUDA plugin (libpetal_cuda.so), which is loaded only when it is asked for: a program
// that does not use a GPU starts without a driver, CUDA or cuDNN.
extern "C" {

// Writes what there is, a line a device ("NVIDIA H100, compute capability 9.0, 79 GiB, CUDA 13.0,
// cuDNN 9.19"), or the one reason why there is nothing (no driver, driver too old, no device, cuDNN that does
// not answer), as text that ends in a null, cut at `bytes`. Returns the number of devices that can be used.
int petal_cuda_describe(char* text, std::size_t bytes);
}
