#include "tools/commands.h"

// The build makes a program of this for each model variant; see CMakeLists.txt.
int main(int argc, char** argv) {
  petal::TrainOptions recipe;
  recipe.model = PETAL_MODEL;
  recipe.epochs = PETAL_EPOCHS;
  return petal::training_program(argc, argv, recipe);
}
