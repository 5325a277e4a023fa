#include "kernels/reference/merge.h"

#include <algorithm>

namespace petal::reference {
namespace {

// Where an element of dst lies in an input that is repeated to dst's shape: N, then sizes aligned at the
// innermost.
class Repeated {
 public:
  Repeated(const Shape& src, const Shape& dst) : dst_(dst), strides_(dst.rank(), 0) {
    std::int64_t stride = 1;
    for (std::size_t axis = src.rank(); axis-- > 0;) {
      const std::size_t dst_axis = axis == 0 ? 0 : axis + dst.rank() - src.rank();
      if (src[axis] == dst[dst_axis]) strides_[dst_axis] = stride;
      stride *= src[axis];
    }
  }

  std::int64_t operator()(std::int64_t index) const {
    std::int64_t place = 0;
    for (std::size_t axis = dst_.rank(); axis-- > 0; index /= dst_[axis]) {
      place += index % dst_[axis] * strides_[axis];
    }
    return place;
  }

 private:
  Shape dst_;
  std::vector<std::int64_t> strides_;
};

// One element of each input -> that of dst.
template <class T>
T merged(MergeOperation operation, std::span<const T> x) {
  T y = x[0];
  for (const T next : x.subspan(1)) {
    switch (operation) {
      case MergeOperation::add:
      case MergeOperation::average:
        y += next;
        break;
      case MergeOperation::subtract:
        y -= next;
        break;
      case MergeOperation::multiply:
        y *= next;
        break;
      case MergeOperation::maximum:
        y = std::max(y, next);
        break;
      case MergeOperation::minimum:
        y = std::min(y, next);
        break;
    }
  }
  return operation == MergeOperation::average ? y / static_cast<T>(x.size()) : y;
}

// Its derivative by x[input].
template <class T>
T derivative(MergeOperation operation, std::span<const T> x, std::size_t input) {
  T product{1};
  switch (operation) {
    case MergeOperation::add:
      return T{1};
    case MergeOperation::average:
      return T{1} / static_cast<T>(x.size());
    case MergeOperation::subtract:
      return input == 0 ? T{1} : T{-1};
    case MergeOperation::multiply:
      for (std::size_t i = 0; i < x.size(); ++i) product *= i == input ? T{1} : x[i];
      return product;
    case MergeOperation::maximum:
      return static_cast<std::size_t>(std::ranges::max_element(x) - x.begin()) == input ? T{1} : T{0};
    case MergeOperation::minimum:
      return static_cast<std::size_t>(std::ranges::min_element(x) - x.begin()) == input ? T{1} : T{0};
  }
  return T{0};
}

template <class T>
class Merging {
 public:
  Merging(MergeOperation operation, const PrepareContext& context)
      : operation_(operation), elements_(context.dst.shape.elements()), x_(context.src.size()) {
    for (const TensorDescription& src : context.src) {
      places_.emplace_back(src.shape, context.dst.shape);
      src_elements_.push_back(src.shape.elements());
    }
  }

  void forward(const Bindings& bindings) {
    for (std::int64_t i = 0; i < elements_; ++i) {
      as<T>(bindings.dst)[i] = merged<T>(operation_, inputs(bindings, i));
    }
  }

  void backward(const Bindings& bindings) {
    for (std::size_t input = 0; input < places_.size(); ++input) {
      T* diff_src = as<T>(bindings.diff_src[input]);
      if (!diff_src) continue;
      std::fill_n(diff_src, src_elements_[input], T{0});
      for (std::int64_t i = 0; i < elements_; ++i) {
        if (backward_needs(operation_).src) inputs(bindings, i);
        diff_src[places_[input](i)] += as<T>(bindings.diff_dst)[i] * derivative<T>(operation_, x_, input);
      }
    }
  }

 private:
  std::span<const T> inputs(const Bindings& bindings, std::int64_t i) {
    for (std::size_t k = 0; k < x_.size(); ++k) x_[k] = as<T>(bindings.src[k])[places_[k](i)];
    return x_;
  }

  MergeOperation operation_;
  std::int64_t elements_;
  std::vector<Repeated> places_;
  std::vector<std::int64_t> src_elements_;
  std::vector<T> x_;  // one element of each input
};

}  // namespace

std::unique_ptr<Kernel> prepare_merge(MergeOperation operation, const PrepareContext& context) {
  return with_scalar(context.precision, [&]<class T>() {
    Merging<T> merging(operation, context);
    return context.direction == Direction::forward
               ? loops([m = std::move(merging)](const Bindings& b) mutable { m.forward(b); })
               : loops([m = std::move(merging)](const Bindings& b) mutable { m.backward(b); });
  });
}

}  // namespace petal::reference
