#include "engine/repeated_work.h"

namespace petal {

void RepeatedWork::run(const Backend& backend, const std::function<void()>& work) {
  if (stage_ == Stage::loaded) {
    recording_ = backend.record(work);
    stage_ = recording_ ? Stage::recorded : Stage::not_recordable;
  }
  if (stage_ == Stage::recorded) return recording_->run();
  work();
  if (stage_ == Stage::fresh) stage_ = Stage::loaded;
}

}  // namespace petal
