#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/communicator.h"
#include "engine/graph.h"
#include "engine/loss.h"
#include "engine/memory.h"
#include "engine/optimizer.h"
#include "engine/tensor.h"

namespace petal {

class LossScale;
struct StepState;

enum class Mode { inference, training };
enum class Precision { f32, bf16, f16, f64 };  // f64: the reference backend's, for gradient checks
std::string_view to_string(Precision precision);
// What bf16 is beside f32 on a device: where it depends on the network, only a measurement tells.
enum class Bfloat16Speed { slower, depends, faster };
DataType data_type(Precision precision);

// The three computations of a node. backward_data gives diff_src, backward_weights gives diff_weights.
enum class Direction { forward, backward_data, backward_weights };
std::string_view to_string(Direction direction);

// The key of a run's random layers.
struct RunKey {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
};

// What changes from run to run besides the data.
struct RunContext {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::span<const std::uint32_t> samples;  // the identity of each sample of the batch; empty: its position
  // The same in the backend's memory, where that is apart; set by plans, at the same places in every run.
  const RunKey* device_key = nullptr;
  const std::uint32_t* device_samples = nullptr;
};

// Where a kernel reads and writes, set anew by the plan for each run. Arrays are dense, (N, ...), in the
// backend's memory. src, dst and their gradients are of the types that the kernel was prepared for; weights
// as weight_type (value_types.h) says; diff_weights and statistics float32, in f64 float64.
//
// THE accumulation rule: a kernel assigns every element of each of its outputs (dst; or diff_src; or
// diff_weights) and never reads one first. Where several gradients meet in one value, the plan sums them in a
// step of its own.
struct Bindings {
  std::span<const std::byte* const>
      src;  // one an input; backward: null where BackwardNeeds says it is not read
  std::span<const std::byte* const>
      weights;                           // in order of declare_weights; not read where they were constant
  std::byte* dst = nullptr;              // forward: written; backward: read where BackwardNeeds says so
  const std::byte* diff_dst = nullptr;   // backward: read
  std::span<std::byte* const> diff_src;  // backward_data: written; null where that input wants no gradient
  std::span<std::byte* const>
      diff_weights;  // backward_weights: written, in order of declare_weights; null for statistics
  // Training forward of a BatchNormalization that is not frozen: its moving statistics, in order of
  // declare_weights, updated in place. The one thing that a kernel both reads and writes; null elsewhere.
  std::span<float* const> statistics{};
  std::byte* workspace = nullptr;  // training: written by forward, read by backward
  std::byte* scratch = nullptr;    // scratch_bytes() of any content
  const RunContext* context = nullptr;
};

// What a kernel is prepared for.
struct PrepareContext {
  const Node& node;
  Direction direction = Direction::forward;
  Mode mode = Mode::inference;
  Precision precision = Precision::f32;
  std::vector<TensorDescription> src;  // with N
  TensorDescription dst;               // with N
  std::vector<const Tensor*> weights;  // float32, in order of declare_weights
  bool constant_weights = false;  // the numbers above hold for good: pack them now; else Bindings brings them
  std::uint32_t layer = 0;        // the node's number for RandomStream
};

// A compiled node: prepared once, run many times. run() allocates nothing and creates nothing.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // What the host has to do before a run: it draws what `run` reads. With it done, `run` asks the same of a
  // device whatever the context is, so that what it asked can be recorded (Backend::record).
  virtual void begin_run(const RunContext&) {}
  virtual void run(const Bindings& bindings) = 0;
  virtual std::size_t scratch_bytes() const { return 0; }
  virtual std::size_t workspace_bytes() const { return 0; }  // of forward kernels in training
  virtual std::string implementation() const = 0;            // the vendor's name for it, for the profile
  // Forward: the input in whose memory dst may be written (dst == src[i]), or -1. The plan shares the memory
  // where nothing reads that input afterwards; a kernel must work either way.
  virtual int in_place_input() const { return -1; }
};

// The gradient of the mean loss over a batch.
class LossKernel {
 public:
  virtual ~LossKernel() = default;
  // All of it is in the backend's memory.
  struct Arrays {
    const std::byte* predictions = nullptr;  // (N, C)
    const std::byte* targets = nullptr;      // as the loss says
    const float* sample_weights = nullptr;   // (N); null: ones
    const LossScale* scale = nullptr;        // the factor of the gradient alone; null: 1
    float* losses = nullptr;                 // (N): assigned, each times its sample's weight, not divided
    // (N, C): assigned d(sum(losses) / N) / d(predictions), times the scale's factor
    std::byte* diff_predictions = nullptr;
  };
  virtual void run(const Arrays& arrays) = 0;
};

