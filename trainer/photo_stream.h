#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/passes/passes.h"
#include "trainer/backend_factory.h"
#include "trainer/photo_reader.h"

namespace petal {

using PhotoProgress = std::function<void(std::int64_t done, std::int64_t total)>;

struct PhotoStreamOptions {
  int threads = 0;               // 0: the cores that this process may run on
  int threads_per_stream = 1;    // more: fewer streams, each plan on that many threads
  std::int64_t micro_batch = 8;  // photos a plan takes at once; fewer where there are fewer photos
  DecodeOptions decode{};
  Precision precision = Precision::f32;
  bool strict = false;       // the first photo that cannot be decoded is an Error
  PhotoProgress progress{};  // called after each micro-batch, from any thread, one call at a time
  const std::atomic<bool>* stop = nullptr;  // set: no further photo is begun
  // Called with a photo's index and the bytes that were decoded, from any thread, several at a time.
  std::function<void(std::int64_t photo, std::span<const std::byte>)> seen{};
};

struct PhotoStreamReport {
  std::vector<PhotoOutcome> outcomes;  // one a photo of the list; pending: not selected, or stopped before it
  bool stopped = false;
  std::int64_t count(PhotoOutcome::State state) const;
};

// The width of a row: the elements of all the network's outputs for one sample, one output behind the other.
std::int64_t row_width(const Graph& graph);

// Runs a network of one input (H, W, 3), RGB in 0..255, over the photos of `photos` that `selected` names,
// and writes the outputs of photo i, float32, to row i of `rows`, (photos.size(), row_width). Rows of other
// photos are not touched, nor are those of photos that could not be decoded: they are skipped and said in the
// report, or with `strict` thrown as Error (the first of them in the list's order).
//
// Each of the threads decodes a micro-batch of its own and runs it through a plan of its own, so that one
// thread's decoding overlaps another's computing and none waits. Which photos share a micro-batch depends on
// `selected` alone and a short batch is filled with zeros: with threads_per_stream 1 the rows do not depend
// on the number of threads.
PhotoStreamReport run_photos(const Network& network, std::span<const Photo> photos,
                             std::span<const std::int64_t> selected, const BackendFactory& backends,
                             const PhotoStreamOptions& options, Tensor& rows);

// The messages of one state: skipped photos, or decoded ones with a warning; in the list's order.
std::vector<PhotoMessage> messages(std::span<const Photo> photos, const PhotoStreamReport& report,
                                   PhotoOutcome::State state);

}  // namespace petal
