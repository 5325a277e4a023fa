#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/profile.h"
#include "engine/repeated_work.h"
#include "engine/tensor.h"
#include "engine/uploaded_context.h"

namespace petal {

// The buffers that one step reads and writes, by number; -1 is none.
struct Operands {
  std::vector<int> src;
  std::vector<const std::byte*> weights;  // outside the arena
  int dst = -1;
  int diff_dst = -1;
  std::vector<int> diff_src;
  std::vector<std::byte*> diff_weights;  // outside the arena
  std::vector<float*> statistics;        // likewise
  int workspace = -1;
};

// A list of steps over one arena: what inference and training plans are made of. Steps and buffers are
// declared, then `finish` lays out memory by lifetimes and sets every pointer; running allocates nothing.
class Executor {
 public:
  explicit Executor(std::shared_ptr<const Backend> backend)
      : backend_(std::move(backend)), memory_(backend_->memory()) {}

  int add_buffer(std::size_t bytes);
  // The buffer holds its content from before the first step, or until after the last.
  void hold_from_start(int buffer);
  void hold_to_end(int buffer);
  void add_step(std::unique_ptr<Kernel> kernel, Operands operands, ProfileEntry entry);
  // `samples`: how many a run has at most. `what` is planned, for the Error where memory is short.
  void finish(std::int64_t samples, const std::string& what);

  // In the backend's memory.
  std::byte* address(int buffer) const;
  HostMirror mirror(int buffer) const;
  // From now on the steps that read what the buffer holds from before the first step read `data` instead, in
  // the backend's memory too; null: the buffer again. After finish().
  void read_from(int buffer, const std::byte* data);
  int step_count() const { return static_cast<int>(steps_.size()); }
  std::size_t arena_bytes() const { return arena_.size(); }
  const Backend& backend() const { return *backend_; }
  const std::shared_ptr<const Memory>& memory() const { return memory_; }

  void run(const RunContext& context);
  void set_profiling(bool on) { profiling_ = on; }
  const Profile& profile() const { return profile_; }
  Profile& profile() { return profile_; }

 private:
  struct Step {
    std::unique_ptr<Kernel> kernel;
    Operands operands;
    std::vector<const std::byte*> src;
    std::vector<std::byte*> diff_src;
    Bindings bindings;
  };
  struct DeclaredBuffer {
    std::size_t bytes = 0;
    bool from_start = false;
    bool to_end = false;
  };
  void allocate(std::size_t bytes, const std::string& what);
  void bind(Step& step, std::byte* scratch);
  void run_step(Step& step, const RunContext& context);
  void run_profiled(const RunContext& context);

  std::shared_ptr<const Backend> backend_;
  std::shared_ptr<const Memory> memory_;
  std::vector<DeclaredBuffer> buffers_;
  std::vector<std::size_t> offsets_;
  std::vector<std::unique_ptr<Step>> steps_;  // each at its own address: bindings point into it
  DeviceArray arena_;
  UploadedContext context_;
  RepeatedWork repeated_;
  Profile profile_;
  bool profiling_ = false;
  std::vector<std::shared_ptr<Memory::Mark>> marks_;  // around each step, where they are profiled
};

}  // namespace petal
