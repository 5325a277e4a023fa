#include "models/inception_v3.h"

#include <utility>
#include <vector>

#include "models/layer_names.h"

namespace petal {
namespace {

// A convolution with its batch norm and relu.
struct Convolution {
  std::int64_t filters;
  Size2D kernel{1, 1};
  std::int64_t stride = 1;
  Padding padding = Padding::same;
};

constexpr Convolution halving(std::int64_t filters) {
  return {filters, {3, 3}, 2, Padding::valid};
}

using Branch = std::vector<Convolution>;  // one after the other

class Builder {
 public:
  explicit Builder(const InceptionV3& options) : options_(options), g_("inception_v3") {}

  Graph build() && {
    Value x = stem(g_.input({options_.image_size, options_.image_size, 3}));
    // The paper's figure 5: 35 x 35 pixels, for an image of 299.
    x = wide_block("mixed0", 32, x);
    x = wide_block("mixed1", 64, x);
    x = wide_block("mixed2", 64, x);
    x = reduction("mixed3", {{halving(384)}, {{64}, {96, {3, 3}}, halving(96)}}, x);
    // Figure 6, with 7 x 7 as 1 x 7 and 7 x 1: 17 x 17 pixels.
    x = factorized_block("mixed4", 128, x);
    x = factorized_block("mixed5", 160, x);
    x = factorized_block("mixed6", 160, x);
    x = factorized_block("mixed7", 192, x);
    x = reduction("mixed8", {{{192}, halving(320)}, {{192}, {192, {1, 7}}, {192, {7, 1}}, halving(192)}}, x);
    // Figure 7, whose branches fork: 8 x 8 pixels.
    x = forked_block("mixed9", "mixed9_0", x);
    x = forked_block("mixed10", "mixed9_1", x);
    return std::move(g_).build({end(x)});
  }

 private:
  Value convolve(const Convolution& c, Value x) {
    const int number = convolutions_++;
    x = g_.add(numbered("conv2d", number),
               Conv2D{.filters = c.filters,
                      .kernel = c.kernel,
                      .strides = {c.stride, c.stride},
                      .padding = c.padding,
                      .use_bias = false},
               x);
    x = g_.add(numbered("batch_normalization", number),
               BatchNormalization{.momentum = 0.99f, .epsilon = 1e-3f, .scale = false}, x);
    return g_.add(numbered("activation", number), Activation{ActivationFunction::relu}, x);
  }

  Value run(const Branch& branch, Value x) {
    for (const Convolution& convolution : branch) x = convolve(convolution, x);
    return x;
  }

  Value max_pool(Value x) {
    return g_.add(numbered("max_pooling2d", max_poolings_++), MaxPooling2D{.pool = {3, 3}, .strides = {2, 2}},
                  x);
  }

  Value average_pool(Value x) {
    return g_.add(numbered("average_pooling2d", average_poolings_++),
                  AveragePooling2D{.pool = {3, 3}, .strides = {1, 1}, .padding = Padding::same}, x);
  }

  // Table 1, up to the first block.
  Value stem(Value x) {
    x = run({{32, {3, 3}, 2, Padding::valid}, {32, {3, 3}, 1, Padding::valid}, {64, {3, 3}}}, x);
    x = max_pool(x);
    x = run({{80, {1, 1}, 1, Padding::valid}, {192, {3, 3}, 1, Padding::valid}}, x);
    return max_pool(x);
  }

  std::vector<Value> run_each(const std::vector<Branch>& branches, Value x) {
    std::vector<Value> ends;
    for (const Branch& branch : branches) ends.push_back(run(branch, x));
    return ends;
  }

  // The branches side by side, the last one average pooling and a convolution.
  Value block(const std::string& name, const std::vector<Branch>& branches, std::int64_t pooled, Value x) {
    std::vector<Value> ends = run_each(branches, x);
    ends.push_back(convolve({pooled}, average_pool(x)));
    return g_.add(name, Concatenate{}, ends);
  }

  Value wide_block(const std::string& name, std::int64_t pooled, Value x) {
    return block(name, {{{64}}, {{48}, {64, {5, 5}}}, {{64}, {96, {3, 3}}, {96, {3, 3}}}}, pooled, x);
  }

  Value factorized_block(const std::string& name, std::int64_t width, Value x) {
    const Convolution row{width, {1, 7}}, column{width, {7, 1}}, last_row{192, {1, 7}},
        last_column{192, {7, 1}};
    return block(name, {{{192}}, {{width}, row, last_column}, {{width}, column, row, column, last_row}}, 192,
                 x);
  }

  // Branches that halve the image, beside max pooling.
  Value reduction(const std::string& name, const std::vector<Branch>& branches, Value x) {
    std::vector<Value> ends = run_each(branches, x);
    ends.push_back(max_pool(x));
    return g_.add(name, Concatenate{}, ends);
  }

  // A branch that ends in a row and a column side by side.
  Value fork(const std::string& name, const Branch& branch, Value x) {
    x = run(branch, x);
    const Value row = convolve({384, {1, 3}}, x);
    const Value column = convolve({384, {3, 1}}, x);
    return g_.add(name, Concatenate{}, {row, column});
  }

  Value forked_block(const std::string& name, const std::string& fork_name, Value x) {
    const Value single = convolve({320}, x);
    const Value fork_3x3 = fork(fork_name, {{384}}, x);
    const Value fork_twice = fork(numbered("concatenate", concatenations_++), {{448}, {384, {3, 3}}}, x);
    const Value pooled = convolve({192}, average_pool(x));
    return g_.add(name, Concatenate{}, {single, fork_3x3, fork_twice, pooled});
  }

  Value end(Value x) {
    if (!options_.include_top) return add_pooling(g_, options_.pooling, x);
    x = g_.add("avg_pool", GlobalAveragePooling2D{}, x);
    return g_.add("predictions", Dense{.units = options_.classes, .activation = ActivationFunction::softmax},
                  x);
  }

  const InceptionV3& options_;
  GraphBuilder g_;
  int convolutions_ = 0, max_poolings_ = 0, average_poolings_ = 0, concatenations_ = 0;
};

}  // namespace

Graph inception_v3(const InceptionV3& options) {
  return Builder(options).build();
}

}  // namespace petal
