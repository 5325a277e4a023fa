#include "kernels/cuda/dense/cublaslt_product.h"

#include "kernels/cuda/check.h"

namespace petal::cuda {
namespace {

constexpr const char* where = "dense";

// What every array has at least: those of a plan are aligned to more, but slices of one need not be.
constexpr std::uint32_t alignment = 16;
// As much as NVIDIA recommends for the largest devices (cublasSetWorkspace).
constexpr std::uint64_t most_workspace_bytes = 32 << 20;

cudaDataType_t cuda_type(DataType type) {
  return type == DataType::bf16 ? CUDA_R_16BF : type == DataType::f16 ? CUDA_R_16F : CUDA_R_32F;
}

cublasLtEpilogue_t epilogue_of(const MatrixProduct& product) {
  if (product.sums_rows_of_a) return CUBLASLT_EPILOGUE_BGRADA;
  if (product.adds_bias) return product.is_relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
  return product.is_relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_DEFAULT;
}

// Descriptors of a product, in place: nothing to be destroyed.
class ProductDescriptors {
 public:
  ProductDescriptors(const MatrixProduct& product, bool tensor_float32) {
    const bool rounds = tensor_float32 && product.a.type == DataType::f32;
    PETAL_CUBLAS(
        where, cublasLtMatmulDescInit(&operation_, rounds ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
                                      CUDA_R_32F));
    set(CUBLASLT_MATMUL_DESC_TRANSA, operator_of(product.a));
    set(CUBLASLT_MATMUL_DESC_TRANSB, operator_of(product.b));
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(product));
    if (product.adds_bias || product.sums_rows_of_a) {
      // An address that tells the alignment alone; the runs bring their own.
      set_vector(reinterpret_cast<const void*>(std::uintptr_t{alignment}));
    }
    init(a_, product.a);
    init(b_, product.b);
    init(result_, product.result);
  }

  // The bias, or its gradient.
  void set_vector(const void* array) { set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, array); }

  cublasLtMatmulDesc_t operation() { return &operation_; }
  cublasLtMatrixLayout_t a() { return &a_; }
  cublasLtMatrixLayout_t b() { return &b_; }
  cublasLtMatrixLayout_t result() { return &result_; }

 private:
  static cublasOperation_t operator_of(const Matrix& matrix) {
    return matrix.is_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  }
  static void init(cublasLtMatrixLayoutOpaque_t& layout, const Matrix& matrix) {
    PETAL_CUBLAS(where, cublasLtMatrixLayoutInit(&layout, cuda_type(matrix.type),
                                                 static_cast<std::uint64_t>(matrix.rows),
                                                 static_cast<std::uint64_t>(matrix.columns), matrix.leading));
  }
  template <class T>
  void set(cublasLtMatmulDescAttributes_t name, const T& value) {
    PETAL_CUBLAS(where, cublasLtMatmulDescSetAttribute(&operation_, name, &value, sizeof(value)));
  }

  cublasLtMatmulDescOpaque_t operation_{};
  cublasLtMatrixLayoutOpaque_t a_{}, b_{}, result_{};
};

class Preference {
 public:
  Preference() {
    PETAL_CUBLAS(where, cublasLtMatmulPreferenceInit(&preference_));
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, most_workspace_bytes);
    // Parts of a sum wait in the workspace, as float32, and are added up in an order of their own: the other
    // schemes round them to the result's type, or take turns at the result.
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    for (const auto name :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      set(name, alignment);
    }
  }
  cublasLtMatmulPreference_t get() { return &preference_; }

 private:
  template <class T>
  void set(cublasLtMatmulPreferenceAttributes_t name, const T& value) {
    PETAL_CUBLAS(where, cublasLtMatmulPreferenceSetAttribute(&preference_, name, &value, sizeof(value)));
  }

  cublasLtMatmulPreferenceOpaque_t preference_{};
};

class CublasLtProduct final : public PlannedProduct {
 public:
  CublasLtProduct(std::shared_ptr<cublasLtContext> handle, CUstream_st* stream, const MatrixProduct& product,
                  bool tensor_float32, const cublasLtMatmulHeuristicResult_t& found)
      : handle_(std::move(handle)),
        stream_(stream),
        descriptors_(product, tensor_float32),
        algorithm_(found.algo),
        workspace_bytes_(found.workspaceSize) {}

  void run(const ProductArrays& arrays) const override {
    const float one = 1.0f, residual_factor = arrays.residual ? 1.0f : 0.0f;
    if (arrays.bias) descriptors_.set_vector(arrays.bias);
    if (arrays.row_sums) descriptors_.set_vector(arrays.row_sums);
    const std::byte* residual = arrays.residual ? arrays.residual : arrays.result;
    PETAL_CUBLAS(where, cublasLtMatmul(handle_.get(), descriptors_.operation(), &one, arrays.a,
                                       descriptors_.a(), arrays.b, descriptors_.b(), &residual_factor,
                                       residual, descriptors_.result(), arrays.result, descriptors_.result(),
                                       &algorithm_, arrays.workspace, workspace_bytes_, stream_));
  }
  std::size_t workspace_bytes() const override { return workspace_bytes_; }
  std::string name() const override { return "cublaslt " + number(CUBLASLT_ALGO_CONFIG_ID); }
  std::string algorithm() const {
    return name() + ", tile " + number(CUBLASLT_ALGO_CONFIG_TILE_ID) + ", stages " +
           number(CUBLASLT_ALGO_CONFIG_STAGES_ID) + ", parts " + number(CUBLASLT_ALGO_CONFIG_SPLITK_NUM);
  }

 private:
  // One of the attributes of 32 bits.
  std::string number(cublasLtMatmulAlgoConfigAttributes_t name) const {
    std::int32_t value = 0;
    std::size_t written = 0;
    PETAL_CUBLAS(where,
                 cublasLtMatmulAlgoConfigGetAttribute(&algorithm_, name, &value, sizeof(value), &written));
    return std::to_string(value);
  }

  std::shared_ptr<cublasLtContext> handle_;
  CUstream_st* stream_;
  mutable ProductDescriptors descriptors_;  // a run puts its bias into them
  cublasLtMatmulAlgo_t algorithm_;
  std::size_t workspace_bytes_;
};

}  // namespace

std::vector<ProductPlan> plan_product(const std::shared_ptr<cublasLtContext>& handle, CUstream_st* stream,
                                      const MatrixProduct& product, bool tensor_float32, std::size_t most) {
  ProductDescriptors descriptors(product, tensor_float32);
  Preference preference;
  std::vector<cublasLtMatmulHeuristicResult_t> found(most);
  int count = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      handle.get(), descriptors.operation(), descriptors.a(), descriptors.b(), descriptors.result(),
      descriptors.result(), preference.get(), static_cast<int>(most), found.data(), &count);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return {};
  PETAL_CUBLAS(where, status);
  found.resize(static_cast<std::size_t>(count));
  std::vector<ProductPlan> plans;
  for (const cublasLtMatmulHeuristicResult_t& result : found) {
    if (result.state != CUBLAS_STATUS_SUCCESS) continue;
    const auto planned =
        std::make_shared<const CublasLtProduct>(handle, stream, product, tensor_float32, result);
    plans.push_back({planned, planned->algorithm()});
  }
  return plans;
}

}  // namespace petal::cuda
