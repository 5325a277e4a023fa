#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/model.h"
#include "trainer/metrics.h"
#include "trainer/photo_stream.h"

namespace petal {

// A model's answers for photos. The decoding of the photos follows the model, whatever the options say.
struct ScoredPhotos {
  Tensor probabilities;              // (m, C): a row a decoded photo
  std::vector<std::int64_t> photos;  // the photo of each row, ascending
  std::vector<PhotoMessage> skipped;
  std::vector<PhotoMessage> warnings;
};

// Probabilities of every class, (m, C): as they are, or of two classes where the network gives that of the
// second alone.
Tensor class_probabilities(Tensor outputs);

// Runs the whole model. Where all photos fit one micro-batch, a single plan takes all threads: the fastest
// first answer. Throws Error where the model does not give one score a class, and Error(interrupted) where
// the stop flag was set.
ScoredPhotos score_photos(const Model& model, std::span<const Photo> photos, const BackendFactory& backends,
                          const PhotoStreamOptions& options);

struct ClassScore {
  std::string label;  // "class 7" where the model's labels are unknown
  float probability = 0;
};

struct PhotoPrediction {
  Photo photo;                  // label: its true class where known
  std::vector<ClassScore> top;  // the most probable first; equals in order of class
};

// The `top` best classes for each decoded photo (all where there are fewer); `scored` of the same photos.
std::vector<PhotoPrediction> predictions(const ScoredPhotos& scored, std::span<const Photo> photos,
                                         std::span<const std::string> labels, int top);

struct FolderEvaluation {
  Evaluation evaluation;
  ImageFolder folder;  // labels and Photo::label are the model's
  ScoredPhotos scored;
};

// A folder with a folder a class, matched to the model's labels by name: labels and Photo::label are the
// model's. Throws Error where the model has no labels, for a folder that is none of its classes, and for what
// scan_folder refuses.
ImageFolder scan_for(const Model& model, const std::filesystem::path& data);

// Evaluates on scan_for's folder. Throws Error where not one photo can be decoded.
FolderEvaluation evaluate_folder(const Model& model, ImageFolder folder, const BackendFactory& backends,
                                 const PhotoStreamOptions& options);
// The same on scan_for(model, data).
FolderEvaluation evaluate_folder(const Model& model, const std::filesystem::path& data,
                                 const BackendFactory& backends, const PhotoStreamOptions& options);

}  // namespace petal
