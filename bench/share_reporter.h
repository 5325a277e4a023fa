#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace petal::bench {

// Prints benchmarks as Google's library does, a group at a time, with two more counters: `times`, how many
// equal layers each stands for, and `percent`, the share of the group's time that these take. A line behind
// the group has its sum. Groups are printed in full only where their benchmarks run one after the other.
class ShareReporter final : public benchmark::ConsoleReporter {
 public:
  ShareReporter() : ConsoleReporter(OO_Tabular) {}

  // The benchmark `name` stands for `times` layers of `group`.
  void add(const std::string& name, const std::string& group, double times);

  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  struct Row {
    std::string group;
    double times = 1;
  };
  void print_group();

  std::map<std::string, Row> rows_;
  std::vector<std::vector<Run>> reports_;  // of the group that runs now
  std::string group_;
};

}  // namespace petal::bench
