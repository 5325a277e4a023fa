#pragma once

#include <string>

#include "trainer/train_classifier.h"

namespace petal {

// Wall-clock seconds of the whole transfer job, nothing cached, by stage. In the job itself decoding and
// computing features overlap: `decode` is that work alone, measured before.
struct EndToEnd {
  std::int64_t photos = 0, skipped = 0;
  double scan = 0;
  double decode = 0;
  StageSeconds job;  // `load` has the scan in it, `features` the decoding
  double accuracy = 0;
  std::int64_t peak_memory_bytes = 0;
};

// Runs the job of `options` without a cache, a checkpoint or a run folder. Throws Error as train_classifier.
EndToEnd run_end_to_end(TrainOptions options, const BackendFactory& backends, const TrainEvents& events = {});

std::string to_text(const EndToEnd& result);
std::string to_json(const EndToEnd& result);  // indented by two blanks, with a newline at its end

}  // namespace petal
