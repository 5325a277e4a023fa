#include "trainer/decoded_batches.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "engine/stopwatch.h"
#include "trainer/workers.h"

namespace petal {

// A ring of batches: batch b lies in slot b % ahead, and is filled once batch b - ahead has been consumed.
struct DecodedBatches::State {
  std::span<const Photo> photos;
  std::vector<std::int64_t> order;
  DecodedBatchesOptions options;

  std::mutex mutex;
  std::condition_variable room, ready;
  std::vector<DecodedBatch> ring;
  std::vector<std::int64_t> missing;  // photos of the slot's batch that are not decoded yet
  std::int64_t begun = 0;             // positions handed to threads
  std::int64_t consumed = 0;          // batches given back by the consumer
  std::int64_t given = 0;             // batches that next() has returned
  bool end = false;
  std::exception_ptr failure;
  double waited = 0;
  std::vector<std::jthread> threads;  // last: joined before the rest goes

  std::int64_t count() const { return static_cast<std::int64_t>(order.size()); }
  std::size_t slot(std::int64_t batch) const { return static_cast<std::size_t>(batch % options.ahead); }
  bool has_room() const { return begun / options.batch < consumed + options.ahead; }

  void decode_photos();
  void open_batch(std::int64_t batch);
  void decode(std::int64_t position);
};

void DecodedBatches::State::decode_photos() {
  std::unique_lock lock(mutex);
  while (true) {
    room.wait(lock, [&] { return end || begun == count() || has_room(); });
    if (end || begun == count()) return;
    const std::int64_t position = begun++;
    if (position % options.batch == 0) open_batch(position / options.batch);
    lock.unlock();
    decode(position);
    lock.lock();
    if (--missing[slot(position / options.batch)] == 0) ready.notify_one();
  }
}

// Under the mutex, by the thread that takes the batch's first photo, so before any other of its photos.
void DecodedBatches::State::open_batch(std::int64_t batch) {
  DecodedBatch& opened = ring[slot(batch)];
  opened.first = batch * options.batch;
  opened.count = std::min(options.batch, count() - opened.first);
  opened.outcomes.assign(static_cast<std::size_t>(opened.count), {});
  missing[slot(batch)] = opened.count;
  const std::span<float> pixels = opened.pixels.values<float>();
  std::ranges::fill(pixels.subspan(pixels.size() / static_cast<std::size_t>(options.batch) *
                                   static_cast<std::size_t>(opened.count)),
                    0.0f);
}

void DecodedBatches::State::decode(std::int64_t position) {
  try {
    DecodedBatch& batch = ring[slot(position / options.batch)];
    const std::int64_t sample = position % options.batch;
    float* dst = batch.pixels.values<float>().data() + sample * options.height * options.width * 3;
    const Photo& photo = photos[static_cast<std::size_t>(order[static_cast<std::size_t>(position)])];
    batch.outcomes[static_cast<std::size_t>(sample)] =
        read_photo(photo, options.height, options.width, options.decode, dst);
  } catch (...) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::current_exception();
    end = true;
    ready.notify_one();
    room.notify_all();
  }
}

DecodedBatches::DecodedBatches(std::span<const Photo> photos, std::vector<std::int64_t> order,
                               const DecodedBatchesOptions& options)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.photos = photos;
  state.order = std::move(order);
  state.options = options;
  state.options.ahead = std::max(1, options.ahead);
  state.options.batch = std::max<std::int64_t>(1, options.batch);
  state.missing.assign(static_cast<std::size_t>(state.options.ahead), 0);
  for (int slot = 0; slot < state.options.ahead; ++slot) {
    state.ring.push_back(
        {.pixels = Tensor(Shape{state.options.batch, options.height, options.width, 3}), .outcomes = {}});
  }
  const int threads = resolve_threads(options.threads);
  for (int thread = 0; thread < threads; ++thread) {
    state.threads.emplace_back([&state] { state.decode_photos(); });
  }
}

DecodedBatches::~DecodedBatches() {
  const std::lock_guard lock(state_->mutex);
  state_->end = true;
  state_->room.notify_all();
}

const DecodedBatch* DecodedBatches::next() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.consumed = state.given;
  state.room.notify_all();
  const std::int64_t batch = state.given;
  const std::int64_t first = batch * state.options.batch;
  if (first >= state.count()) return nullptr;
  const auto whole = [&] { return state.begun > first && state.missing[state.slot(batch)] == 0; };
  const Stopwatch waiting;
  state.ready.wait(lock, [&] { return state.failure || whole(); });
  state.waited += waiting.seconds();
  if (state.failure) std::rethrow_exception(state.failure);
  ++state.given;
  return &state.ring[state.slot(batch)];
}

double DecodedBatches::seconds_waited() const {
  return state_->waited;
}

}  // namespace petal
