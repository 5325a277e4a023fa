// Damaged files of every kind, thousands of them: each is an error or loads completely, and Petal's own,
// which have a checksum, as they were. HDF5 1.10.8 crashes on some such files; that must stay in the guarded
// process that reads them. A child process does the loading here, and the parent counts how it ends.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <utility>

#include "engine/error.h"
#include "engine/random.h"
#include "io/hdf5/file.h"
#include "io/hdf5/keras_layout.h"
#include "io/hdf5/keras_weights.h"
#include "io/model_file.h"
#include "tests/io/tiny_network.h"

using namespace petal;
using namespace petal::testing;
namespace fs = std::filesystem;

namespace {

const fs::path golden = PETAL_SOURCE "/tests/golden/weights";
constexpr unsigned seconds_each = 30;  // the guarded process may use 10 of the processor

// What the child tells the parent, in memory that both see.
struct Outcome {
  int next = 0;       // the mutation that is being tried
  int refused = 0;    // Error(bad_input)
  int guarded = 0;    // of these: the library crashed, looped or took all memory on it
  int unchanged = 0;  // loaded, every number as it was
  int changed = 0;    // loaded, complete and finite, other numbers: damage of the numbers' own bytes
  int misled = 0;  // the same, but no number's own byte was hit: a damaged address or type that looks sound
  int wrong = 0;   // anything else
};

struct Verdict {
  Outcome outcome;
  int crashed = 0, hung = 0;
};

std::string bytes_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Mutation `index`, a pure function of it: one to four bytes become others, one bit flips, a block becomes
// zeros or a copy of another, or the file is cut. The first hundred cut it at every hundredth of its length.
std::string mutated(std::string bytes, int index) {
  if (index < 100) return bytes.substr(0, bytes.size() * static_cast<std::size_t>(index) / 100);
  const RandomStream random(20240601, RandomPurpose::drawing, static_cast<std::uint32_t>(index));
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const std::uint32_t kind = random.below(0, 8), at = random.below(1, size);
  constexpr std::uint32_t block = 48;
  if (kind == 0) bytes[at] ^= static_cast<char>(1u << random.below(2, 8));
  if (kind == 5) bytes.replace(at, block, std::min(block, size - at), '\0');
  if (kind == 6) bytes.replace(at, block, bytes.substr(random.below(2, size), std::min(block, size - at)));
  if (kind == 7) bytes.resize(at);
  for (std::uint32_t i = 0; kind < 5 && i < kind; ++i)
    bytes[random.below(3 + 2 * i, size)] = static_cast<char>(random.below(4 + 2 * i, 256));
  return bytes;
}

// A file and how it is loaded: into the weights of a tiny network whose every number is known.
struct Subject {
  std::string name;
  std::string bytes;
  Graph graph;
  std::function<Weights(const fs::path&)> load;
  std::vector<Hdf5Dataset> tensors;  // where its numbers lie
  bool has_checksum = false;
};

std::vector<Hdf5Dataset> tensors_of(const fs::path& path) {
  const Hdf5File file = Hdf5File::open(path);
  std::vector<Hdf5Dataset> tensors;
  for (const KerasLayer& layer : read_keras_layout(file).layers)
    for (const KerasTensor& tensor : layer.tensors) tensors.push_back(file.dataset(tensor.dataset));
  return tensors;
}

Subject weights_file(const std::string& file, const std::vector<std::string>& names) {
  const Graph graph = tiny_network(names);
  const auto load = [graph](const fs::path& path) {
    const Weights before = initialize(graph, 1);
    Weights weights = before;
    try {
      load_keras_weights(path, graph, weights);
    } catch (const Error&) {
      // The store must be as it was.
      for (const auto& [name, entry] : before.entries())
        if (weights.entries().at(name).tensor != entry.tensor) throw std::logic_error("a changed store");
      throw;
    }
    return weights;
  };
  return {file, bytes_of(golden / file), graph, load, tensors_of(golden / file)};
}

Subject petals_own(const std::string& suffix) {
  Model model;
  model.network.graph = tiny_network(given_names);
  model.labels = {"a", "b", "c"};
  const auto declarations = model.network.graph.weights();
  for (std::size_t t = 0; t < declarations.size(); ++t) {
    Tensor tensor(declarations[t].shape);
    for (std::size_t i = 0; i < tensor.values().size(); ++i) tensor.values()[i] = expected_value(t, i);
    model.network.weights.set(declarations[t].name, std::move(tensor), declarations[t].role);
  }
  const fs::path path =
      fs::temp_directory_path() / (std::to_string(getpid()) + "_petal_mutation_whole" + suffix);
  save_model(path, model);
  Subject subject{"Petal's own " + suffix, bytes_of(path), model.network.graph, {}, {}, true};
  fs::remove(path);
  subject.load = [](const fs::path& damaged) {
    const Model loaded = load_model(damaged);
    if (loaded.labels != std::vector<std::string>{"a", "b", "c"}) throw std::logic_error("other labels");
    return loaded.network.weights;
  };
  return subject;
}

class Trial {
 public:
  explicit Trial(const Subject& subject)
      : subject_(subject),
        path_(fs::temp_directory_path() / (std::to_string(getpid()) + "_petal_mutation.h5")),
        outcome_(static_cast<Outcome*>(
            mmap(nullptr, sizeof(Outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    REQUIRE(!subject_.bytes.empty());
    REQUIRE(outcome_ != MAP_FAILED);
    *outcome_ = {};
  }
  Trial(const Trial&) = delete;
  ~Trial() {
    munmap(outcome_, sizeof(Outcome));
    fs::remove(path_);
  }

  // The file as it is.
  Outcome run_undamaged() {
    *outcome_ = {};
    std::ofstream(path_, std::ios::binary) << subject_.bytes;
    try_one(subject_.bytes);
    return std::exchange(*outcome_, {});
  }

  // Children try the mutations one after the other; a child that dies is replaced, from the next mutation on.
  Verdict run(int mutations) {
    Verdict verdict;
    while (outcome_->next < mutations) {
      const pid_t child = fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        try_all(mutations);
        _exit(0);
      }
      int status = 0;
      REQUIRE(waitpid(child, &status, 0) == child);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
      const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
      ++(hung ? verdict.hung : verdict.crashed);
      MESSAGE("mutation " << outcome_->next << std::string(hung ? " hung" : " crashed"));
      ++outcome_->next;
    }
    verdict.outcome = *outcome_;
    return verdict;
  }

 private:
  void try_all(int mutations) {
    for (; outcome_->next < mutations; ++outcome_->next) {
      alarm(seconds_each);
      const std::string damaged = mutated(subject_.bytes, outcome_->next);
      std::ofstream(path_, std::ios::binary) << damaged;
      try_one(damaged);
    }
    alarm(0);
  }

  void try_one(const std::string& damaged) {
    try {
      ++counter_of(subject_.load(path_), hits_numbers(damaged));
    } catch (const Error& error) {
      ++(error.kind() == ErrorKind::bad_input ? outcome_->refused : outcome_->wrong);
      outcome_->guarded += std::string(error.what()).find("it is damaged: reading it") != std::string::npos;
    } catch (...) {
      ++outcome_->wrong;
    }
  }

  // The counter that a load belongs to.
  int& counter_of(const Weights& weights, bool numbers_hit) {
    bool unchanged = true;
    const auto declarations = subject_.graph.weights();
    for (std::size_t t = 0; t < declarations.size(); ++t) {
      const Tensor& tensor = weights.at(declarations[t].name);
      if (tensor.shape() != declarations[t].shape) return outcome_->wrong;
      for (std::size_t i = 0; i < tensor.values().size(); ++i) {
        if (!std::isfinite(tensor.values()[i])) return outcome_->wrong;
        unchanged = unchanged && tensor.values()[i] == expected_value(t, i);
      }
    }
    if (unchanged) return outcome_->unchanged;
    return numbers_hit ? outcome_->changed : outcome_->misled;
  }

  // Whether a byte differs among the tensors' own.
  bool hits_numbers(const std::string& damaged) const {
    const std::string& whole = subject_.bytes;
    for (const Hdf5Dataset& tensor : subject_.tensors)
      for (const auto& [offset, bytes] : tensor.pieces)
        if (damaged.size() < offset + bytes || damaged.compare(offset, bytes, whole, offset, bytes) != 0)
          return true;
    return false;
  }

  const Subject& subject_;
  fs::path path_;
  Outcome* outcome_;
};

// PETAL_MUTATIONS sets how many mutations of each file are tried.
void check_mutations(const Subject& subject, int mutations = 500) {
  CAPTURE(subject.name);
  if (const char* wanted = std::getenv("PETAL_MUTATIONS")) mutations = std::max(200, std::atoi(wanted));
  Trial trial(subject);
  REQUIRE(trial.run_undamaged().unchanged == 1);
  const Verdict verdict = trial.run(mutations);
  const Outcome& outcome = verdict.outcome;
  MESSAGE(subject.name << ": of " << mutations << ", " << outcome.refused << " refused (" << outcome.guarded
                       << " of them broke the guarded process), " << outcome.unchanged << " harmless, "
                       << outcome.changed << " with other numbers, " << outcome.misled << " misled, "
                       << verdict.hung << " hung, " << verdict.crashed << " crashed");
  CHECK(outcome.wrong == 0);
  CHECK(verdict.crashed == 0);
  CHECK(verdict.hung == 0);
  CHECK(outcome.guarded <= mutations / 20);
  CHECK(outcome.refused > mutations / 20);
  CHECK(outcome.unchanged > mutations / 50);
  if (subject.has_checksum) {
    CHECK(outcome.changed == 0);
    CHECK(outcome.misled == 0);
  }
  // An address without a checksum may come to point at other numbers; nothing in a stranger's file can tell.
  CHECK(outcome.misled <= mutations / 200);
}

}  // namespace

TEST_CASE("damaged weights: legacy layout") {
  check_mutations(weights_file("keras2.h5", given_names));
}
TEST_CASE("damaged weights: gzip, shuffle, checksums") {
  check_mutations(weights_file("keras2_packed.h5", given_names));
}
TEST_CASE("damaged weights: whole model") {
  check_mutations(weights_file("keras3_nested.h5", given_names));
}
TEST_CASE("damaged weights: .weights.h5") {
  check_mutations(weights_file("keras3_unnamed.weights.h5", auto_names));
}
TEST_CASE("damaged models: Petal's own .h5") {
  check_mutations(petals_own(".h5"));
}
TEST_CASE("damaged models: Petal's own .keras") {
  check_mutations(petals_own(".keras"));
}
