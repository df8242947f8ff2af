// The string of every token, and the token of a string: a merge that spells a known string reuses it.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace tokenworks::training {

class TokenStrings {
 public:
  TokenStrings() : starts_{0}, table_(1024, kNone) {}

  size_t size() const { return starts_.size() - 1; }
  std::string_view operator[](uint32_t token) const {
    return {bytes_.data() + starts_[token], starts_[token + 1] - starts_[token]};
  }

  // Adds a token; the first one of a string keeps it.
  uint32_t add(std::string_view text) {
    const auto token = static_cast<uint32_t>(size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return close(token);
  }

  // The token spelled by `left` then `right`, and whether it is new.
  std::pair<uint32_t, bool> join(uint32_t left, uint32_t right) {
    const auto token = static_cast<uint32_t>(size());
    for (const uint32_t part : {left, right}) {
      const uint64_t begin = starts_[part], length = starts_[part + 1] - begin;
      bytes_.resize(bytes_.size() + length);
      std::memcpy(bytes_.data() + bytes_.size() - length, bytes_.data() + begin, length);
    }
    const std::string_view text(bytes_.data() + starts_[token], bytes_.size() - starts_[token]);
    const uint32_t known = table_[slot_of(text)];
    if (known != kNone) {
      bytes_.resize(starts_[token]);
      return {known, false};
    }
    return {close(token), true};
  }

 private:
  static constexpr uint32_t kNone = 0xFFFFFFFFu;

  uint32_t close(uint32_t token) {
    starts_.push_back(bytes_.size());
    if (size() * 2 > table_.size()) {
      table_.assign(table_.size() * 2, kNone);
      for (uint32_t t = 0; t < token; ++t) insert(t);
    }
    insert(token);
    return token;
  }
  void insert(uint32_t token) {
    uint32_t& slot = table_[slot_of((*this)[token])];
    if (slot == kNone) slot = token;
  }
  // The slot that holds the text, or the empty one where it belongs.
  size_t slot_of(std::string_view text) const {
    const size_t mask = table_.size() - 1;
    size_t i = std::hash<std::string_view>{}(text) & mask;
    while (table_[i] != kNone && (*this)[table_[i]] != text) i = (i + 1) & mask;
    return i;
  }

  std::vector<char> bytes_;
  std::vector<uint64_t> starts_;
  std::vector<uint32_t> table_;
};

}  // namespace tokenworks::training
