#pragma once

#include <functional>
#include <memory>

#include "engine/backend.h"

namespace petal {

// Work that asks the same of a backend's kernels every time: it is recorded where the backend can do that,
// and from then on asked as a whole, which takes the host next to no time.
class RepeatedWork {
 public:
  // `work` is the same in every call. The first time it is done as it is, for libraries load then what they
  // need; the second time it is recorded.
  void run(const Backend& backend, const std::function<void()>& work);

 private:
  enum class Stage { fresh, loaded, recorded, not_recordable } stage_ = Stage::fresh;
  std::unique_ptr<Recording> recording_;
};

}  // namespace petal
