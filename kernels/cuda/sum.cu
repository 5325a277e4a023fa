#include <algorithm>

#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// As many arrays as one launch adds.
constexpr int most_terms = 32;

struct Sum {
  Numbers src[most_terms];
  int terms;
  Results dst;
  PETAL_BODY void operator()(Index i) const {
    float sum = src[0][i];
    for (int term = 1; term < terms; ++term) sum += src[term][i];
    dst[i] = sum;
  }
};

}  // namespace

// What is more than one launch takes is added to what the launch before it made, and rounded, in dst.
KernelPointer make_sum(const Device& device, DataType type, Index elements, int terms) {
  const Queue queue = device.queue;
  return launches([=](const Bindings& b) {
    for (int first = 0; first < terms;) {
      Sum sum{.src = {}, .terms = 0, .dst = {b.dst, type}};
      if (first > 0) sum.src[sum.terms++] = sum.dst.numbers();
      while (sum.terms < most_terms && first < terms)
        sum.src[sum.terms++] = Numbers(b.src[static_cast<std::size_t>(first++)], type);
      for_each(queue, elements, sum);
    }
  });
}

}  // namespace petal::cuda
