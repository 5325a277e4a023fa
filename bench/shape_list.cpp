#include "bench/shape_list.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "bench/layer_options.h"
#include "engine/error.h"
#include "engine/passes/draft.h"

namespace petal::bench {
namespace {

constexpr std::int64_t most_elements = std::int64_t{1} << 28;

Shape read_shape(const std::string& where, const std::string& word) {
  const std::vector<std::int64_t> dims = read_numbers(where, word.substr(2), ',', Shape::max_rank - 1);
  for (const std::int64_t dim : dims)
    if (dim < 1) throw Error(where, "the shape " + word + " has an empty dimension");
  return Shape(dims);
}

void check_size(const std::string& where, const Shape& shape, const char* what) {
  double elements = 1;
  for (const std::int64_t dim : shape.dims()) elements *= static_cast<double>(dim);
  if (elements > static_cast<double>(most_elements)) {
    throw Error(where,
                fmt::format("{} of {} has more than {} elements", what, shape.to_string(), most_elements));
  }
}

// That the layer takes these inputs, and that there is memory for it.
void check(const std::string& where, const ShapeRow& row) {
  if (row.src.empty()) throw Error(where, "names no input; write its shape with N in front: N,56,56,64");
  if (has_epilogue(row.layer)) {
    require_inputs(where, row.src, 1);
  } else if (row.residual) {
    throw Error(where, fmt::format("{} takes no residual", kind(row.layer)));
  }
  for (const Shape& shape : row.src) check_size(where, shape, "an input");
  check_size(where, infer_shape(row.layer, where, row.src), "the result");
  for (const WeightDeclaration& weight : declare_weights(row.layer, row.src)) {
    check_size(where, weight.shape, "a weight");
  }
}

ShapeRow parse_line(const std::string& where, const std::string& line) {
  std::istringstream words(line);
  std::string times, kind;
  words >> times >> kind;
  ShapeRow row{.times = read_numbers(where + ", how often", times, ' ', 1)[0], .layer = {}, .src = {}};
  if (row.times < 1) throw Error(where, "how often must be 1 or more");
  if (kind.empty()) throw Error(where, "ends before the layer's class; write: 1 Conv2D N,56,56,64 filters=8");
  std::map<std::string, std::string> options;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (word.starts_with("N,")) {
      row.src.push_back(read_shape(where, word));
    } else if (word == "residual") {
      row.residual = true;
    } else if (equals == std::string::npos || equals == 0) {
      throw Error(where, "'" + word + "' is no shape (N,56,56,64), no option (filters=8) and not 'residual'");
    } else if (!options.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
      throw Error(where, "'" + word.substr(0, equals) + "' stands twice");
    }
  }
  row.layer = layer_from_options(where, kind, std::move(options));
  check(where, row);
  return row;
}

}  // namespace

std::string to_text(const std::string& where, const ShapeRow& row) {
  std::string text(kind(row.layer));
  for (const Shape& shape : row.src) {
    text += " N";
    for (const std::int64_t dim : shape.dims()) text += fmt::format(",{}", dim);
  }
  const std::string options = options_text(where, row.layer);
  if (!options.empty()) text += " " + options;
  return row.residual ? text + " residual" : text;
}

std::vector<ShapeRow> parse_shape_list(const std::string& file, const std::string& text) {
  std::vector<ShapeRow> rows;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    rows.push_back(parse_line(fmt::format("{}:{}", file, number), line));
  }
  if (rows.empty()) throw Error(file, "holds no layer; a line is: 1 Conv2D N,56,56,64 filters=8");
  return rows;
}

std::vector<ShapeRow> read_shape_list(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(file, ignored)) {
    throw Error(file.string(), "is no file that can be read; give a shape list, as in bench/shapes");
  }
  std::ostringstream text;
  text << in.rdbuf();
  return parse_shape_list(file.string(), text.str());
}

std::vector<ShapeRow> shape_list(const Graph& graph) {
  std::vector<ShapeRow> rows;
  std::map<std::string, std::size_t> places;
  for (const Node& node : graph.nodes()) {
    if (std::holds_alternative<Input>(node.layer)) continue;
    ShapeRow row{.layer = node.layer, .src = graph.input_shapes(node), .residual = node.fused_residual};
    if (row.residual) row.src.pop_back();
    const auto [place, is_new] = places.emplace(to_text(node.name, row), rows.size());
    if (is_new) {
      rows.push_back(std::move(row));
    } else {
      ++rows[place->second].times;
    }
  }
  return rows;
}

}  // namespace petal::bench
