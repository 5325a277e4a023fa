#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace petal {

struct Photo {
  std::filesystem::path path;  // to open it
  std::string name;            // below the data folder, '/' between, UTF-8: "daisy/5547758.jpg"
  int label = -1;              // into ImageFolder::labels; -1 where unknown
};

// A folder a class: labels are the sorted folder names, photos sorted by name within each class, as Keras
// orders them.
struct ImageFolder {
  std::filesystem::path root;
  std::vector<std::string> labels;
  std::vector<Photo> photos;
  // By name: files that are no photos by their suffix, and all files beside the class folders.
  std::vector<std::string> ignored;
};

// Scans root/CLASS/**. Files are told by suffix here; unreadable ones show when they are decoded. Hidden
// entries are passed over; links to folders are followed once. Throws Error(root) where it does not exist, is
// not a folder, holds no class folder, no photo, a single class (`minimum_classes` 2), or a class without a
// photo (naming it).
ImageFolder scan_folder(const std::filesystem::path& root, int minimum_classes = 2);

// Photos of a file or of a folder and everything below it, label -1: what `predict` takes.
std::vector<Photo> list_photos(const std::filesystem::path& path);

}  // namespace petal
