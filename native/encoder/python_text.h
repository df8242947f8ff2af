// The characters of a Python str, as UTF-8, read without the interpreter's lock and without leaving a
// second copy in the object.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "encoder/text_buffer.h"

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
      case 1: text = write<uint8_t, 2>(buffer); break;
      case 2: text = write<uint16_t, 3>(buffer); break;
      default: text = write<uint32_t, 4>(buffer); break;
    }
    if (text.size() >= UINT32_MAX) throw std::length_error("a text of 4 GiB or more: cut it first");
    return text;
  }

 private:
  static constexpr int kAscii = 0;

  static constexpr size_t kRun = 16;

  // Copies runs of ASCII from `i` on, as long as they last; returns where they end.
  template <class Unit>
  static size_t copy_ascii(const Unit* s, size_t i, size_t n, char*& out) {
    for (; i + kRun <= n; i += kRun, out += kRun) {
      Unit any = 0;
      for (size_t k = 0; k < kRun; ++k) any |= s[i + k];
      if (any >= 0x80) break;
      for (size_t k = 0; k < kRun; ++k) out[k] = static_cast<char>(s[i + k]);
    }
    return i;
  }

  // True for a surrogate. All lengths are made and one is chosen: which comes next cannot be predicted.
  template <class Unit>
  static bool write_character(uint32_t c, char*& out) {
    const uint32_t two = (0xC0 | c >> 6) | (0x80 | (c & 0x3F)) << 8;
    uint32_t bytes = c < 0x80 ? c : two;
    size_t length = 1 + (c >= 0x80);
    if constexpr (sizeof(Unit) > 1) {
      const uint32_t three = (0xE0 | (c >> 12 & 0x0F)) | (0x80 | (c >> 6 & 0x3F)) << 8 |
                             (0x80 | (c & 0x3F)) << 16;
      bytes = c < 0x800 ? bytes : three;
      length += c >= 0x800;
    }
    if constexpr (sizeof(Unit) > 2) {
      if (c >= 0x10000) {
        bytes = (0xF0 | c >> 18) | (0x80 | (c >> 12 & 0x3F)) << 8 | (0x80 | (c >> 6 & 0x3F)) << 16 |
                (0x80 | (c & 0x3F)) << 24;
        length = 4;
      }
    }
    const uint8_t little[4] = {static_cast<uint8_t>(bytes), static_cast<uint8_t>(bytes >> 8),
                               static_cast<uint8_t>(bytes >> 16), static_cast<uint8_t>(bytes >> 24)};
    std::memcpy(out, little, 4);
    out += length;
    return (c & ~0x7FFu) == 0xD800;
  }

  template <class Unit, size_t Most>
  std::string_view write(TextBuffer& buffer) const {
    const Unit* s = static_cast<const Unit*>(data_);
    char* const begin = buffer.room(length_ * Most + sizeof(uint32_t));
    char* out = begin;
    bool surrogates = false;
    for (size_t i = 0; i < length_;) {
      i = copy_ascii(s, i, length_, out);
      // What is not ASCII seldom stands alone.
      for (const size_t end = std::min(i + kRun, length_); i < end; ++i) {
        surrogates |= write_character<Unit>(s[i], out);
      }
    }
    if (surrogates) throw std::invalid_argument("a lone surrogate is no text");
    return {begin, static_cast<size_t>(out - begin)};
  }

  const void* data_;
  size_t length_;
  int kind_;
};

}  // namespace tokenworks
