#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "kernels/cuda/backend.h"

namespace petal {

// What a plugin and the program that loads it must have in common, for objects of C++ cross between them: the
// version, the compiler and the sizes of what crosses.
inline std::string cuda_interface_version() {
  std::string version = PETAL_VERSION " " __VERSION__;
  for (const std::size_t bytes : {sizeof(Node), sizeof(Bindings), sizeof(PrepareContext),
                                  sizeof(UpdateKernel::Parameter), sizeof(CudaOptions)}) {
    version += " " + std::to_string(bytes);
  }
  return version;
}

}  // namespace petal

// The interface of the CUDA plugin (libpetal_cuda.so), which is loaded only when it is asked for: a program
// that does not use a GPU starts without a driver, CUDA or cuDNN. kernels/cuda/backend.h loads it.
extern "C" {

// cuda_interface_version() as the plugin was built; the other functions are to be called only where it is the
// caller's. Holds for good.
const char* petal_cuda_interface();

// Writes what there is, a line a device ("NVIDIA H100, compute capability 9.0, 79 GiB, CUDA 13.0,
// cuDNN 9.19"), or the one reason why there is nothing (no driver, driver too old, no device, cuDNN that does
// not answer), as text that ends in a null, cut at `bytes`. Returns the number of devices that can be used.
int petal_cuda_describe(char* text, std::size_t bytes);

// kernels/cuda/backend.h's cuda_convolution_engines: assigns at most as many as `engines` has.
void petal_cuda_convolution_engines(const char* properties, const petal::Conv2D* layer,
                                    const petal::Shape* photos, petal::Direction direction,
                                    petal::DataType type, bool residual, const petal::CudaOptions* options,
                                    std::vector<petal::CudaEngine>* engines);

// Assigns a backend on the device. Throws petal::Error.
void petal_cuda_make_backend(const petal::CudaOptions* options,
                             std::shared_ptr<const petal::Backend>* backend);
}
