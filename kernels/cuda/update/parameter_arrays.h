#pragma once

#include "engine/backend.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/numbers.h"

namespace petal::cuda {

// As many arrays as one launch takes: what it is given has to fit into a kernel's arguments.
inline constexpr int most_arrays = 32;

// Arrays of one launch, one behind the other: index i belongs to the one that it lies in.
struct Arrays {
  struct Array {
    float *weights, *gradient, *slots[3];
    Results rounded;
    float l1, l2;
    Index end;  // of this array's indices
  };
  Array array[most_arrays];
  int count = 0;

  void add(const UpdateKernel::Parameter& parameter) {
    Array& next = array[count];
    next = {parameter.weights,
            parameter.diff_weights,
            {},
            {parameter.rounded, parameter.rounded_type},
            parameter.regularizer.l1,
            parameter.regularizer.l2,
            elements() + parameter.elements};
    for (std::size_t slot = 0; slot < parameter.slots.size(); ++slot)
      next.slots[slot] = parameter.slots[slot];
    ++count;
  }
  PETAL_BODY Index elements() const { return count == 0 ? 0 : array[count - 1].end; }
  PETAL_BODY Index begin(int number) const { return number == 0 ? 0 : array[number - 1].end; }
  // What index i stands for: element `at` of an array.
  struct Element {
    const Array& array;
    int number;  // of the array
    Index at;
  };
  PETAL_BODY Element element(Index i) const {
    const int number = find(i);
    return {array[number], number, i - begin(number)};
  }

 private:
  // The number of the array that index i lies in.
  PETAL_BODY int find(Index i) const {
    int first = 0, last = count - 1;
    while (first < last) {
      const int middle = (first + last) / 2;
      if (i < array[middle].end)
        last = middle;
      else
        first = middle + 1;
    }
    return first;
  }
};

}  // namespace petal::cuda
