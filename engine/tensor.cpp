#include "engine/tensor.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "engine/error.h"

namespace petal {

std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::f64:
      return 8;
    case DataType::f32:
    case DataType::s32:
      return 4;
    case DataType::bf16:
    case DataType::f16:
      return 2;
    case DataType::u8:
      return 1;
  }
  return 0;
}

std::string_view to_string(DataType type) {
  switch (type) {
    case DataType::f32:
      return "float32";
    case DataType::f64:
      return "float64";
    case DataType::bf16:
      return "bfloat16";
    case DataType::f16:
      return "float16";
    case DataType::u8:
      return "uint8";
    case DataType::s32:
      return "int32";
  }
  return "";
}

Buffer::Buffer(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  const std::size_t align = bytes >= huge_page ? huge_page : alignment;
  const std::size_t rounded = (bytes + align - 1) / align * align;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(align, rounded)));
  if (!data_) {
    throw Error("memory",
                std::to_string(bytes) + " bytes are not to be had; use a smaller batch or image size",
                ErrorKind::failure);
  }
  // Advice only: a system without transparent huge pages gives ordinary ones.
  if (align == huge_page) madvise(data_.get(), rounded, MADV_HUGEPAGE);
}

void Buffer::Free::operator()(std::byte* data) const {
  std::free(data);
}

Tensor::Tensor(TensorDescription description) : description_(description), buffer_(description.bytes()) {
  if (size_bytes() > 0) std::memset(bytes(), 0, size_bytes());
}

Tensor::Tensor(const Tensor& other) : description_(other.description_), buffer_(other.size_bytes()) {
  if (size_bytes() > 0) std::memcpy(bytes(), other.bytes(), size_bytes());
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

void Tensor::require_type(DataType type) const {
  if (type != description_.type) {
    throw Error("tensor " + shape().to_string(),
                "is read as " + std::string(to_string(type)) + " but holds " +
                    std::string(to_string(description_.type)),
                ErrorKind::failure);
  }
}

}  // namespace petal
