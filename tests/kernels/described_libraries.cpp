#include "tests/kernels/described_libraries.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "kernels/cuda/convolution/packed_convolution.h"
#include "kernels/cuda/dense/dense_kernel.h"
#include "kernels/cuda/device_backend.h"
#include "tests/apart_backend.h"

namespace petal::testing {
namespace {

using cuda::ConvolutionGeometry;
using cuda::Index;
using cuda::Matrix;
using cuda::MatrixProduct;
using cuda::PackedConvolution;

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

double element(const std::byte* array, DataType type, Index i) {
  return static_cast<double>(cuda::Numbers(array, type)[i]);
}

// What is done when its turn comes, as a library's launches are.
template <class Work>
void ask(const cuda::Queue& queue, const Work& work) {
  cuda::for_each(queue, 1, [work](Index) { work(); });
}

constexpr std::size_t workspace = 1000;

// Rows and columns as a product reads them.
std::pair<Index, Index> sizes(const Matrix& matrix) {
  return matrix.is_transposed ? std::pair(matrix.columns, matrix.rows)
                              : std::pair(matrix.rows, matrix.columns);
}

double element(const Matrix& matrix, const std::byte* array, Index row, Index column) {
  if (matrix.is_transposed) std::swap(row, column);
  return element(array, matrix.type, row + column * matrix.leading);
}

void multiply(const MatrixProduct& product, const cuda::ProductArrays& arrays) {
  std::memset(arrays.workspace, 0xff, workspace);
  const Index inner = sizes(product.a).second;
  for (Index row = 0; row < product.result.rows; ++row) {
    double row_sum = 0;
    for (Index k = 0; k < inner; ++k) row_sum += element(product.a, arrays.a, row, k);
    if (product.sums_rows_of_a) arrays.row_sums[row] = static_cast<float>(row_sum);
    for (Index column = 0; column < product.result.columns; ++column) {
      double sum = 0;
      for (Index k = 0; k < inner; ++k)
        sum += element(product.a, arrays.a, row, k) * element(product.b, arrays.b, k, column);
      if (product.adds_residual) sum += element(product.result, arrays.residual, row, column);
      if (product.adds_bias) sum += static_cast<double>(arrays.bias[row]);
      if (product.is_relu) sum = std::max(sum, 0.0);
      cuda::Results(arrays.result, product.result.type)[row + column * product.result.leading] =
          static_cast<float>(sum);
    }
  }
}

class DescribedProduct final : public cuda::PlannedProduct {
 public:
  DescribedProduct(const cuda::Queue& queue, const MatrixProduct& product)
      : queue_(queue), product_(product) {
    const auto [m, inner] = sizes(product.a);
    const auto [also_inner, n] = sizes(product.b);
    require(inner == also_inner && m == product.result.rows && n == product.result.columns,
            "sizes that do not fit");
    require(product.a.type == product.b.type && !product.result.is_transposed, "what cuBLAS lacks");
    for (const Matrix* matrix : {&product.a, &product.b, &product.result})
      require(matrix->leading >= matrix->rows, "columns that overlap");
    require(!(product.adds_bias || product.sums_rows_of_a) || product.result.type == DataType::f32,
            "a bias of another type than the result");
  }
  void run(const cuda::ProductArrays& arrays) const override {
    ask(queue_, [product = product_, arrays] { multiply(product, arrays); });
  }
  std::size_t workspace_bytes() const override { return workspace; }
  std::string name() const override { return "products as described"; }

