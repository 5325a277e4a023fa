#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "engine/error.h"
#include "tools/commands.h"
#include "tools/device_options.h"
#include "tools/interrupt.h"
#include "tools/report_text.h"
#include "trainer/progress.h"
#include "trainer/report.h"

namespace petal {
namespace {

// The options as the command line gives them, where their form differs from the library's.
struct TrainArguments {
  TrainOptions options;
  DeviceOptions device;
  std::string precision = "f32", class_weights, monitor = "val_loss", cache;
  int patience = 0, plateau_patience = 0;
  float plateau_factor = 0.1f;
  FineTune fine_tune;
  bool no_exif = false, no_cache = false, json = false;
};

void add_data_options(CLI::App& app, TrainArguments& a) {
  TrainOptions& o = a.options;
  app.add_option("DATA", o.data, "A folder with a folder a class, or with train/ and validation/ of such")
      ->required();
  app.add_option("--out", o.out, "The run folder to write");
  app.add_flag("--force", o.force, "Replace an earlier run in --out");
  app.add_option("--split", o.split, "How photos are split: stratified, hash or keras")
      ->capture_default_str();
  app.add_option("--validation-split", o.validation_split, "Share for validation")->capture_default_str();
  app.add_option("--test-split", o.test_split, "Share for the test")->capture_default_str();
  app.add_flag("--no-exif", a.no_exif, "Do not turn photos upright by EXIF, as Keras does not");
  app.add_flag("--fast-decode", o.fast_decode,
               "Decode JPEGs at a half, a quarter or an eighth of their size where that is enough: faster, "
               "and slightly other pixels; the model remembers it");
  app.add_flag("--strict", o.strict, "Stop at the first photo that cannot be decoded");
  app.add_option("--cache", a.cache, "Folder of the feature cache [default: ~/.cache/petal]");
  app.add_flag("--no-cache", a.no_cache, "Neither read nor write the feature cache");
}

void add_model_options(CLI::App& app, TrainArguments& a) {
  TrainOptions& o = a.options;
  app.add_option("--model", o.model, "The architecture of the base, or any Keras model file")
      ->capture_default_str();
  app.add_option("--features", o.features,
                 "Of a model file: the layer to learn from [default: the last before its dense layers]");
  app.add_option("--preprocessing", o.preprocessing,
                 "Of a model file without its own: what it wants pixels to be: tf (-1..1), unit (0..1), "
                 "caffe, torch, none");
  app.add_option("--weights", o.weights, "The base's weights, as Keras writes them (.h5)");
  app.add_option("--image-size", o.image_size,
                 "Height and width of the input in pixels [default: the model's]");
  app.add_option("--alpha", o.alpha, "Width of a MobileNet")->capture_default_str();
  app.add_option("--hidden", o.hidden, "Units of hidden layers before the last, as 256,64")->delimiter(',');
  app.add_option("--dropout", o.dropout, "Rate of dropout before each dense layer")->capture_default_str();
  app.add_option(
      "--augment", o.augment,
      "flip, rotation=F, zoom=F, translation=F, contrast=F, brightness=F, crop=HxW, by commas; or none "
      "[default: the model's recipe]");
  app.add_flag("--from-scratch", o.from_scratch, "Train the base too, from the start");
  app.add_option("--fine-tune", a.fine_tune.from,
                 "After the head, train the base too from this layer on, but its batch norms");
  app.add_option("--fine-tune-epochs", a.fine_tune.epochs, "Passes of fine-tuning")->capture_default_str();
  app.add_option("--fine-tune-learning-rate", a.fine_tune.learning_rate,
                 "[default: a hundredth of --learning-rate]");
}

void add_training_options(CLI::App& app, TrainArguments& a) {
  TrainOptions& o = a.options;
  app.add_option("--epochs", o.epochs, "Passes over the training photos")->capture_default_str();
  app.add_option("--batch-size", o.batch_size, "Photos a step [default: 32]");
  app.add_option("--optimizer", o.optimizer,
                 "sgd, rmsprop, adagrad, adam or adamw, with Keras's options: sgd,momentum=0.9,nesterov")
      ->capture_default_str();
  app.add_option("--learning-rate", o.learning_rate, "[default: the optimiser's, as in Keras]");
  app.add_option(
      "--schedule", o.schedule,
      "Of the rate: constant, exponential, polynomial or cosine, with Keras's options and warmup=STEPS");
  app.add_option("--reduce-on-plateau", a.plateau_patience,
                 "Lower the rate after so many epochs without improvement");
  app.add_option("--reduce-factor", a.plateau_factor, "What it is multiplied by then")->capture_default_str();
  app.add_option("--clip-value", o.clipping.value, "Cut each gradient to this magnitude");
  app.add_option("--clip-norm", o.clipping.norm, "Scale each weight's gradient down to this norm");
  app.add_option("--clip-global-norm", o.clipping.global_norm,
                 "Scale all gradients down to this norm together");
  app.add_option("--l1", o.regularizer.l1, "L1 regulariser of the trained kernels");
  app.add_option("--l2", o.regularizer.l2, "L2 regulariser of the trained kernels");
  app.add_option("--loss", o.loss, "categorical_crossentropy, or for two classes binary_crossentropy")
      ->capture_default_str();
  app.add_option("--label-smoothing", o.label_smoothing, "Share of each target that goes to all classes");
  app.add_option("--class-weights", a.class_weights, "balanced: rare classes count as much as common ones");
  app.add_option("--early-stopping", a.patience,
                 "Stop after so many epochs without improvement; keeps the best");
  app.add_option("--monitor", a.monitor, "What improvement means: val_loss or val_accuracy")
      ->capture_default_str();
  app.add_flag("--resume", o.resume, "Go on from the checkpoint of --out, bit for bit");
  app.add_option("--checkpoint-seconds", o.checkpoint_seconds, "Time between two checkpoints")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Of the split, the start and the order")->capture_default_str();
  app.add_option("--assert-accuracy", o.assert_accuracy, "Exit with 3 unless this accuracy is reached");
}

void add_machine_options(CLI::App& app, TrainArguments& a) {
  add_device_options(app, a.device);
  app.add_option(
         "--precision", a.precision,
         "Of features and training steps: f32, bf16 (what is learnt stays float32), f16, or auto: bf16 where "
         "this processor computes it faster and a trained base stays within a bound on a sample of the "
         "photos")
      ->capture_default_str();
  app.add_option("--threads", a.options.threads, "[default: the cores at hand]");
  app.add_option("--memory-budget", a.options.memory_budget,
                 "Bytes of pixels or features that may be kept; beyond it photos are decoded in each epoch")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  app.add_flag("--profile", a.options.profile, "Tell at the end where the time of the steps went");
  app.add_flag("--json", a.json, "Print metrics.json to standard output, all else to standard error");
}

TrainOptions resolved(const TrainArguments& a) {
  TrainOptions options = a.options;
  options.apply_exif_orientation = !a.no_exif;
  options.precision = requested_precision(a.precision, a.device.device);
  options.device = a.device.device;
  options.tensor_float32 = a.device.tensor_float32;
  options.deterministic = a.device.deterministic;
  options.autotune = a.device.autotune;
  options.gpu_memory = a.device.gpu_memory;
  if (!a.class_weights.empty() && a.class_weights != "balanced") {
    throw Error("--class-weights", "'" + a.class_weights + "' is not known; known is balanced");
  }
  options.balanced_class_weights = !a.class_weights.empty();
  if (a.patience < 0) throw Error("--early-stopping", "takes a number of epochs, 1 or more");
  if (a.patience > 0) {
    options.early_stopping = EarlyStopping{.monitor = monitor_by_name(a.monitor), .patience = a.patience};
  }
  if (a.plateau_patience < 0) throw Error("--reduce-on-plateau", "takes a number of epochs, 1 or more");
  if (a.plateau_patience > 0) {
    options.reduce_on_plateau = ReduceOnPlateau{
        .monitor = monitor_by_name(a.monitor), .factor = a.plateau_factor, .patience = a.plateau_patience};
  }
  if (!a.fine_tune.from.empty()) options.fine_tune = a.fine_tune;
  if (!a.cache.empty()) options.cache = a.cache;
  if (a.no_cache) options.cache.reset();
  return options;
}

int train(const TrainArguments& a) {
  const TrainOptions options = resolved(a);
  const bool terminal = isatty(fileno(stderr)) != 0;
  ProgressPrinter epochs(stderr, terminal);
  PhotoProgressPrinter photos(stderr, terminal, "photos");
  TrainEvents events;
  events.info = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  events.warning = [](const std::string& line) { fmt::print(stderr, "warning: {}\n", line); };
  events.photos = [&](std::int64_t done, std::int64_t total) { photos(done, total); };
  events.fit = {&epochs};
  events.stop = &stop_on_interrupt();
  events.write_report = write_report;
  events.profile = [](const Profile& profile) { fmt::print(stderr, "{}", profile_text(profile)); };
  const TrainResult result = train_classifier(options, backend_factory(a.device), events);
  if (a.json) {
    fmt::print("{}", to_json(result.run.metrics));
  } else {
    fmt::print("{}", evaluation_text(result.run.metrics));
    if (!options.out.empty()) fmt::print("{}: written\n", options.out.string());
  }
  return result.interrupted ? 130 : 0;
}

}  // namespace

Command add_train(CLI::App& app, TrainOptions defaults) {
  const auto arguments = std::make_shared<TrainArguments>();
  arguments->options = std::move(defaults);
  add_data_options(app, *arguments);
  add_model_options(app, *arguments);
  add_training_options(app, *arguments);
  add_machine_options(app, *arguments);
  return [arguments] { return train(*arguments); };
}

}  // namespace petal
