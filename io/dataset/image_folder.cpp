#include "io/dataset/image_folder.h"

#include <algorithm>
#include <deque>
#include <set>
#include <string_view>
#include <system_error>
#include <tuple>

#include "engine/error.h"
#include "io/image/image.h"

namespace petal {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path;
  std::string name;  // below the root; empty for the root itself
  int label;
};

struct Found {
  int label;
  std::string folder;  // its name
  std::string file;
  fs::path path;
};

bool is_hidden(const fs::path& path) {
  return path.filename().native().starts_with('.');
}

std::string joined(const std::string& folder, const std::string& file) {
  return folder.empty() ? file : folder + "/" + file;
}

// Length of the UTF-8 sequence at the head of `text`, 0 where it is none (RFC 3629, overlong forms told apart
// by value).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
  if (byte(0) < 0x80) return 1;
  const std::size_t length = byte(0) < 0xC2   ? 0
                             : byte(0) < 0xE0 ? 2
                             : byte(0) < 0xF0 ? 3
                             : byte(0) < 0xF5 ? 4
                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  unsigned value = byte(0) & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return 0;
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  return overlong || surrogate || value > 0x10FFFF ? 0 : length;
}

void check_utf8(const fs::path& path) {
  const fs::path name = path.filename();
  for (std::string_view rest = name.native(); !rest.empty();) {
    const std::size_t length = utf8_length(rest);
    if (length == 0) throw Error(path.string(), "its name is not UTF-8; rename it");
    rest.remove_prefix(length);
  }
}

fs::path canonical_path(const fs::path& path) {
  std::error_code error;
  fs::path result = fs::canonical(path, error);
  if (error) throw Error(path.string(), "cannot be read: " + error.message());
  return result;
}

// Entries that are not hidden, sorted by name (byte by byte, which for UTF-8 is Python's order of code
// points).
std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator iterator(folder, error);
  std::vector<fs::directory_entry> entries;
  while (!error && iterator != fs::directory_iterator()) {
    if (!is_hidden(iterator->path())) entries.push_back(*iterator);
    iterator.increment(error);
  }
  if (error) throw Error(folder.string(), "cannot list the folder: " + error.message());
  for (const auto& entry : entries) check_utf8(entry.path());
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.path().filename().native() < b.path().filename().native();
  });
  return entries;
}

// True for what the walk goes into. A link that leads nowhere is no folder: it shows when it is opened.
bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

// Pipes and sockets would block a reader, whatever they are called.
bool can_be_photo(const fs::directory_entry& entry) {
  std::error_code error;
  const fs::file_type type = entry.status(error).type();
  const bool special = type == fs::file_type::fifo || type == fs::file_type::socket ||
                       type == fs::file_type::character || type == fs::file_type::block;
  return !special && has_image_suffix(entry.path());
}

// Walks folders below the root, each once. Links wait until every folder has been reached in its own place,
// so that a photo keeps its own name and class where it has one.
class Walk {
 public:
  explicit Walk(const fs::path& root) {
    // A link to a folder around the root would lead back into it.
    for (fs::path folder = canonical_path(root);; folder = folder.parent_path()) {
      seen_.insert(folder);
      if (folder == folder.parent_path()) break;
    }
  }

  // False where the folder was reached before.
  bool enter(Folder folder) {
    if (!seen_.insert(canonical_path(folder.path)).second) return false;
    waiting_.push_back(std::move(folder));
    return true;
  }

  void list(const Folder& folder) {
    for (const auto& entry : entries_of(folder.path)) {
      const std::string file = entry.path().filename().string();
      Folder below{entry.path(), joined(folder.name, file), folder.label};
      if (!is_folder(entry)) {
        if (can_be_photo(entry))
          found_.push_back({folder.label, folder.name, file, entry.path()});
        else
          ignored_.push_back(below.name);
      } else if (entry.is_symlink()) {
        links_.push_back(std::move(below));
      } else {
        enter(std::move(below));
      }
    }
  }

