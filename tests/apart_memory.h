#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/memory.h"

namespace petal::testing {

// What was asked of a memory, in order; nothing is done before someone waits for it.
class LateOrder {
 public:
  void ask(std::function<void()> work) { waiting_.push_back(std::move(work)); }
  // How much of it is done; the place behind all that was asked so far.
  std::size_t done() const { return done_; }
  std::size_t end() const { return done_ + waiting_.size(); }
  void run_to(std::size_t end);

 private:
  std::deque<std::function<void()>> waiting_;
  std::size_t done_ = 0;
};

// Memory as a device has it: only what visits it may touch it (kernels at work, and the functions of Memory),
// and what is asked of it is done as late as its contract lets it be: when the host waits for it.
class ApartMemory final : public Memory {
 public:
  ApartMemory();

  bool is_apart() const override { return true; }
  std::shared_ptr<std::byte> allocate(std::size_t bytes) const override;
  std::shared_ptr<std::byte> allocate_staging(std::size_t bytes) const override;
  void upload(const std::byte* src, std::byte* dst, std::size_t bytes) const override;
  void download(const std::byte* src, std::byte* dst, std::size_t bytes) const override;
  void zero(std::byte* dst, std::size_t bytes) const override;
  void wait() const override { order_->run_to(order_->end()); }
  std::shared_ptr<Mark> make_mark(bool timed) const override;
  void set(Mark& mark) const override;
  void wait_for(const Mark& mark) const override;
  double seconds_between(const Mark& from, const Mark& to) const override;
  std::shared_ptr<const Memory> beside() const override;
  // How many blocks there are, staging too.
  std::size_t blocks() const { return shared_->blocks.size() + shared_->staging.size(); }

  const LateOrder& order() const { return *order_; }
  // Work that visits the memory, in order with all else; a visit's own requests are done at once.
  void visit(std::function<void()> work) const;
  // While this is on, visits are made at once and see nothing of the memory: they only say what they would
  // do. Nothing else may be asked then.
  void keep(bool on) const { shared_->is_kept = on; }
  bool is_visited() const { return shared_->visits > 0; }
  // Throws std::logic_error unless it is null or some place in a block.
  void require(const void* data) const;

 private:
  using Blocks = std::map<const void*, std::size_t>;
  struct Shared {
    Blocks blocks, staging;
    std::vector<std::weak_ptr<LateOrder>> orders;
    int visits = 0;
    bool is_kept = false;
    void open(bool reachable);
    void finish_all();
  };

  explicit ApartMemory(std::shared_ptr<Shared> shared);
  void ask(std::function<void()> work) const;

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<LateOrder> order_;
};

}  // namespace petal::testing
