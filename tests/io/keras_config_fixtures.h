#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/error.h"

namespace petal {

using Json = nlohmann::json;

inline std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Every fixture that make_configs.py wrote.
inline std::map<std::string, Json> fixtures() {
  std::map<std::string, Json> found;
  const std::filesystem::path folder = std::filesystem::path(PETAL_SOURCE) / "tests/golden/configs";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    found[entry.path().stem().string()] = Json::parse(file);
  }
  return found;
}

// A small Keras 2 model to bend: input -> `layer` -> nothing else.
inline std::string with_layer(const std::string& class_name, Json config, Json shape = {nullptr, 8, 8, 4}) {
  config["name"] = "middle";
  const Json input = {{"class_name", "InputLayer"},
                      {"config", {{"batch_input_shape", shape}, {"name", "in"}}},
                      {"name", "in"},
                      {"inbound_nodes", Json::array()}};
  Json middle = {{"class_name", class_name}, {"config", config}, {"name", "middle"}};
  middle["inbound_nodes"] = Json::parse(R"([[["in", 0, 0, {}]]])");
  Json model = {{"class_name", "Functional"}};
  model["config"] = {{"name", "bent"}, {"layers", Json::array({input, middle})}};
  model["config"]["input_layers"] = Json::parse(R"([["in", 0, 0]])");
  model["config"]["output_layers"] = Json::parse(R"([["middle", 0, 0]])");
  return model.dump();
}

}  // namespace petal
