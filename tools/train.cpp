#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "engine/error.h"
#include "tools/commands.h"
#include "tools/interrupt.h"
#include "tools/report_text.h"
#include "trainer/progress.h"
#include "trainer/report.h"

namespace petal {
namespace {

// The options as the command line gives them, where their form differs from the library's.
struct TrainArguments {
  TransferOptions options;
  std::string device = "cpu", precision = "f32", class_weights, monitor = "val_loss", cache;
  int patience = 0;
  bool no_exif = false, no_cache = false, json = false;
};

void add_data_options(CLI::App& app, TrainArguments& a) {
  TransferOptions& o = a.options;
  app.add_option("DATA", o.data, "A folder with a folder a class, or with train/ and validation/ of such")
      ->required();
  app.add_option("--out", o.out, "The run folder to write");
  app.add_flag("--force", o.force, "Replace an earlier run in --out");
  app.add_option("--split", o.split, "How photos are split: stratified, hash or keras")
      ->capture_default_str();
  app.add_option("--validation-split", o.validation_split, "Share for validation")->capture_default_str();
  app.add_option("--test-split", o.test_split, "Share for the test")->capture_default_str();
  app.add_flag("--no-exif", a.no_exif, "Do not turn photos upright by EXIF, as Keras does not");
  app.add_flag("--strict", o.strict, "Stop at the first photo that cannot be decoded");
  app.add_option("--cache", a.cache, "Folder of the feature cache [default: ~/.cache/petal]");
  app.add_flag("--no-cache", a.no_cache, "Neither read nor write the feature cache");
}

void add_model_options(CLI::App& app, TrainArguments& a) {
  TransferOptions& o = a.options;
  app.add_option("--model", o.model, "The architecture of the base")->capture_default_str();
  app.add_option("--weights", o.weights, "The base's weights, as Keras writes them (.h5)");
  app.add_option("--image-size", o.image_size,
                 "Height and width of the input in pixels [default: the model's]");
  app.add_option("--alpha", o.alpha, "Width of a MobileNet")->capture_default_str();
  app.add_option("--hidden", o.hidden, "Units of hidden layers before the last, as 256,64")->delimiter(',');
  app.add_option("--dropout", o.dropout, "Rate of dropout before each dense layer")->capture_default_str();
}

void add_training_options(CLI::App& app, TrainArguments& a) {
  TransferOptions& o = a.options;
  app.add_option("--epochs", o.epochs, "Passes over the training photos")->capture_default_str();
  app.add_option("--batch-size", o.batch_size, "Photos a step")->capture_default_str();
  app.add_option("--optimizer", o.optimizer, "sgd or adam")->capture_default_str();
  app.add_option("--learning-rate", o.learning_rate, "[default: the optimiser's, as in Keras]");
  app.add_option("--class-weights", a.class_weights, "balanced: rare classes count as much as common ones");
  app.add_option("--early-stopping", a.patience,
                 "Stop after so many epochs without improvement; keeps the best");
  app.add_option("--monitor", a.monitor, "What improvement means: val_loss or val_accuracy")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Of the split, the start and the order")->capture_default_str();
  app.add_option("--assert-accuracy", o.assert_accuracy, "Exit with 3 unless this accuracy is reached");
}

void add_machine_options(CLI::App& app, TrainArguments& a) {
  app.add_option("--device", a.device, "cpu or cuda")->capture_default_str();
  app.add_option("--precision", a.precision, "Of the frozen base: f32, bf16 or f16")->capture_default_str();
  app.add_option("--threads", a.options.threads, "[default: the cores at hand]");
  app.add_flag("--json", a.json, "Print metrics.json to standard output, all else to standard error");
}

TransferOptions resolved(const TrainArguments& a) {
  TransferOptions options = a.options;
  options.apply_exif_orientation = !a.no_exif;
  options.precision = precision_by_name(a.precision);
  if (!a.class_weights.empty() && a.class_weights != "balanced") {
    throw Error("--class-weights", "'" + a.class_weights + "' is not known; known is balanced");
  }
  options.balanced_class_weights = !a.class_weights.empty();
  if (a.patience < 0) throw Error("--early-stopping", "takes a number of epochs, 1 or more");
  if (a.patience > 0) {
    options.early_stopping = EarlyStopping{.monitor = monitor_by_name(a.monitor), .patience = a.patience};
  }
  if (!a.cache.empty()) options.cache = a.cache;
  if (a.no_cache) options.cache.reset();
  return options;
}

int train(const TrainArguments& a) {
  const TransferOptions options = resolved(a);
  const bool terminal = isatty(fileno(stderr)) != 0;
  ProgressPrinter epochs(stderr, terminal);
  PhotoProgressPrinter photos(stderr, terminal, "photos");
  TransferEvents events;
  events.info = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  events.warning = [](const std::string& line) { fmt::print(stderr, "warning: {}\n", line); };
  events.photos = [&](std::int64_t done, std::int64_t total) { photos(done, total); };
  events.fit = {&epochs};
  events.stop = &stop_on_interrupt();
  events.write_report = write_report;
  const TransferResult result = train_transfer(options, backend_factory(a.device), events);
  if (a.json) {
    fmt::print("{}", to_json(result.run.metrics));
  } else {
    fmt::print("{}", evaluation_text(result.run.metrics));
    if (!options.out.empty()) fmt::print("{}: written\n", options.out.string());
  }
  return result.interrupted ? 130 : 0;
}

}  // namespace

Command add_train(CLI::App& app, TransferOptions defaults) {
  const auto arguments = std::make_shared<TrainArguments>();
  arguments->options = std::move(defaults);
  add_data_options(app, *arguments);
  add_model_options(app, *arguments);
  add_training_options(app, *arguments);
  add_machine_options(app, *arguments);
  return [arguments] { return train(*arguments); };
}

}  // namespace petal
