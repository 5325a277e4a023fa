#include "kernels/cpu/layout/copy.h"

#include <algorithm>
#include <cstring>

namespace petal::cpu {
namespace {

class CopyForward final : public Kernel {
 public:
  explicit CopyForward(std::size_t bytes) : bytes_(bytes) {}
  void run(const Bindings& bindings) override { copy_bytes(bindings.dst, bindings.src[0], bytes_); }
  std::string implementation() const override { return "copy"; }
  int in_place_input() const override { return 0; }

 private:
  std::size_t bytes_;
};

class CopyBackward final : public Kernel {
 public:
  explicit CopyBackward(std::size_t bytes) : bytes_(bytes) {}
  void run(const Bindings& bindings) override {
    for (std::byte* diff_src : bindings.diff_src) {
      if (diff_src) copy_bytes(diff_src, bindings.diff_dst, bytes_);
    }
  }
  std::string implementation() const override { return "copy"; }

 private:
  std::size_t bytes_;
};

}  // namespace

void copy_bytes(std::byte* to, const std::byte* from, std::size_t bytes) {
  if (to == from) return;
  constexpr std::size_t block = std::size_t{1} << 18;  // smaller ones are not worth waking a thread for
  const auto blocks = static_cast<std::int64_t>((bytes + block - 1) / block);
#pragma omp parallel for schedule(static) if (blocks > 1)
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::size_t begin = static_cast<std::size_t>(i) * block;
    std::memcpy(to + begin, from + begin, std::min(block, bytes - begin));
  }
}

KernelPointer prepare_copy(const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<CopyForward>(context.dst.bytes());
  return std::make_unique<CopyBackward>(context.dst.bytes());
}

}  // namespace petal::cpu
