#include "trainer/photo_stream.h"

#include <algorithm>
#include <limits>
#include <mutex>

#include "engine/error.h"
#include "engine/plan.h"
#include "trainer/workers.h"

namespace petal {
namespace {

constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();

Shape photo_input(const Graph& graph) {
  if (graph.inputs().size() != 1) {
    throw Error("graph '" + graph.name() + "'",
                "has " + std::to_string(graph.inputs().size()) + " inputs, expected one that takes photos");
  }
  const Shape shape = graph[graph.inputs()[0]].shape;
  if (shape.rank() != 3 || shape[2] != 3) {
    throw Error("graph '" + graph.name() + "'",
                "takes " + shape.to_string() + ", expected photos, (height, width, 3)");
  }
  return shape;
}

// One job: what the streams share, and what each of them does.
class PhotoJob {
 public:
  PhotoJob(const Network& network, std::span<const Photo> photos, std::span<const std::int64_t> selected,
           const PhotoStreamOptions& options, Tensor& rows)
      : network_(network),
        photos_(photos),
        selected_(selected),
        options_(options),
        input_(photo_input(network.graph)),
        width_(row_width(network.graph)),
        batch_(std::clamp<std::int64_t>(options.micro_batch, 1, std::max<std::int64_t>(1, count()))),
        rows_(rows.values<float>()) {
    const Shape expected{static_cast<std::int64_t>(photos.size()), width_};
    if (rows.shape() != expected) {
      throw Error("run_photos",
                  "rows are " + rows.shape().to_string() + ", expected " + expected.to_string());
    }
    report_.outcomes.resize(photos.size());
  }

  std::int64_t count() const { return static_cast<std::int64_t>(selected_.size()); }
  std::int64_t batches() const { return (count() + batch_ - 1) / batch_; }

  // One stream: its own plan, batch by batch until none is left.
  void stream(const std::shared_ptr<const Backend>& backend) {
    try {
      Plan plan = compile(network_.graph, network_.weights, backend,
                          {.batch = batch_, .precision = options_.precision, .optimize = false});
      for (std::int64_t batch = next_++; batch < batches(); batch = next_++) {
        if (!run_batch(plan, batch * batch_)) return;
      }
    } catch (...) {
      limit_ = -1;
      throw;
    }
  }

  PhotoStreamReport finish() {
    if (limit_ < count()) {
      throw Error(outcome(limit_).message, "stopped here as --strict asks; remove or replace the photo");
    }
    report_.stopped = done_ < count();
    return std::move(report_);
  }

 private:
  // False where the job is to end before the whole batch was decoded.
  bool run_batch(Plan& plan, std::int64_t first) {
    float* pixels = reinterpret_cast<float*>(plan.input());
    const std::int64_t photos = std::min(batch_, count() - first);
    for (std::int64_t i = 0; i < photos; ++i) {
      if (stopped() || first + i > limit_) return abandon(first, i);
      decode(first + i, pixels + i * input_.elements());
    }
    std::fill(pixels + photos * input_.elements(), pixels + batch_ * input_.elements(), 0.0f);
    plan.run();
    for (std::int64_t i = 0; i < photos; ++i) finish_photo(plan, first + i, i);
    report_progress(photos);
    return true;
  }

  // Photos that were decoded but will not be computed have no row: they are as if never begun.
  bool abandon(std::int64_t first, std::int64_t photos) {
    for (std::int64_t i = 0; i < photos; ++i) {
      if (outcome(first + i).state == PhotoOutcome::State::decoded) outcome(first + i) = {};
    }
    return false;
  }

  void decode(std::int64_t position, float* dst) {
    const std::int64_t photo = selected_[static_cast<std::size_t>(position)];
    std::function<void(std::span<const std::byte>)> seen;
    if (options_.seen) seen = [&](std::span<const std::byte> bytes) { options_.seen(photo, bytes); };
    outcome(position) = read_photo(photos_[static_cast<std::size_t>(photo)], input_[0], input_[1],
                                   options_.decode, dst, seen);
    if (options_.strict && outcome(position).state == PhotoOutcome::State::skipped) lower_limit(position);
  }

  // Batches are begun in order, and photos in front of the limit are still decoded: the first failure of the
  // list is found however the streams race.
  void lower_limit(std::int64_t position) {
    std::int64_t limit = limit_;
    while (position < limit && !limit_.compare_exchange_weak(limit, position)) {
    }
  }

  // Copies a photo's row out of every output of the plan.
  void finish_photo(const Plan& plan, std::int64_t position, std::int64_t sample) {
    if (outcome(position).state != PhotoOutcome::State::decoded) return;
    float* row = rows_.data() + selected_[static_cast<std::size_t>(position)] * width_;
    for (std::size_t output = 0; output < plan.outputs().size(); ++output) {
      const std::int64_t elements = plan.outputs()[output].shape.without_batch().elements();
      row =
          std::copy_n(reinterpret_cast<const float*>(plan.output(output)) + sample * elements, elements, row);
    }
  }

  PhotoOutcome& outcome(std::int64_t position) {
    return report_.outcomes[static_cast<std::size_t>(selected_[static_cast<std::size_t>(position)])];
  }
  bool stopped() const { return options_.stop && *options_.stop; }

  void report_progress(std::int64_t photos) {
    const std::lock_guard lock(mutex_);
    done_ += photos;
    if (options_.progress) options_.progress(done_, count());
  }

  const Network& network_;
  std::span<const Photo> photos_;
  std::span<const std::int64_t> selected_;
  const PhotoStreamOptions& options_;
  Shape input_;
  std::int64_t width_;
  std::int64_t batch_;
  std::span<float> rows_;
  PhotoStreamReport report_;
  std::atomic<std::int64_t> next_{0};
  std::atomic<std::int64_t> limit_{none};  // no photo behind this position is begun
  std::mutex mutex_;
  std::int64_t done_ = 0;  // under the mutex
};

}  // namespace

std::int64_t row_width(const Graph& graph) {
  std::int64_t width = 0;
  for (const int output : graph.outputs()) width += graph[output].shape.elements();
  return width;
}

PhotoStreamReport run_photos(const Network& network, std::span<const Photo> photos,
                             std::span<const std::int64_t> selected, const BackendFactory& backends,
                             const PhotoStreamOptions& options, Tensor& rows) {
  // The passes once, for all streams.
  const Network optimized = optimize_for_inference(network);
  PhotoJob job(optimized, photos, selected, options, rows);
  const int threads = resolve_threads(options.threads);
  const int per_stream = std::clamp(options.threads_per_stream, 1, threads);
  const int streams = static_cast<int>(std::min<std::int64_t>(threads / per_stream, job.batches()));
  std::vector<std::shared_ptr<const Backend>> stream_backends;
  for (int stream = 0; stream < streams; ++stream) stream_backends.push_back(backends(per_stream));
  run_workers(streams, [&](int stream) { job.stream(stream_backends[static_cast<std::size_t>(stream)]); });
  return job.finish();
}

std::int64_t PhotoStreamReport::count(PhotoOutcome::State state) const {
  return std::ranges::count(outcomes, state, &PhotoOutcome::state);
}

std::vector<PhotoMessage> messages(std::span<const Photo> photos, const PhotoStreamReport& report,
                                   PhotoOutcome::State state) {
  std::vector<PhotoMessage> found;
  for (std::size_t i = 0; i < photos.size(); ++i) {
    const PhotoOutcome& outcome = report.outcomes[i];
    if (outcome.state == state && !outcome.message.empty())
      found.push_back({photos[i].name, outcome.message});
  }
  return found;
}

}  // namespace petal
