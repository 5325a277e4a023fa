// A program outside of Petal: trains on pictures, saves the model, opens it again and names a picture.
#include <engine/error.h>
#include <io/dataset/drawn_flowers.h>
#include <io/model_file.h>
#include <kernels/cpu/backend.h>
#include <trainer/evaluate.h>
#include <trainer/train_classifier.h>

#include <cstdio>
#include <filesystem>

int main(int, char** argv) try {
  const std::filesystem::path folder = argv[1];
  petal::draw_flower_folder(folder / "data", {.image_size = 32, .photos_per_class = 6});
  const petal::BackendFactory backends = [](int threads) { return petal::make_cpu_backend(threads); };

  petal::TrainOptions options;
  options.data = folder / "data";
  options.out = folder / "run";
  options.image_size = 32;
  options.alpha = 0.35f;
  options.epochs = 2;
  options.cache.reset();
  petal::train_classifier(options, backends);

  const petal::Model model = petal::load_model(folder / "run" / "model.h5");
  const auto photos = petal::list_photos(folder / "data" / "tulip");
  const petal::ScoredPhotos scored = petal::score_photos(model, photos, backends, {});
  const auto answers = petal::predictions(scored, photos, model.labels, 1);
  std::printf("%zu photos, %zu classes\n", answers.size(), model.labels.size());
} catch (const petal::Error& error) {
  std::printf("%s\n", error.what());
  return 1;
}
