#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "io/dataset/drawn_flowers.h"
#include "tools/commands.h"

namespace petal {

Command add_draw_flowers(CLI::App& app) {
  const auto folder = std::make_shared<std::filesystem::path>();
  const auto options = std::make_shared<DrawnFlowers>();
  app.add_option("FOLDER", *folder, "Where to write FOLDER/KIND/NUMBER.jpg")->required();
  app.add_option("--photos-per-class", options->photos_per_class, "Pictures of each kind")
      ->capture_default_str();
  app.add_option("--image-size", options->image_size, "Height and width in pixels")->capture_default_str();
  app.add_option("--seed", options->seed, "The same seed draws the same pictures")->capture_default_str();
  return [folder, options] {
    draw_flower_folder(*folder, *options);
    fmt::print("{}: drawn\n", folder->string());
    return 0;
  };
}

}  // namespace petal
