#include "engine/batch_share.h"

#include <doctest/doctest.h>

#include <vector>

using namespace petal;

namespace {

class Place final : public Communicator {
 public:
  Place(int devices, int rank) : devices_(devices), rank_(rank) {}
  int devices() const override { return devices_; }
  int rank() const override { return rank_; }
  void sum(std::span<const Array>) const override {}
  void abort() const override {}

 private:
  int devices_, rank_;
};

}  // namespace

TEST_CASE("a device alone takes the whole batch") {
  const BatchShare share = batch_share(7, nullptr);
  CHECK(share.first == 0);
  CHECK(share.count == 7);
  CHECK(share.all == 7);
}

TEST_CASE("devices take every sample of a batch equally often") {
  for (int devices = 1; devices <= 5; ++devices) {
    for (std::int64_t count = 1; count <= 13; ++count) {
      std::vector<int> taken(static_cast<std::size_t>(count), 0);
      std::int64_t all = 0, least = count, most = 0;
      for (int rank = 0; rank < devices; ++rank) {
        const Place place(devices, rank);
        const BatchShare share = batch_share(count, &place);
        CAPTURE(devices);
        CAPTURE(count);
        REQUIRE(share.count > 0);
        REQUIRE(share.first + share.count <= count);
        CHECK(share.all == (count < devices ? count * devices : count));
        for (std::int64_t i = 0; i < share.count; ++i) ++taken[static_cast<std::size_t>(share.first + i)];
        all += share.count;
        least = std::min(least, share.count);
        most = std::max(most, share.count);
      }
      CHECK(all == (count < devices ? count * devices : count));
      CHECK(most - least <= 1);
      for (const int times : taken) CHECK(times == (count < devices ? devices : 1));
    }
  }
}
