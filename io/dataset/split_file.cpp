#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/dataset/split.h"

namespace petal {
namespace {

constexpr std::string_view header = "path,label,subset";

std::string csv_field(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string result = "\"";
  for (const char c : field) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + "\"";
}

struct Record {
  std::vector<std::string> fields;
  std::size_t line;  // where it begins, from 1
};

// Reads RFC 4180 records, their lines ended by \n or \r\n.
class RecordReader {
 public:
  RecordReader(std::string_view text, std::string where) : rest_(text), where_(std::move(where)) {}

  std::optional<Record> next() {
    if (rest_.empty()) return std::nullopt;
    Record record{{}, line_};
    do record.fields.push_back(field());
    while (took(','));
    if (!took('\n') && !(took('\r') && took('\n')) && !rest_.empty())
      malformed("expected a comma or the end of the line after a field");
    ++line_;
    return record;
  }

 private:
  bool took(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string field() {
    if (took('"')) return quoted_field();
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(",\"\r\n"));
    rest_.remove_prefix(taken.size());
    if (rest_.starts_with('"')) malformed("a quote in a field that does not begin with one");
    return std::string(taken);
  }

  std::string quoted_field() {
    std::string result;
    for (;;) {
      const std::size_t end = rest_.find('"');
      if (end == std::string_view::npos) malformed("a quote is never closed");
      result += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (!took('"')) break;
      result += '"';
    }
    for (const char c : result) line_ += c == '\n' ? 1 : 0;
    return result;
  }

  [[noreturn]] void malformed(const std::string& what) const {
    throw Error(where_, "line " + std::to_string(line_) + ": " + what);
  }

  std::string_view rest_;
  std::string where_;
  std::size_t line_ = 1;
};

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) throw Error(file.string(), "cannot be read");
  return text;
}

std::optional<Subset> subset_named(std::string_view name) {
  for (const Subset subset : {Subset::train, Subset::validation, Subset::test})
    if (name == to_string(subset)) return subset;
  return std::nullopt;
}

// What a line says of a photo, once it holds against the folder.
struct Entry {
  std::size_t photo;
  Subset subset;
};

Entry entry_of(const Record& record, const ImageFolder& folder,
               const std::unordered_map<std::string_view, std::size_t>& positions, const std::string& file) {
  const auto fail = [&](const std::string& what) -> Error {
    return {file, "line " + std::to_string(record.line) + ": " + what};
  };
  if (record.fields.size() != 3)
    throw fail("has " + std::to_string(record.fields.size()) + " fields, expected " + std::string(header));
  const std::string& name = record.fields[0];
  const auto found = positions.find(name);
  if (found == positions.end())
    throw fail("lists '" + name + "', which is not in " + folder.root.string() +
               "; restore it or make a new split");
  const auto label = static_cast<std::size_t>(folder.photos[found->second].label);
  const std::string here = label < folder.labels.size() ? folder.labels[label] : std::string("no class");
  if (record.fields[1] != here)
    throw fail("says '" + name + "' is '" + record.fields[1] + "', but here it is '" + here +
               "'; make a new split");
  const auto subset = subset_named(record.fields[2]);
  if (!subset) throw fail("has the subset '" + record.fields[2] + "', expected train, validation or test");
  return {found->second, *subset};
}

}  // namespace

void write_split(const std::filesystem::path& file, const ImageFolder& folder,
                 const SplitAssignment& assignment) {
  if (assignment.size() != folder.photos.size())
    throw Error(file.string(), "the split is of " + std::to_string(assignment.size()) +
                                   " photos, the folder holds " + std::to_string(folder.photos.size()));
  std::string text(header);
  text += '\n';
  for (std::size_t i = 0; i < assignment.size(); ++i) {
    const Photo& photo = folder.photos[i];
    if (photo.label < 0 || static_cast<std::size_t>(photo.label) >= folder.labels.size())
      throw Error(file.string(), "'" + photo.name + "' has no class, expected a photo of a class folder");
    text +=
        csv_field(photo.name) + "," + csv_field(folder.labels[static_cast<std::size_t>(photo.label)]) + ",";
    text += to_string(assignment[i]);
    text += '\n';
  }
  write_atomically(file, text);
}

SplitAssignment read_split(const std::filesystem::path& file, const ImageFolder& folder) {
  const std::string where = file.string();
  const std::string text = read_text(file);
  std::string_view content = text;
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);  // spreadsheets put it before UTF-8
  RecordReader reader(content, where);
  const auto first = reader.next();
  if (!first || first->fields != std::vector<std::string>{"path", "label", "subset"})
    throw Error(where,
                "line 1: expected the columns " + std::string(header) + "; it is no split that petal wrote");

  std::unordered_map<std::string_view, std::size_t> positions;
  for (std::size_t i = 0; i < folder.photos.size(); ++i) positions[folder.photos[i].name] = i;
  std::vector<std::optional<Subset>> read(folder.photos.size());
  while (const auto record = reader.next()) {
    const Entry entry = entry_of(*record, folder, positions, where);
    if (read[entry.photo])
      throw Error(where, "line " + std::to_string(record->line) + ": lists '" + record->fields[0] +
                             "' a second time");
    read[entry.photo] = entry.subset;
  }
  SplitAssignment assignment;
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (!read[i])
      throw Error(where, "does not list '" + folder.photos[i].name + "', which is in " +
                             folder.root.string() + "; make a new split");
    assignment.push_back(*read[i]);
  }
  return assignment;
}

}  // namespace petal
