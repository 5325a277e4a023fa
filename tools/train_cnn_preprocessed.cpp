#include "tools/commands.h"

int main(int argc, char** argv) {
  petal::TrainOptions defaults;
  defaults.model = "cnn_preprocessed";
  defaults.epochs = 20;
  return petal::training_program(argc, argv, defaults);
}
