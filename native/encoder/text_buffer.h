// Room for the UTF-8 of a text, kept from text to text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>

namespace tokenworks {

// Bytes that are written before they are read, in room that is kept.
class TextBuffer {
 public:
  char* room(size_t n) {
    if (n > capacity_) {
      capacity_ = n + std::min(n / 4, kMostKept);
      data_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    return data_.get();
  }

  // Gives up room that only an unusually long text needed.
  void trim() {
    if (capacity_ <= kMostKept) return;
    data_.reset();
    capacity_ = 0;
  }

 private:
  static constexpr size_t kMostKept = size_t{1} << 24;

  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0;
};

}  // namespace tokenworks