  void finish() {
    while (!waiting_.empty() || !links_.empty()) {
      if (waiting_.empty()) {
        enter(std::move(links_.front()));
        links_.pop_front();
        continue;
      }
      const Folder folder = std::move(waiting_.front());
      waiting_.pop_front();
      list(folder);
    }
  }

  // Keras's order: by class, then by folder (sorted(os.walk(class))), then by file.
  std::vector<Photo> photos() {
    std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
      return std::tie(a.label, a.folder, a.file) < std::tie(b.label, b.folder, b.file);
    });
    std::vector<Photo> photos;
    photos.reserve(found_.size());
    for (const Found& found : found_)
      photos.push_back({found.path, joined(found.folder, found.file), found.label});
    return photos;
  }

  std::vector<std::string> ignored() {
    std::sort(ignored_.begin(), ignored_.end());
    return ignored_;
  }

 private:
  std::set<fs::path> seen_;  // canonical
  std::deque<Folder> waiting_;
  std::deque<Folder> links_;
  std::vector<Found> found_;
  std::vector<std::string> ignored_;
};

constexpr const char* layout = "put the photos of each class into a folder of its own below it";

void check_classes(const ImageFolder& folder, int minimum_classes) {
  const std::string where = folder.root.string();
  if (folder.photos.empty())
    throw Error(where,
                "holds no photo (.jpg, .jpeg, .png or .webp) in its class folders; " + std::string(layout));
  if (folder.labels.size() < static_cast<std::size_t>(std::max(minimum_classes, 0)))
    throw Error(where, "holds " + std::to_string(folder.labels.size()) + " class ('" + folder.labels.front() +
                           "'), expected at least " + std::to_string(minimum_classes) + "; " + layout);
  std::vector<bool> has_photo(folder.labels.size());
  for (const Photo& photo : folder.photos) has_photo[static_cast<std::size_t>(photo.label)] = true;
  for (std::size_t label = 0; label < has_photo.size(); ++label)
    if (!has_photo[label])
      throw Error(where, "class '" + folder.labels[label] +
                             "' holds no photo (.jpg, .jpeg, .png or .webp); add some or remove the folder");
}

void check_exists(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) throw Error(path.string(), "no such file or folder");
  if (error) throw Error(path.string(), "cannot be read: " + error.message());
}

}  // namespace

ImageFolder scan_folder(const fs::path& root, int minimum_classes) {
  check_exists(root);
  if (!fs::is_directory(root))
    throw Error(root.string(), "is a file, expected a folder that holds a folder of photos a class");
  ImageFolder folder{.root = root, .labels = {}, .photos = {}, .ignored = {}};
  Walk walk(root);
  std::size_t loose_photos = 0;
  for (const auto& entry : entries_of(root)) {
    const std::string name = entry.path().filename().string();
    if (!is_folder(entry)) {
      folder.ignored.push_back(name);  // whatever it is, it has no class
      loose_photos += has_image_suffix(entry.path()) ? 1 : 0;
      continue;
    }
    if (!walk.enter({entry.path(), name, static_cast<int>(folder.labels.size())}))
      throw Error(root.string(),
                  "class folder '" + name +
                      "' is a link to another class's folder or to one around it; remove the link");
    folder.labels.push_back(name);
  }
  if (folder.labels.empty())
    throw Error(root.string(),
                "holds no class folder" +
                    (loose_photos > 0 ? " but " + std::to_string(loose_photos) + " photos" : std::string()) +
                    "; " + layout);
  walk.finish();
  folder.photos = walk.photos();
  const std::vector<std::string> below = walk.ignored();
  folder.ignored.insert(folder.ignored.end(), below.begin(), below.end());
  check_classes(folder, minimum_classes);
  return folder;
}

std::vector<Photo> list_photos(const fs::path& path) {
  check_exists(path);
  if (!fs::is_directory(path)) return {{path, path.filename().string(), -1}};
  Walk walk(path);
  walk.list({path, "", -1});
  walk.finish();
  std::vector<Photo> photos = walk.photos();
  if (photos.empty())
    throw Error(path.string(), "holds no photo (.jpg, .jpeg, .png or .webp), nor do the folders below it");
  return photos;
}

}  // namespace petal
