#include "trainer/feature_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/keras_config.h"

namespace petal {
namespace {

static_assert(std::endian::native == std::endian::little, "the cache's numbers are little-endian");

// Raise it where decoding, resizing, the passes or a kernel come to give other numbers: what older programs
// computed is then computed anew.
constexpr std::uint32_t features_version = 1;

constexpr std::array<char, 8> magic = {'P', 'E', 'T', 'A', 'L', 'F', 'C', '1'};

struct Header {
  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t reserved = 0;
  ContentKey features;
  std::int64_t width = 0;
  std::int64_t count = 0;
  std::uint64_t index_checksum = 0;
  std::uint64_t checksum = 0;  // of all above
};
static_assert(sizeof(Header) == 64);

struct IndexEntry {
  ContentKey photo;
  std::uint64_t checksum = 0;  // of key and row
};
static_assert(sizeof(IndexEntry) == 24);

std::uint64_t header_checksum(const Header& header) {
  return XXH3_64bits(&header, offsetof(Header, checksum));
}

std::uint64_t row_checksum(const ContentKey& key, std::span<const float> row) {
  return XXH3_64bits_withSeed(row.data(), row.size_bytes(), key.low ^ key.high);
}

ContentKey to_key(XXH128_hash_t hash) {
  return {hash.high64, hash.low64};
}

// Reads exactly `size` bytes at `offset`; false at the file's end or where the system refuses.
bool read_at(int descriptor, std::int64_t offset, void* dst, std::size_t size) {
  char* to = static_cast<char*>(dst);
  while (size > 0) {
    const ssize_t got = ::pread(descriptor, to, size, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    offset += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

std::string ContentKey::to_string() const {
  return fmt::format("{:016x}{:016x}", high, low);
}

ContentKey feature_key(const Network& frozen, const DecodeOptions& decode, Precision precision,
                       const std::string& backend) {
  const std::string text = fmt::format(
      "{}\n{}\n{:016x}\nexif {}\nfast {}\npixel limit {}\n{}\n{}", features_version,
      to_keras_config(frozen.graph), content_hash(frozen.graph, frozen.weights),
      decode.apply_exif_orientation, decode.fast, decode.pixel_limit, to_string(precision), backend);
  return to_key(XXH3_128bits(text.data(), text.size()));
}

ContentKey photo_key(const ContentKey& features, std::span<const std::byte> bytes) {
  const ContentKey content = to_key(XXH3_128bits(bytes.data(), bytes.size()));
  const std::array<ContentKey, 2> both = {features, content};
  return to_key(XXH3_128bits(both.data(), sizeof both));
}

std::optional<std::filesystem::path> default_cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache && *cache) return std::filesystem::path(cache) / "petal";
  const char* home = std::getenv("HOME");
  if (home && *home) return std::filesystem::path(home) / ".cache" / "petal";
  return std::nullopt;
}

FeatureCache::FeatureCache(std::filesystem::path folder, const ContentKey& features, std::int64_t width)
    : file_(std::move(folder) / ("features-" + features.to_string() + ".bin")),
      features_(features),
      width_(width) {
  open();
}

FeatureCache::~FeatureCache() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FeatureCache::FeatureCache(FeatureCache&& other) noexcept
    : file_(std::move(other.file_)),
      features_(other.features_),
      width_(other.width_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      rows_offset_(other.rows_offset_),
      index_(std::move(other.index_)),
      complaint_(std::move(other.complaint_)) {}

void FeatureCache::open() {
  if (descriptor_ >= 0) ::close(descriptor_);
  index_.clear();
  descriptor_ = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    if (errno != ENOENT) complaint_ = std::string("cannot be opened: ") + std::strerror(errno);
    return;
  }
  const std::string damage = read_index();
  if (damage.empty()) return;
  index_.clear();
  complaint_ = damage;
}

// "" or what is wrong with the file.
std::string FeatureCache::read_index() {
  Header header;
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return "is no regular file";
  if (!read_at(descriptor_, 0, &header, sizeof header) || header.magic != magic) return "is no feature cache";
  if (header.checksum != header_checksum(header)) return "is damaged: its header fails its checksum";
  if (header.version != features_version || header.features != features_ || header.width != width_) {
    return "holds other features than its name says";
  }
  // The header is sound, so these sizes are what was once written; the file may still have been cut.
  const std::int64_t row_bytes = width_ * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t index_bytes = header.count * static_cast<std::int64_t>(sizeof(IndexEntry));
  rows_offset_ = static_cast<std::int64_t>(sizeof header) + index_bytes;
  if (status.st_size != rows_offset_ + header.count * row_bytes)
    return "is damaged: it was cut short or grew";
  std::vector<IndexEntry> entries(static_cast<std::size_t>(header.count));
  if (!read_at(descriptor_, sizeof header, entries.data(), static_cast<std::size_t>(index_bytes)) ||
      header.index_checksum != XXH3_64bits(entries.data(), static_cast<std::size_t>(index_bytes))) {
    return "is damaged: its index fails its checksum";
  }
  index_.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    index_[entries[i].photo] = {static_cast<std::int64_t>(i), entries[i].checksum};
  }
  return "";
}

bool FeatureCache::read_row(const ContentKey& photo, const Slot& slot, float* dst) const {
  const std::size_t numbers = static_cast<std::size_t>(width_);
  const std::int64_t offset = rows_offset_ + slot.row * width_ * static_cast<std::int64_t>(sizeof(float));
  return read_at(descriptor_, offset, dst, numbers * sizeof(float)) &&
         row_checksum(photo, {dst, numbers}) == slot.checksum;
}

bool FeatureCache::find(const ContentKey& photo, float* dst) {
  const auto found = index_.find(photo);
  if (found == index_.end()) return false;
  if (read_row(photo, found->second, dst)) return true;
  index_.erase(found);
  complaint_ = "is damaged: a row fails its checksum";
  return false;
}

void FeatureCache::add(std::span<const ContentKey> keys,
                       const std::function<std::span<const float>(std::size_t i)>& row) {
  std::vector<float> buffer(static_cast<std::size_t>(width_));
  std::vector<std::pair<ContentKey, Slot>> kept(index_.begin(), index_.end());
  std::erase_if(kept, [&](const auto& entry) { return !read_row(entry.first, entry.second, buffer.data()); });
  std::ranges::sort(kept, {}, [](const auto& entry) { return entry.second.row; });
  std::vector<IndexEntry> entries;
  for (const auto& [key, slot] : kept) entries.push_back({key, slot.checksum});
  std::vector<std::size_t> fresh;
  std::unordered_map<ContentKey, Slot, KeyHash> known(kept.begin(), kept.end());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!known.try_emplace(keys[i]).second) continue;  // there already, or a copy of another photo
    fresh.push_back(i);
    entries.push_back({keys[i], row_checksum(keys[i], row(i))});
  }
  Header header{.magic = magic,
                .version = features_version,
                .features = features_,
                .width = width_,
                .count = static_cast<std::int64_t>(entries.size()),
                .index_checksum = XXH3_64bits(entries.data(), entries.size() * sizeof(IndexEntry))};
  header.checksum = header_checksum(header);

  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  if (error)
    throw Error(file_.parent_path().string(), "cannot be made: " + error.message(), ErrorKind::failure);
  write_atomically(file_, [&](const std::filesystem::path& part) {
    std::ofstream out(part, std::ios::binary);
    const auto write = [&](const void* data, std::size_t size) {
      out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    };
    write(&header, sizeof header);
    write(entries.data(), entries.size() * sizeof(IndexEntry));
    for (const auto& [key, slot] : kept) {
      read_row(key, slot, buffer.data());
      write(buffer.data(), buffer.size() * sizeof(float));
    }
    for (const std::size_t i : fresh) write(row(i).data(), row(i).size_bytes());
    out.close();
    if (!out)
      throw Error(file_.string(), std::string("cannot be written: ") + std::strerror(errno),
                  ErrorKind::failure);
  });
  open();
}

}  // namespace petal
