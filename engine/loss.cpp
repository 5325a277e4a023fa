#include "engine/loss.h"

namespace petal {

std::string_view to_string(Loss::Kind kind) {
  switch (kind) {
    case Loss::Kind::sparse_categorical_crossentropy:
      return "sparse_categorical_crossentropy";
    case Loss::Kind::categorical_crossentropy:
      return "categorical_crossentropy";
    case Loss::Kind::binary_crossentropy:
      return "binary_crossentropy";
  }
  return "";
}

}  // namespace petal
