#include "io/dataset/drawn_flowers.h"

#include <cstdio>
#include <string>
#include <system_error>

#include "engine/error.h"
#include "engine/random.h"
#include "io/dataset/drawing/scene.h"

namespace petal {

std::string_view to_string(FlowerKind kind) {
  switch (kind) {
    case FlowerKind::daisy:
      return "daisy";
    case FlowerKind::dandelion:
      return "dandelion";
    case FlowerKind::rose:
      return "rose";
    case FlowerKind::sunflower:
      return "sunflower";
    case FlowerKind::tulip:
      return "tulip";
  }
  throw Error("flower kind", "there is none numbered " + std::to_string(static_cast<int>(kind)));
}

Image draw_flower(FlowerKind kind, std::uint64_t seed, std::uint32_t index, int image_size) {
  if (image_size < 16 || image_size > 2048)
    throw Error("drawn flower", "an image size of " + std::to_string(image_size) + ", expected 16 to 2048");
  const auto stream = [&](std::uint32_t part) {
    return drawing::Draws(
        RandomStream(seed, RandomPurpose::drawing, static_cast<std::uint32_t>(kind), index, part));
  };
  drawing::Draws scene = stream(0);
  drawing::Draws camera = stream(1);
  return drawing::photograph(drawing::draw_scene(kind, scene, image_size), camera);
}

void draw_flower_folder(const std::filesystem::path& root, const DrawnFlowers& options) {
  if (options.photos_per_class < 1 || options.photos_per_class > 1'000'000)
    throw Error(root.string(),
                std::to_string(options.photos_per_class) + " photos a class, expected 1 to 1000000");
  for (const FlowerKind kind : flower_kinds) {
    const std::filesystem::path folder = root / to_string(kind);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw Error(folder.string(), "cannot be made: " + error.message(), ErrorKind::failure);
    for (int i = 0; i < options.photos_per_class; ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "%04d.jpg", i);
      write_jpeg(folder / name,
                 draw_flower(kind, options.seed, static_cast<std::uint32_t>(i), options.image_size));
    }
  }
}

}  // namespace petal
