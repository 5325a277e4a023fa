#include "tools/source_options.h"

#include <fmt/format.h>

#include <cstdio>

namespace petal {

void add_source_options(CLI::App& app, ModelSource& source) {
  app.add_option("SOURCE", source.source,
                 "A run folder, a model file, a weights file (with --model) or an architecture")
      ->required();
  app.add_option("--model", source.model, "The architecture of a weights file");
  app.add_option("--weights", source.weights, "A weights file for an architecture");
  app.add_option("--labels", source.labels, "A file with a class name a line");
  app.add_option("--image-size", source.image_size, "Height and width of the input, in pixels");
  app.add_option("--preprocessing", source.preprocessing,
                 "What a model file wants done to pixels that does not do it itself: tf (-1..1), unit "
                 "(0..1), caffe, torch, none");
  app.add_flag("--no-exif", source.ignore_exif, "Do not turn photos upright by EXIF, as Keras does not");
  // Not the optional itself, which CLI11 would set to false where the flag is not given.
  app.add_flag_function(
      "--fast-decode,!--no-fast-decode", [&source](std::int64_t given) { source.fast_decode = given > 0; },
      "Decode JPEGs at a half, a quarter or an eighth of their size where that is enough, or never "
      "[default: as the model was trained]");
  app.add_option("--alpha", source.alpha, "Width of a MobileNet");
}

Model open_for_photos(const ModelSource& source) {
  Model model = open_model(source);
  if (!model.takes_photos) {
    fmt::print(stderr,
               "warning: {} does not say what range of pixels it takes, and is given 0 to 255; say it with "
               "--preprocessing\n",
               source.source);
  }
  if (model.fast_decode) {
    fmt::print(stderr, "JPEGs are decoded at a fraction of their size where that is enough{}\n",
               source.fast_decode
                   ? ""
                   : ", as " + source.source + " was trained; --no-fast-decode reads them whole");
  }
  return model;
}

}  // namespace petal
