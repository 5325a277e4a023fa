#pragma once

#include <functional>
#include <optional>
#include <string>

#include "models/training_graph.h"
#include "trainer/train_classifier.h"

namespace petal {

// What a training builds on: an architecture of ours by name, or any whole model file, ours or a stranger's,
// cut at its features.
class TrainingBase {
 public:
  // Looks at the options alone, and opens the model file where TrainOptions::model names one. Throws Error
  // that names the first option which does not go with the base; as load_model and up_to_features;
  // Error(--model) where the name is neither.
  explicit TrainingBase(const TrainOptions& options);

  // The registry's name; of a model file what it says of itself.
  std::string architecture() const;
  // Trained as a whole always: it has no pretrained part.
  bool has_own_head() const { return architecture_ != nullptr && architecture_->has_own_head; }
  // Whether its weights come from a file.
  bool is_pretrained() const { return architecture_ == nullptr || !options_.weights.empty(); }

  // The network that is trained, without numbers; its first phase's layers are trainable. Throws Error as
  // training_graph and read_augmentation.
  Graph graph(std::size_t classes) const;

  using Tell = std::function<void(const std::string&)>;
  // The graph's numbers to start from: the base's from its file, the head's fresh. `info` hears what was
  // imported, `warning` of a base that is random or does not say what it takes.
  Weights weights(const Graph& graph, const Tell& info, const Tell& warning) const;

 private:
  Weights imported(const Graph& graph, const Tell& info) const;
  void open_file();

  const TrainOptions& options_;
  const Architecture* architecture_ = nullptr;  // null: a model file
  Model file_;
  Base file_base_;
};

}  // namespace petal
