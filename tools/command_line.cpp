#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "engine/error.h"
#include "kernels/cpu/backend.h"
#include "tools/commands.h"

namespace petal {
namespace {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input:
      return 2;
    case ErrorKind::failure:
      return 1;
    case ErrorKind::threshold_missed:
      return 3;
    case ErrorKind::interrupted:
      return 130;
  }
  return 1;
}

}  // namespace

int run_command_line(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Error& error) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
    return exit_code(error.kind());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
    return 1;
  }
}

int training_program(int argc, char** argv, const TrainOptions& defaults) {
  CLI::App app("Trains " + defaults.model + " on a folder of photos, a folder a class",
               "train_" + defaults.model);
  const Command train = add_train(app, defaults);
  return run_command_line(app, argc, argv, train);
}

PrecisionRequest requested_precision(const std::string& name, const std::string& device) {
  if (device != "cpu") return precision_request(name, Bfloat16Speed::depends);
  const PrecisionRequest request = precision_request(name, cpu_bfloat16_speed());
  if (request.precision == Precision::f16)
    throw Error("--precision", "f16 is for GPUs; give --device cuda with it, or take bf16");
  if (request.precision == Precision::bf16 && cpu_bfloat16_speed() == Bfloat16Speed::slower) {
    fmt::print(stderr,
               "warning: this processor has no bfloat16 instructions: --precision bf16 is slower than f32\n");
  }
  return request;
}

Precision precision_by_name(const std::string& name, const std::string& device) {
  const PrecisionRequest request = requested_precision(name, device);
  if (request.is_automatic)
    throw Error("--precision", "auto measures on photos, and here are none; give f32 or bf16");
  return request.precision;
}

}  // namespace petal
