#pragma once

#include <string>
#include <string_view>

#include "trainer/history.h"
#include "trainer/metrics.h"

namespace petal {

// Text as HTML shows it: & < > " escaped.
std::string html_text(std::string_view text);

// Two curves over the epochs as an SVG picture: of the loss, or of the accuracy; the best epoch is marked.
enum class Curve { loss, accuracy };
std::string curve_svg(const History& history, Curve curve);

// The confusion matrix as an HTML table, each cell shaded by its share of the row.
std::string confusion_html(const Evaluation& evaluation);

// A row a class: precision, recall, F1, support, with a bar for F1.
std::string class_html(const Evaluation& evaluation);

}  // namespace petal
