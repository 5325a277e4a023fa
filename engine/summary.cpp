#include "engine/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/keras_order.h"

namespace petal {
namespace {

struct Parameters {
  std::int64_t trainable = 0;
  std::int64_t fixed = 0;
  std::int64_t total() const { return trainable + fixed; }
};

Parameters count(const Graph& graph, const Node& node) {
  Parameters parameters;
  for (const WeightDeclaration& weight : graph.weights(node)) {
    const bool changes = node.trainable && weight.role == Role::weight;
    (changes ? parameters.trainable : parameters.fixed) += weight.shape.elements();
  }
  return parameters;
}

// 2257984 -> "2,257,984".
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::ptrdiff_t i = std::ssize(digits) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

std::string batch_shape(const Shape& sample) {
  std::string text = "(None";
  for (const std::int64_t size : sample.dims()) text += fmt::format(", {}", size);
  return text + (sample.rank() == 0 ? ",)" : ")");
}

std::string connections(const Graph& graph, const Node& node) {
  std::string names;
  for (const int input : node.inputs) names += (names.empty() ? "" : ", ") + graph[input].name + "[0][0]";
  return names.empty() ? "-" : names;
}

// True where each layer reads the one before it and nothing else.
bool is_chain(const Graph& graph) {
  for (int i = 1; i < std::ssize(graph.nodes()); ++i) {
    if (graph[i].inputs != std::vector{i - 1}) return false;
  }
  return true;
}

using Row = std::vector<std::string>;

constexpr std::size_t parameter_column = 2;  // the one that is set to the right

// Letters, not bytes: a name may hold any UTF-8.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::size_t> column_widths(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  return widths;
}

// A horizontal line of the box: left corner, stroke, crossing, right corner.
std::string rule(const std::vector<std::size_t>& widths, const std::array<std::string_view, 4>& strokes) {
  std::string line(strokes[0]);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) line += strokes[2];
    for (std::size_t k = 0; k < widths[i] + 2; ++k) line += strokes[1];
  }
  return line.append(strokes[3]) + "\n";
}

std::string row_line(const Row& row, const std::vector<std::size_t>& widths, std::string_view bar) {
  std::string line(bar);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string space(widths[i] - width(row[i]), ' ');
    const bool right = i == parameter_column;
    line += " " + (right ? space + row[i] : row[i] + space) + " ";
    line += bar;
  }
  return line + "\n";
}

std::string boxed(const std::vector<Row>& rows) {
  const std::vector<std::size_t> widths = column_widths(rows);
  std::string table = rule(widths, {"┏", "━", "┳", "┓"}) + row_line(rows[0], widths, "┃");
  table += rule(widths, {"┡", "━", "╇", "┩"});
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (i > 1) table += rule(widths, {"├", "─", "┼", "┤"});
    table += row_line(rows[i], widths, "│");
  }
  return table + rule(widths, {"└", "─", "┴", "┘"});
}

std::string total_line(std::string_view what, std::int64_t parameters) {
  return fmt::format(" {}: {} ({})\n", what, grouped(parameters), readable_size(parameters * 4));
}

}  // namespace

std::string readable_size(std::int64_t bytes) {
  static constexpr std::array units{"B", "KB", "MB", "GB", "TB", "PB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
  return fmt::format("{:.2f} {}", size, units[unit]);
}

std::string summary(const Graph& graph) {
  const bool branches = !is_chain(graph);
  std::vector<Row> rows{{"Layer (type)", "Output Shape", "Param #"}};
  if (branches) rows[0].emplace_back("Connected to");
  Parameters sum;
  for (const int index : keras_order(graph)) {
    const Node& node = graph[index];
    const Parameters parameters = count(graph, node);
    sum.trainable += parameters.trainable;
    sum.fixed += parameters.fixed;
    rows.push_back({fmt::format("{} ({})", node.name, kind(node.layer)), batch_shape(node.shape),
                    grouped(parameters.total())});
    if (branches) rows.back().push_back(connections(graph, node));
  }
  return fmt::format("Model: \"{}\"\n{}", graph.name(), boxed(rows)) +
         total_line("Total params", sum.total()) + total_line("Trainable params", sum.trainable) +
         total_line("Non-trainable params", sum.fixed) +
         fmt::format(" Operations: {} a sample (a multiply-add is 2)\n", grouped(graph.operations()));
}

}  // namespace petal
