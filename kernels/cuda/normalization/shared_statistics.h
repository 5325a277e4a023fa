#pragma once

#include <cmath>

#include "kernels/cuda/column_sums.h"

namespace petal::cuda {

// A step of a moving statistic towards the batch's.
struct Moving {
  float* moving;
  float momentum;
  PETAL_BODY void move(Index c, float batch) const {
    moving[c] = moving[c] * momentum + batch * (1.0f - momentum);
  }
};

// The statistics of a batch that several devices share: (devices, 2 * channels + 1), a place for each device,
// with its own rows' means, the sums of the squares of what is centred by these, and how many rows it has.
// Each device fills its own place, the others with zeros; the sum over the devices is all of it.
struct StatisticsPlaces {
  float* places;
  Index channels;
  int devices;

  static constexpr Index size(Index channels) { return 2 * channels + 1; }
  PETAL_BODY float* of(int device) const { return places + device * size(channels); }
  PETAL_BODY float* means(int device) const { return of(device); }
  PETAL_BODY float* squares(int device) const { return of(device) + channels; }
  PETAL_BODY float& rows(int device) const { return of(device)[2 * channels]; }
  Index elements() const { return devices * size(channels); }
};

// Zeros everywhere, but for the number of rows in the device's own place.
struct BeginPlaces {
  float* places;
  const float* own_rows;
  float rows;
  PETAL_BODY void operator()(Index i) const { places[i] = places + i == own_rows ? rows : 0.0f; }
};

struct KeepMeanOfRows {
  float* mean;
  float rows;
  PETAL_BODY void operator()(Index c, const float* sums) const { mean[c] = sums[0] / rows; }
};

// Index c is a channel: the statistics of all rows from those of each device's, with no difference of large
// numbers (Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample
// variances", 1979, equation 2.1): n = sum(n_d), mean = mean_0 + sum(n_d * (mean_d - mean_0)) / n and n *
// variance = sum(squares_d + n_d * (mean_d - mean)^2).
struct CombineStatistics {
  StatisticsPlaces of;
  float *mean, *deviation, *rows;  // (channels), (channels), (1)
  float epsilon;
  Moving moving_mean, moving_variance;
  PETAL_BODY void operator()(Index c) const {
    const float first = of.means(0)[c];
    float count = 0, beyond = 0, squares = 0;
    for (int device = 0; device < of.devices; ++device) {
      count += of.rows(device);
      beyond += of.rows(device) * (of.means(device)[c] - first);
    }
    mean[c] = first + beyond / count;
    for (int device = 0; device < of.devices; ++device) {
      const float apart = of.means(device)[c] - mean[c];
      squares += of.squares(device)[c] + of.rows(device) * apart * apart;
    }
    const float variance = squares / count;
    deviation[c] = std::sqrt(variance + epsilon);
    if (c == 0) *rows = count;
    moving_mean.move(c, mean[c]);
    moving_variance.move(c, variance);
  }
};

}  // namespace petal::cuda
