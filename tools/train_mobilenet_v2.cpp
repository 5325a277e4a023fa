#include "tools/commands.h"

int main(int argc, char** argv) {
  petal::TrainOptions defaults;
  defaults.model = "mobilenet_v2";
  return petal::training_program(argc, argv, defaults);
}
