#include "models/pooling.h"

namespace petal {

Value add_pooling(GraphBuilder& g, Pooling pooling, Value x, const std::string& avg_name,
                  const std::string& max_name) {
  switch (pooling) {
    case Pooling::none:
      return x;
    case Pooling::avg:
      return g.add(avg_name, GlobalAveragePooling2D{}, x);
    case Pooling::max:
      return g.add(max_name, GlobalMaxPooling2D{}, x);
  }
  return x;
}

}  // namespace petal
