// Room for the UTF-8 of a text, kept from text to text.
#pragma once

#include <cstddef>
#include <memory>

namespace tokenworks {

// Bytes that are written before they are read, in room that is kept.
class TextBuffer {
 public:
  char* room(size_t n) {
    if (n > capacity_) {
      capacity_ = n + n / 4;
      data_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    return data_.get();
  }

 private:
  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0;
};

}  // namespace tokenworks
