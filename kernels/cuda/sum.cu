#include <algorithm>

#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// As many arrays as one launch adds.
constexpr int most_terms = 8;

struct Sum {
  const float* src[most_terms];
  int terms;
  float* dst;
  PETAL_BODY void operator()(Index i) const {
    float sum = src[0][i];
    for (int term = 1; term < terms; ++term) sum += src[term][i];
    dst[i] = sum;
  }
};

}  // namespace

// What is more than one launch takes is added to what the launch before it made.
KernelPointer make_sum(const Device& device, Index elements, int terms) {
  const Queue queue = device.queue;
  return launches([=](const Bindings& b) {
    for (int first = 0; first < terms;) {
      Sum sum{.src = {}, .terms = 0, .dst = as<float>(b.dst)};
      if (first > 0) sum.src[sum.terms++] = sum.dst;
      while (sum.terms < most_terms && first < terms)
        sum.src[sum.terms++] = as<float>(b.src[static_cast<std::size_t>(first++)]);
      for_each(queue, elements, sum);
    }
  });
}

}  // namespace petal::cuda
