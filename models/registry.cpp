#include "models/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/error.h"
#include "models/cnn.h"
#include "models/inception_v3.h"
#include "models/mobilenet.h"
#include "models/mobilenet_v2.h"
#include "models/resnet.h"
#include "models/training_graph.h"

namespace petal {
namespace {

Graph build_cnn(const ArchitectureOptions& o) {
  CNN options{.image_size = o.image_size, .classes = o.classes};
  if (!o.hidden.empty()) options.hidden = o.hidden;
  if (o.dropout) options.dropout = *o.dropout;
  return cnn(options);
}

Architecture cnn_row(std::string name, std::string title, NamedLayers preprocessing,
                     std::string augmentation) {
  return {.name = std::move(name),
          .title = std::move(title),
          .default_image_size = 160,
          .minimum_image_size = 46,  // four convolutions and poolings leave one pixel
          .alphas = {1.0f},
          .preprocessing = std::move(preprocessing),
          .head_layers = {"predictions"},
          .has_own_head = true,
          .augmentation = std::move(augmentation),
          .build = build_cnn};
}

Architecture resnet_row(int depth, int version) {
  return {.name = fmt::format("resnet{}{}", depth, version == 1 ? "" : "_v2"),
          .title = fmt::format("ResNet{}{}", depth, version == 1 ? "" : "V2"),
          .default_image_size = 224,
          .minimum_image_size = 32,
          .alphas = {1.0f},
          .preprocessing = version == 1 ? preprocessing_by_name("caffe") : preprocessing_by_name("tf"),
          .head_layers = {"predictions"},
          .build = [=](const ArchitectureOptions& o) {
            return resnet({depth, version, o.image_size, o.include_top, o.classes, o.pooling});
          }};
}

// One row an architecture.
const std::vector<Architecture>& table() {
  static const std::vector<Architecture> rows = {
      cnn_row("cnn", "CNN", {}, ""),
      cnn_row("cnn_augmented", "CNN with augmentation", {}, "flip,rotation=0.2"),
      cnn_row("cnn_preprocessed", "CNN with preprocessing and augmentation", preprocessing_by_name("tf"),
              "flip,rotation=0.2"),
      {.name = "mobilenet",
       .title = "MobileNet",
       .default_image_size = 224,
       .minimum_image_size = 32,
       .alphas = {0.25f, 0.50f, 0.75f, 1.0f},
       .preprocessing = preprocessing_by_name("tf"),
       .head_layers = {"conv_preds", "predictions"},
       .build =
           [](const ArchitectureOptions& o) {
             return mobilenet({o.image_size, o.alpha, o.include_top, o.classes, o.pooling});
           }},
      {.name = "mobilenet_v2",
       .title = "MobileNetV2",
       .default_image_size = 224,
       .minimum_image_size = 32,
       .alphas = {0.35f, 0.50f, 0.75f, 1.0f, 1.3f, 1.4f},
       .preprocessing = preprocessing_by_name("tf"),
       .head_layers = {"Logits", "predictions"},
       .build =
           [](const ArchitectureOptions& o) {
             return mobilenet_v2({o.image_size, o.alpha, o.include_top, o.classes, o.pooling});
           }},
      resnet_row(50, 1),
      resnet_row(101, 1),
      resnet_row(152, 1),
      resnet_row(50, 2),
      resnet_row(101, 2),
      resnet_row(152, 2),
      {.name = "inception_v3",
       .title = "InceptionV3",
       .default_image_size = 299,
       .minimum_image_size = 75,
       .alphas = {1.0f},
       .preprocessing = preprocessing_by_name("tf"),
       .head_layers = {"predictions"},
       .build =
           [](const ArchitectureOptions& o) {
             return inception_v3({o.image_size, o.include_top, o.classes, o.pooling});
           }},
  };
  return rows;
}

}  // namespace

std::span<const Architecture> architectures() {
  return table();
}

const Architecture& architecture(std::string_view name) {
  for (const Architecture& row : table()) {
    if (row.name == name) return row;
  }
  std::vector<std::string_view> names;
  for (const Architecture& row : table()) names.push_back(row.name);
  throw Error("--model", fmt::format("there is no '{}'; known are {}", name, fmt::join(names, ", ")));
}

ArchitectureOptions legal(const Architecture& architecture, ArchitectureOptions options) {
  if (options.image_size == 0) options.image_size = architecture.default_image_size;
  if (options.image_size < architecture.minimum_image_size || options.image_size > maximum_image_size) {
    throw Error("--image-size",
                fmt::format("{} takes photos of {} to {} pixels a side ({} by default), not {}",
                            architecture.title, architecture.minimum_image_size, maximum_image_size,
                            architecture.default_image_size, options.image_size));
  }
  if (std::ranges::find(architecture.alphas, options.alpha) == architecture.alphas.end()) {
    throw Error("--alpha", fmt::format("{} has no width {}; legal are {}", architecture.title, options.alpha,
                                       fmt::join(architecture.alphas, ", ")));
  }
  if (options.include_top && options.classes < 1) {
    throw Error("--classes", fmt::format("found {}; a classifier needs at least 1", options.classes));
  }
  return options;
}

Graph build_classifier(const Architecture& architecture, const ArchitectureOptions& options) {
  return with_preprocessing(architecture.preprocessing, architecture.build(legal(architecture, options)));
}

}  // namespace petal
