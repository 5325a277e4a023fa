#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/model.h"
#include "trainer/backend_factory.h"

namespace petal {

// What a network does while it is timed, on photos in memory: answer; train a new last layer over the frozen,
// augmented base, as `petal train --augment` does; or train all of its weights.
enum class Work { inference, training, from_scratch };
std::string_view to_string(Work work);
// Throws Error(--mode) that lists the known.
Work work_by_name(const std::string& name);

// One measurement.
struct BenchmarkCase {
  std::string name;    // for the table: "mobilenet_v2", a run folder
  std::string source;  // an architecture, a run folder, a model file; training takes architectures alone
  float alpha = 1.0f;
  std::int64_t image_size = 0;  // 0: the source's own
  Work work = Work::inference;
  std::int64_t batch = 32;  // 1: for latency, all threads on one photo; more: for throughput
  Precision precision = Precision::f32;
  int threads = 0;  // 0: the cores at hand
};

struct BenchmarkTiming {
  double warm_up_seconds = 0.5;
  double seconds = 2;  // of counted runs, at least five of them
  const std::atomic<bool>* stop = nullptr;
};

struct BenchmarkResult {
  BenchmarkCase what;  // with what was chosen in place of zeros
  int lanes = 1;       // networks side by side, a core each; 1: one on all threads
  std::int64_t micro_batch = 1;
  std::vector<double> milliseconds;  // of each counted run of a whole batch, sorted
  double compile_seconds = 0;
  std::int64_t peak_memory_bytes = 0;  // of the process, from before compiling to the last run
  std::int64_t parameters = 0;
  std::int64_t operations = 0;       // floating-point, a photo
  double share_of_limit = 0;         // of the devices' rate of matrix products
  std::optional<double> accuracy{};  // a run folder's, on its test photos

  double latency(double share) const;  // milliseconds; 0.5: the median
  double photos_per_second() const;    // by the median
  double spread() const;               // (p90 - p10) / p50
};

// Compiles and times one case. Weights are drawn where the source brings none. Throws Error as open_model and
// compile; Error(interrupted) where `stop` is set.
BenchmarkResult run_benchmark(const BenchmarkCase& what, const BackendFactory& backends,
                              const DeviceLimit& limit, const BenchmarkTiming& timing = {});

// The device's limit in one precision.
struct PrecisionLimit {
  Precision precision = Precision::f32;
  Precision measured_in = Precision::f32;  // f32 where the device has no products in the precision itself
  DeviceLimit limit{};
};

// What the results are printed as.
struct BenchmarkReport {
  std::string machine;                 // "AMD EPYC, 2 threads; oneDNN 2.6.3, AVX2, OpenMP"
  std::string device;                  // "cpu"
  std::vector<PrecisionLimit> limits;  // one a precision of the results
  std::vector<BenchmarkResult> results;
};
std::string to_text(const BenchmarkReport& report);
std::string to_json(const BenchmarkReport& report);  // indented by two blanks, with a newline at its end
std::string to_csv(const BenchmarkReport& report);
// Photos a second as bars; of results that have an accuracy, accuracy against speed.
std::string to_svg(const BenchmarkReport& report);

// The processor's name as the system gives it; "" where it does not.
std::string processor_name();
// Forgets the peak of the process's memory, so that peak_memory_bytes() tells of what comes after. Does
// nothing where the system does not let it.
void reset_peak_memory();

}  // namespace petal