// One optimiser step over all parameters. A plan may hand over slices of arrays, several slices at once from
// several threads: nothing here looks beyond a slice. Every array and number is in the backend's memory, and
// what is asked may be under way still when a function returns: none of them waits.
class UpdateKernel {
 public:
  virtual ~UpdateKernel() = default;
  struct Parameter {
    float* weights = nullptr;       // updated in place by run
    float* diff_weights = nullptr;  // updated in place by unscale and regularize, read by run
    std::vector<float*> slots{};    // slot_count(optimizer) arrays of the weights' size, updated in place
    std::int64_t elements = 0;
    Regularizer regularizer{};
    std::byte* rounded = nullptr;  // a copy of the weights for kernels to read, assigned by run and round
    DataType rounded_type = DataType::bf16;
  };
  struct StepOptions {
    const StepState* state = nullptr;  // begin_step was asked for this step
    float clip_value = 0;              // each gradient is first cut to [-clip_value, clip_value]; 0: not
    const float* scales = nullptr;     // then, one a parameter, multiplied by it; null: ones
  };
  // Adds the regularisers' gradients, l1 * sign(w) + 2 * l2 * w, to diff_weights. Assigns the penalty, sum(l1
  // * |w| + l2 * w^2), of each parameter that has a regulariser; the others' places are left as they are.
  virtual void regularize(std::span<const Parameter> parameters, double* penalties) const = 0;
  // The sum of the squares of each parameter's gradient, in double: what clipping by norm needs.
  virtual void sum_squares(std::span<const Parameter> parameters, double* sums) const = 0;
  // clipping_scales (optimizer.h), one a parameter.
  virtual void scale_by_norms(const GradientClipping& clipping, const double* square_sums, int parameters,
                              float* scales) const;
  // Divides the gradients by the scale's factor. Assigns 1 where all of them are finite then, else 0.
  virtual void unscale(std::span<const Parameter> parameters, const LossScale* scale,
                       std::int32_t* finite) const;
  // state->begin_step, with whether all of `count` flags of unscale are set; true where there are none.
  virtual void begin_step(StepState* state, const std::int32_t* finite, int count) const;
  // Does nothing where the step is not taken.
  virtual void run(std::span<const Parameter> parameters, const StepOptions& options) const = 0;
  // Assigns `rounded`, where there is one, from the weights as they stand: to the nearest, ties to even.
  virtual void round(std::span<const Parameter> parameters) const = 0;
  // A part of a gradient, and the sum that it belongs to.
  struct Part {
    float* sum = nullptr;
    const float* part = nullptr;
    std::int64_t elements = 0;
  };
  // Adds each part to its sum; `first`: the sum begins with it.
  virtual void accumulate(std::span<const Part> parts, bool first) const;
};

// What was asked of a backend, to be asked again as a whole.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void run() = 0;
};

// What a device can do at most, measured: what shares of the limit are shares of.
struct DeviceLimit {
  double operations_per_second = 0;  // of a large matrix product, a multiply-add counting as two
  double bytes_per_second = 0;       // of a large copy: read and written
};

struct Support {
  bool supported = true;
  std::string reason;  // what is lacking, for the error
};

// A device and the kernels for it. `supports` is asked at compile time; what is not supported is an Error
// that names the node, never a silent fallback. A backend outlives the kernels that it made.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;  // "cpu", "reference", "cuda"
  virtual int threads() const = 0;
  // What its kernels read and write; the same for all of them. The host's own unless it says otherwise.
  virtual std::shared_ptr<const Memory> memory() const { return host_memory(); }
  virtual Support supports(const Node& node, Precision precision, Direction direction) const = 0;
  virtual std::unique_ptr<Kernel> prepare(const PrepareContext& context) const = 0;
  // One kernel for nodes of which each reads the one before it and alone does so: what lies between them is
  // never in memory as a whole. src is the first's and, where the last has a fused residual, that; dst is the
  // last's; weights and statistics are all of theirs. Backward reads no dst; the device has it where it has
  // forward. Null where it has none for such a chain.
  virtual std::unique_ptr<Kernel> prepare_chain(std::span<const PrepareContext>) const { return nullptr; }
  // Adds `terms` arrays of `elements` numbers into dst (which is not one of them): src[0] + src[1] + ...
  virtual std::unique_ptr<Kernel> prepare_sum(Precision precision, std::int64_t elements,
                                              int terms) const = 0;
  virtual std::unique_ptr<LossKernel> prepare_loss(const Loss& loss, TensorDescription predictions) const = 0;
  virtual std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer) const = 0;
  // A backend of the same kind for one core, where several plans at once, each on its core, are the faster
  // way to use the device; null where one plan at a time is (a GPU, the reference). Its memory is the host's.
  virtual std::shared_ptr<const Backend> for_one_core() const { return nullptr; }
  // Calls `work` and keeps what it asks of this backend's kernels, which must be kernels' runs alone; none of
  // it is done. Null where there is no such thing, or where something that was asked cannot be kept.
  virtual std::unique_ptr<Recording> record(const std::function<void()>&) const { return nullptr; }
  // Where training is to run on several devices at once: a backend for each, by rank, made anew, which sum
  // over each other by their communicators. Empty where it runs on this one.
  virtual std::vector<std::shared_ptr<const Backend>> make_replicas() const { return {}; }
  // Of a replica; else null.
  virtual const Communicator* communicator() const { return nullptr; }
  // Measured now, on all of its threads, in a fraction of a second; zeros where there is no way to.
  virtual DeviceLimit measure_limit(Precision) const { return {}; }
  // Called on the executing thread before each run: sets its thread count, its device.
  virtual void enter() const {}
};

// The Error for a node that a backend does not support.
[[noreturn]] void throw_unsupported(const Backend& backend, const Node& node, Precision precision,
                                    Direction direction, const std::string& reason);

}  // namespace petal
