// The characters of a Python str, as UTF-8, read without the interpreter's lock and without leaving a
// second copy in the object.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "encoder/text_buffer.h"
#include "encoder/utf8_writer.h"

namespace tokenworks {

class PythonText {
 public:
  // Needs the lock, here alone; the object must outlive the text. Throws nanobind's type_error.
  explicit PythonText(nanobind::handle object) {
    if (!PyUnicode_Check(object.ptr())) throw nanobind::type_error("a text is expected");
    data_ = PyUnicode_DATA(object.ptr());
    length_ = static_cast<size_t>(PyUnicode_GET_LENGTH(object.ptr()));
    kind_ = PyUnicode_IS_ASCII(object.ptr()) ? kAscii : static_cast<int>(PyUnicode_KIND(object.ptr()));
  }

  // About how many bytes its UTF-8 has.
  size_t size_hint() const { return length_ * static_cast<size_t>(kind_ == kAscii ? 1 : kind_); }

  // Its UTF-8: the object's own memory, or `buffer`. Throws std::invalid_argument for a lone surrogate
  // and std::length_error for 4 GiB or more.
  std::string_view utf8(TextBuffer& buffer) const {
    std::string_view text;
    switch (kind_) {
      case kAscii: text = {static_cast<const char*>(data_), length_}; break;
      case 1: text = write<uint8_t>(buffer); break;
      case 2: text = write<uint16_t>(buffer); break;
      default: text = write<uint32_t>(buffer); break;
    }
    if (text.size() >= UINT32_MAX) throw std::length_error("a text of 4 GiB or more: cut it first");
    return text;
  }

 private:
  static constexpr int kAscii = 0;

  template <class Unit>
  std::string_view write(TextBuffer& buffer) const {
    char* const begin = buffer.room(utf8_room<Unit>(length_));
    const Utf8End end = write_utf8(static_cast<const Unit*>(data_), length_, begin);
    if (end.surrogates) throw std::invalid_argument("a lone surrogate is no text");
    return {begin, static_cast<size_t>(end.out - begin)};
  }

  const void* data_;
  size_t length_;
  int kind_;
};

}  // namespace tokenworks
