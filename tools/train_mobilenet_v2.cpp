#include "tools/commands.h"

int main(int argc, char** argv) {
  return petal::training_program(argc, argv, {.model = "mobilenet_v2"});
}
