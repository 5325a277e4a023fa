#pragma once

#include <string>
#include <vector>

#include "trainer/performance/workload.h"

namespace petal {

// One step of a plan as `petal profile` shows it, with the reorders that its kernel makes inside: numbers of
// one run of the whole batch. Milliseconds are of the wall clock: where lanes work side by side, a lane's
// time.
struct LayerTiming {
  std::string name, kind, phase, block;
  std::string src, dst;        // shapes, with the samples that go through at a time
  std::string precision;       // of its arrays; of rows joined: bf16 where one has it
  std::string implementation;  // as the vendor names it
  double milliseconds = 0;
  double share = 0;  // of all steps
  double operations = 0, bytes = 0;
  double gflops = 0, gigabytes = 0;  // a second, all lanes together
  // The time that the device would take at its limit, of operations or of bytes, whichever is more, as a
  // share of the time taken; 0 where the limit is not known.
  double share_of_limit = 0;
};

struct LayerProfile {
  BenchmarkCase what;
  std::string machine;
  DeviceLimit limit;
  Precision limit_measured_in = Precision::f32;  // as PrecisionLimit has it
  int lanes = 1;
  std::int64_t micro_batch = 1;
  std::vector<LayerTiming> layers;   // in order of execution; without the input
  double step_milliseconds = 0;      // unprofiled, the median
  double profiled_milliseconds = 0;  // the sum of the layers and the input
  double input_milliseconds = 0;     // waiting for photos
  std::vector<ProfileEvent> events;  // of the last run; entry: the layer, or -1 for the input
  // How far the layers' sum is from the unprofiled step, as a share of it.
  double disagreement() const { return profiled_milliseconds / step_milliseconds - 1; }
};

// Runs the case unprofiled and profiled, by turns, so that a machine whose speed drifts does not part them.
LayerProfile profile_layers(const BenchmarkCase& what, const BackendFactory& backends,
                            const BenchmarkTiming& timing = {});

// What rows of the printed profile are.
enum class ProfileRows { layer, block, kind };
// Throws Error(--by) that lists the known.
ProfileRows profile_rows_by_name(const std::string& name);
// Rows joined: times, operations and bytes are summed; in order of first appearance.
std::vector<LayerTiming> grouped(const LayerProfile& profile, ProfileRows rows);

// `by_time`: the slowest first, at most `most` rows (0: all).
std::string to_text(const LayerProfile& profile, ProfileRows rows, bool by_time, std::size_t most);
std::string to_json(const LayerProfile& profile);
// The last run as chrome://tracing and Perfetto open it (the trace event format).
std::string to_trace(const LayerProfile& profile);
// A page that stands alone: where the time goes, as a picture and as a table.
std::string to_html(const LayerProfile& profile);

}  // namespace petal
