#include "kernels/cuda/convolution/cudnn_convolution.h"

#include <optional>
#include <vector>

namespace petal::cuda {
namespace {

class CudnnConvolution final : public PlannedConvolution {
 public:
  CudnnConvolution(std::string where, std::shared_ptr<cudnnContext> handle, ConvolutionPlan plan)
      : where_(std::move(where)), handle_(std::move(handle)), plan_(std::move(plan)) {}

  void run(const ConvolutionArrays& arrays) override {
    if (!pack_ || arrays != bound_) bind(arrays);
    PETAL_CUDNN(where_, cudnnBackendExecute(handle_.get(), plan_.plan.get(), pack_->get()));
  }
  std::size_t workspace_bytes() const override { return plan_.engine.workspace_bytes; }
  std::string name() const override { return plan_.engine.name; }

 private:
  // This happens in the first run.
  void bind(const ConvolutionArrays& arrays) {
    std::vector<std::int64_t> numbers;
    std::vector<void*> data;
    const auto add = [&](ConvolutionArray number, const std::byte* array) {
      if (!array) return;
      numbers.push_back(static_cast<std::int64_t>(number));
      data.push_back(const_cast<std::byte*>(array));
    };
    add(ConvolutionArray::src, arrays.src);
    add(ConvolutionArray::kernel, arrays.kernel);
    add(ConvolutionArray::dst, arrays.dst);
    add(ConvolutionArray::residual, arrays.residual);
    add(ConvolutionArray::bias, arrays.bias);
    void* workspace = arrays.workspace;
    Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, std::span<const std::int64_t>(numbers))
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, std::span<void* const>(data))
        .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, {workspace})
        .finalize();
    pack_ = std::move(pack);
    bound_ = arrays;
  }

  std::string where_;
  std::shared_ptr<cudnnContext> handle_;
  ConvolutionPlan plan_;
  std::optional<Descriptor> pack_;
  ConvolutionArrays bound_;
};

}  // namespace

std::unique_ptr<PlannedConvolution> make_cudnn_convolution(std::string where,
                                                           std::shared_ptr<cudnnContext> handle,
                                                           ConvolutionPlan plan) {
  return std::make_unique<CudnnConvolution>(std::move(where), std::move(handle), std::move(plan));
}

}  // namespace petal::cuda
