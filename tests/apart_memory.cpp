#include "tests/apart_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <iterator>
#include <new>
#include <stdexcept>

#include "engine/stopwatch.h"

namespace petal::testing {
namespace {

constexpr std::size_t page = 4096;

bool holds(const std::map<const void*, std::size_t>& blocks, const void* data) {
  const auto after = blocks.upper_bound(data);
  if (after == blocks.begin()) return false;
  const auto& [block, bytes] = *std::prev(after);
  return static_cast<const std::byte*>(data) < static_cast<const std::byte*>(block) + bytes;
}

struct LateMark final : Memory::Mark {
  std::shared_ptr<LateOrder> order;  // null: never set
  std::size_t end = 0;
  std::shared_ptr<double> passed;  // when it was, where it is timed
  void wait() const override {
    if (order) order->run_to(end);
  }
};

}  // namespace

void LateOrder::run_to(std::size_t end) {
  while (done_ < end) {
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    ++done_;
    work();
  }
}

// Opens all blocks, or, where as many have closed them as opened them, closes them.
void ApartMemory::Shared::open(bool reachable) {
  visits += reachable ? 1 : -1;
  if (visits != (reachable ? 1 : 0)) return;
  for (const auto& [block, bytes] : blocks)
    mprotect(const_cast<void*>(block), bytes, reachable ? PROT_READ | PROT_WRITE : PROT_NONE);
}

// Before a block goes: what was asked may still want it.
void ApartMemory::Shared::finish_all() {
  for (const std::weak_ptr<LateOrder>& one : std::vector(orders))
    if (const auto order = one.lock()) order->run_to(order->end());
}

ApartMemory::ApartMemory() : ApartMemory(std::make_shared<Shared>()) {}
ApartMemory::ApartMemory(std::shared_ptr<Shared> shared)
    : shared_(std::move(shared)), order_(std::make_shared<LateOrder>()) {
  shared_->orders.push_back(order_);
}

// Whole pages, out of reach unless a visit is under way.
std::shared_ptr<std::byte> ApartMemory::allocate(std::size_t bytes) const {
  const std::size_t whole = (bytes + page - 1) / page * page;
  void* block = mmap(nullptr, whole, shared_->visits > 0 ? PROT_READ | PROT_WRITE : PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  shared_->blocks[block] = whole;
  return {static_cast<std::byte*>(block), [shared = shared_](std::byte* data) {
            shared->finish_all();
            munmap(data, shared->blocks.at(data));
            shared->blocks.erase(data);
          }};
}

std::shared_ptr<std::byte> ApartMemory::allocate_staging(std::size_t bytes) const {
  std::shared_ptr<std::byte> block = host_memory()->allocate(bytes);
  std::byte* data = block.get();
  shared_->staging[data] = bytes;
  return {data, [shared = shared_, block = std::move(block)](std::byte* staging) {
            shared->finish_all();
            shared->staging.erase(staging);
          }};
}

void ApartMemory::ask(std::function<void()> work) const {
  if (shared_->is_kept) throw std::logic_error("what is recorded are runs of kernels alone");
  if (shared_->visits > 0) return work();
  order_->ask(std::move(work));
}

// Staging is read when the copy is made, other memory before this returns.
void ApartMemory::upload(const std::byte* src, std::byte* dst, std::size_t bytes) const {
  const auto copy = [shared = shared_, dst, bytes](const std::byte* from) {
    shared->open(true);
    std::memcpy(dst, from, bytes);
    shared->open(false);
  };
  if (holds(shared_->staging, src)) return ask([copy, src] { copy(src); });
  ask([copy, kept = std::vector(src, src + bytes)] { copy(kept.data()); });
}

void ApartMemory::download(const std::byte* src, std::byte* dst, std::size_t bytes) const {
  ask([shared = shared_, src, dst, bytes] {
    shared->open(true);
    std::memcpy(dst, src, bytes);
    shared->open(false);
  });
}

void ApartMemory::zero(std::byte* dst, std::size_t bytes) const {
  ask([shared = shared_, dst, bytes] {
    shared->open(true);
    std::memset(dst, 0, bytes);
    shared->open(false);
  });
}

std::shared_ptr<Memory::Mark> ApartMemory::make_mark(bool timed) const {
  const auto mark = std::make_shared<LateMark>();
  if (timed) mark->passed = std::make_shared<double>(0.0);
  return mark;
}
double ApartMemory::seconds_between(const Mark& from, const Mark& to) const {
  return *static_cast<const LateMark&>(to).passed - *static_cast<const LateMark&>(from).passed;
}
void ApartMemory::set(Mark& mark) const {
  auto& late = static_cast<LateMark&>(mark);
  if (late.passed) ask([passed = late.passed] { *passed = steady_seconds(); });
  // What a visit asks is done already, and the place behind all else is not yet its turn.
  late.order = shared_->visits > 0 ? nullptr : order_;
  late.end = order_->end();
}
void ApartMemory::wait_for(const Mark& mark) const {
  ask([mark = static_cast<const LateMark&>(mark)] { mark.wait(); });
}
std::shared_ptr<const Memory> ApartMemory::beside() const {
  return std::shared_ptr<const Memory>(new ApartMemory(shared_));
}

void ApartMemory::visit(std::function<void()> work) const {
  if (shared_->is_kept) return work();
  ask([shared = shared_, work = std::move(work)] {
    shared->open(true);
    try {
      work();
    } catch (...) {
      shared->open(false);
      throw;
    }
    shared->open(false);
  });
}

void ApartMemory::require(const void* data) const {
  if (data != nullptr && !holds(shared_->blocks, data))
    throw std::logic_error("a kernel was handed memory of the host");
}

}  // namespace petal::testing
