#pragma once

#include <type_traits>

#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// A few numbers of each sample that the host draws before a run and a kernel reads: what augmentation draws
// is to be the same on every device, to the last bit.
template <class Entry>
class SampleTable {
 public:
  SampleTable(const Device& device, Index samples)
      : array_(device.memory, static_cast<std::size_t>(samples) * sizeof(Entry)),
        host_(device.memory, array_.data(), array_.size()),
        samples_(samples) {}

  // Entry n is draw(n); queued before what is launched next.
  template <class Draw>
  void fill(const Draw& draw) const {
    auto* entries = reinterpret_cast<Entry*>(host_.writable());
    for (Index n = 0; n < samples_; ++n) entries[n] = draw(n);
    host_.upload();
  }
  // On the device.
  const Entry* entries() const { return reinterpret_cast<const Entry*>(array_.data()); }

 private:
  DeviceArray array_;
  HostMirror host_;
  Index samples_;
};

// Launches that read such a table: entry n is draw(context of the run, n), run(bindings, entries) queues
// them.
template <class Draw, class Run>
class DrawnLaunches final : public Kernel {
 public:
  using Entry = std::invoke_result_t<Draw, const RunContext&, Index>;
  DrawnLaunches(const Device& device, Index samples, Draw draw, Run run, KernelFacts facts)
      : table_(device, samples), draw_(std::move(draw)), run_(std::move(run)), facts_(std::move(facts)) {}
  void begin_run(const RunContext& context) override {
    table_.fill([&](Index n) { return draw_(context, n); });
  }
  void run(const Bindings& bindings) override { run_(bindings, table_.entries()); }
  std::size_t scratch_bytes() const override { return facts_.scratch_bytes; }
  std::string implementation() const override { return facts_.implementation; }
  int in_place_input() const override { return facts_.in_place_input; }

 private:
  SampleTable<Entry> table_;
  Draw draw_;
  Run run_;
  KernelFacts facts_;
};

template <class Draw, class Run>
KernelPointer drawn_launches(const Device& device, Index samples, Draw draw, Run run,
                             KernelFacts facts = {}) {
  return std::make_unique<DrawnLaunches<Draw, Run>>(device, samples, std::move(draw), std::move(run),
                                                    std::move(facts));
}

}  // namespace petal::cuda