 private:
  cuda::Queue queue_;
  MatrixProduct product_;
};

// Calls term(d, s, k) for each product: elements of dst (N, H, W, F), src (N, H, W, C) and of the kernel
// (F, KH, KW, C).
template <class Term>
void for_each_product(const ConvolutionGeometry& g, const Term& term) {
  for (Index d = 0; d < g.dst.elements(); ++d) {
    const cuda::Place at = g.dst.place(d);
    for (Index ky = 0; ky < g.window.kernel.height; ++ky) {
      for (Index kx = 0; kx < g.window.kernel.width; ++kx) {
        const Index y = g.src_row(at.y, ky), x = g.src_column(at.x, kx);
        if (!g.src.holds(y, x)) continue;
        const Index tap = (at.c * g.window.kernel.height + ky) * g.window.kernel.width + kx;
        const Index first = at.c / g.group_filters() * g.group_channels();
        for (Index c = 0; c < g.group_channels(); ++c)
          term(d, g.src.at(at.n, y, x, first + c), tap * g.group_channels() + c);
      }
    }
  }
}

void convolve(const PackedConvolution& convolution, const cuda::ConvolutionArrays& arrays) {
  std::memset(arrays.workspace, 0xff, workspace);
  const ConvolutionGeometry& g = convolution.geometry;
  const DataType type = convolution.type;
  const auto src = [&](Index s) { return element(arrays.src, type, s); };
  const auto dst = [&](Index d) { return element(arrays.dst, type, d); };
  const auto kernel = [&](Index k) { return element(arrays.kernel, convolution.kernel_type, k); };
  const auto assign = [](std::byte* array, DataType array_type, const std::vector<double>& sums) {
    for (std::size_t i = 0; i < sums.size(); ++i)
      cuda::Results(array, array_type)[static_cast<Index>(i)] = static_cast<float>(sums[i]);
  };
  const auto sums_of = [](Index elements) { return std::vector<double>(static_cast<std::size_t>(elements)); };
  const auto at = [](std::vector<double>& sums, Index i) -> double& {
    return sums[static_cast<std::size_t>(i)];
  };
  if (convolution.direction == Direction::backward_data) {
    std::vector<double> sums = sums_of(g.src.elements());
    for_each_product(g, [&](Index d, Index s, Index k) { at(sums, s) += dst(d) * kernel(k); });
    return assign(arrays.src, type, sums);
  }
  if (convolution.direction == Direction::backward_weights) {
    std::vector<double> sums = sums_of(g.kernel_elements());
    for_each_product(g, [&](Index d, Index s, Index k) { at(sums, k) += dst(d) * src(s); });
    return assign(arrays.kernel, convolution.kernel_type, sums);
  }
  std::vector<double> sums = sums_of(g.dst.elements());
  for_each_product(g, [&](Index d, Index s, Index k) { at(sums, d) += src(s) * kernel(k); });
  for (Index d = 0; d < g.dst.elements(); ++d) {
    if (convolution.fusion.residual) at(sums, d) += element(arrays.residual, type, d);
    if (convolution.fusion.bias) at(sums, d) += element(arrays.bias, type, d % g.dst.channels);
    if (convolution.fusion.relu) at(sums, d) = std::max(at(sums, d), 0.0);
  }
  assign(arrays.dst, type, sums);
}

class DescribedConvolution final : public cuda::PlannedConvolution {
 public:
  DescribedConvolution(const cuda::Queue& queue, const PackedConvolution& convolution)
      : queue_(queue), convolution_(convolution) {
    require(
        convolution.direction == Direction::backward_weights || convolution.kernel_type == convolution.type,
        "a kernel of another type than the images");
    require(convolution.direction == Direction::forward || !convolution.fusion.any(), "a fusion backwards");
  }
  void run(const cuda::ConvolutionArrays& arrays) override {
    ask(queue_, [convolution = convolution_, arrays] { convolve(convolution, arrays); });
  }
  std::size_t workspace_bytes() const override { return workspace; }
  std::string name() const override { return "convolutions as described"; }

 private:
  cuda::Queue queue_;
  PackedConvolution convolution_;
};

class Described final : public cuda::Libraries {
 public:
  explicit Described(const DescribedLibraries& how) : how_(how) {}

  std::unique_ptr<Kernel> prepare_convolution(const cuda::Device& device, const PrepareContext& context,
                                              const cuda::ConvolutionLayer& layer) override {
    PackedConvolution convolution{.geometry = layer.geometry, .direction = context.direction};
    convolution.type = convolution.kernel_type = cuda::convolution_type(context, layer);
    if (context.direction == Direction::forward && how_.fuses)
      convolution.fusion = convolution_fusion(context, layer, convolution.type);
    if (context.direction == Direction::backward_weights && !how_.rounds_gradients)
      convolution.kernel_type = DataType::f32;
    return make_packed_convolution(device, context, layer, convolution,
                                   std::make_unique<DescribedConvolution>(device.queue, convolution));
  }
  std::unique_ptr<Kernel> prepare_dense(const cuda::Device& device, const PrepareContext& context,
                                        const Dense& layer) override {
    const std::vector<MatrixProduct> products = cuda::dense_products(layer, context);
    if (products.empty()) return nullptr;
    const MatrixProduct& product = how_.fuses ? products.front() : products.back();
    return make_dense_kernel(device, context, layer, product,
                             std::make_shared<DescribedProduct>(device.queue, product));
  }

 private:
  DescribedLibraries how_;
};

class DescribedBackend final : public cuda::DeviceBackend {
 public:
  DescribedBackend(std::shared_ptr<const Memory> memory, std::shared_ptr<cuda::Libraries> libraries,
                   std::shared_ptr<cuda::HostQueue> queue)
      : DeviceBackend(
            {.queue = {.host = queue.get()}, .memory = std::move(memory), .libraries = std::move(libraries)}),
        queue_(std::move(queue)) {}
  std::string name() const override { return "libraries as described"; }

 private:
  std::shared_ptr<cuda::HostQueue> queue_;  // the kernels point to it
};

}  // namespace

std::shared_ptr<cuda::Libraries> make_described_libraries(const DescribedLibraries& how) {
  return std::make_shared<Described>(how);
}

std::shared_ptr<const Backend> make_described_backend(std::shared_ptr<const Memory> memory,
                                                      std::shared_ptr<cuda::Libraries> libraries) {
  return std::make_shared<DescribedBackend>(std::move(memory), std::move(libraries),
                                            std::make_shared<cuda::HostQueue>());
}

std::shared_ptr<const Backend> make_described_backend(const DescribedLibraries& how) {
  const auto memory = std::make_shared<ApartMemory>();
  const auto queue = std::make_shared<cuda::HostQueue>();
  return make_apart_backend(std::make_shared<DescribedBackend>(memory, make_described_libraries(how), queue),
                            memory, queue);
}

}  // namespace petal::testing
