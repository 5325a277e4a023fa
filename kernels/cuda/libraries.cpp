#include "kernels/cuda/libraries.h"

#include "kernels/cuda/convolution/cudnn_convolution.h"

namespace petal::cuda {
namespace {

class Cudnn final : public Libraries {
 public:
  Cudnn(std::shared_ptr<CUstream_st> stream, const Exactness& exactness)
      : stream_(std::move(stream)), exactness_(exactness) {
    cudnnHandle_t made = nullptr;
    PETAL_CUDNN("cuda", cudnnCreate(&made));
    handle_.reset(made, [stream = stream_](cudnnHandle_t handle) { cudnnDestroy(handle); });
    PETAL_CUDNN("cuda", cudnnSetStream(made, stream_.get()));
  }

  std::unique_ptr<Kernel> prepare_convolution(const Device& device, const PrepareContext& context,
                                              const ConvolutionLayer& layer) override {
    const DataType type = convolution_type(context);
    auto plans = plan_convolution({.handle = handle_.get()}, layer.geometry, context.direction, type,
                                  exactness_, 1, convolution_fusion(context, layer, type));
    if (plans.empty()) return nullptr;
    return make_cudnn_convolution(device, handle_, context, layer, type, std::move(plans[0]));
  }

 private:
  std::shared_ptr<CUstream_st> stream_;
  std::shared_ptr<cudnnContext> handle_;
  Exactness exactness_;
};

}  // namespace

std::shared_ptr<Libraries> make_libraries(std::shared_ptr<CUstream_st> stream, const Exactness& exactness) {
  return std::make_shared<Cudnn>(std::move(stream), exactness);
}

}  // namespace petal::cuda
