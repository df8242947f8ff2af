// Distinct words (byte strings) with a 64-bit value each.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace tokenworks::training {

static_assert(std::endian::native == std::endian::little, "words are compared as integers");

// Words of up to 15 bytes, nearly all of them, lie in the slots themselves; longer ones in an arena.
class WordTable {
 public:
  static constexpr size_t kPadding = 16;  // readable bytes that follow every word given

  WordTable() : short_(kFirst), long_(kFirst / 16) {}

  // The value of a word, 0 if it is new. The word is not empty and shorter than 2^32.
  uint64_t& at(const uint8_t* word, size_t n) {
    if (n > 15) return at_long(word, n);
    const Short key = short_key(word, n);
    const size_t mask = short_.size() - 1;
    for (size_t i = hash(key.low, key.high) & mask;; i = (i + 1) & mask) {
      Short& slot = short_[i];
      if (slot.high == key.high && slot.low == key.low) return slot.value;
      if (slot.high == 0) {
        if ((short_used_ + 1) * 4 > short_.size() * 3) {
          grow(short_, [](const Short& s) { return hash(s.low, s.high); });
          return at(word, n);
        }
        ++short_used_;
        slot = key;
        return slot.value;
      }
    }
  }

  const uint64_t* find(const uint8_t* word, size_t n) const {
    if (n > 15) {
      const uint64_t h = hash(word, n);
      const size_t mask = long_.size() - 1;
      for (size_t i = h & mask; long_[i].word; i = (i + 1) & mask) {
        if (is(long_[i], h, word, n)) return &long_[i].value;
      }
      return nullptr;
    }
    const Short key = short_key(word, n);
    const size_t mask = short_.size() - 1;
    for (size_t i = hash(key.low, key.high) & mask; short_[i].high; i = (i + 1) & mask) {
      if (short_[i].high == key.high && short_[i].low == key.low) return &short_[i].value;
    }
    return nullptr;
  }

  size_t size() const { return short_used_ + long_used_; }
  // Bytes held, and those held while the next insertion makes the table grow.
  size_t bytes() const {
    return short_.size() * sizeof(Short) + long_.size() * sizeof(Long) + arena_bytes_;
  }
  size_t bytes_when_grown() const {
    return bytes() + 2 * (short_.size() * sizeof(Short) + long_.size() * sizeof(Long));
  }

  // Calls visit(word, length, value) in no particular order; the word may be given to at().
  template <class Visit>
  void each(Visit&& visit) const {
    for (const Short& slot : short_) {
      if (slot.high) visit(reinterpret_cast<const uint8_t*>(&slot.low), slot.high >> 56, slot.value);
    }
    for (const Long& slot : long_) {
      if (slot.word) visit(slot.word, size_t{slot.length}, slot.value);
    }
  }

 private:
  struct Short {  // the word, zeros after it, its length in the last byte
    uint64_t low = 0, high = 0;
    uint64_t value = 0;
  };
  struct Long {
    const uint8_t* word = nullptr;
    uint64_t hash = 0;
    uint64_t value = 0;
    uint32_t length = 0;
  };
  static constexpr size_t kFirst = 1 << 12;
  static constexpr size_t kChunk = 1 << 20;

  static Short short_key(const uint8_t* word, size_t n) {
    uint64_t low, high;
    std::memcpy(&low, word, 8);
    std::memcpy(&high, word + 8, 8);
    if (n < 8) {
      low &= (uint64_t{1} << (8 * n)) - 1;
      high = 0;
    } else {
      high &= (uint64_t{1} << (8 * (n - 8))) - 1;
    }
    return {low, high | static_cast<uint64_t>(n) << 56, 0};
  }
  static uint64_t hash(uint64_t a, uint64_t b) {
    a = (a ^ 0x2D358DCCAA6C78A5ull) * 0x9E3779B97F4A7C15ull;
    b = (b ^ 0x8BB84B93962EACC9ull) * 0xD6E8FEB86659FD93ull;
    const uint64_t h = (a ^ (a >> 32)) + (b ^ (b >> 29));
    return (h ^ (h >> 31)) * 0xA0761D6478BD642Full >> 20;
  }
  static uint64_t hash(const uint8_t* word, size_t n) {
    uint64_t h = n;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      uint64_t low, high;
      std::memcpy(&low, word + i, 8);
      std::memcpy(&high, word + i + 8, 8);
      h = hash(h ^ low, high);
    }
    const Short rest = i < n ? short_key(word + i, n - i) : Short{};
    return hash(h ^ rest.low, rest.high);
  }
  static bool is(const Long& slot, uint64_t h, const uint8_t* word, size_t n) {
    return slot.hash == h && slot.length == n && std::memcmp(slot.word, word, n) == 0;
  }

  uint64_t& at_long(const uint8_t* word, size_t n) {
    const uint64_t h = hash(word, n);
    const size_t mask = long_.size() - 1;
    for (size_t i = h & mask;; i = (i + 1) & mask) {
      Long& slot = long_[i];
      if (!slot.word) {
        if ((long_used_ + 1) * 4 > long_.size() * 3) {
          grow(long_, [](const Long& s) { return s.hash; });
          return at_long(word, n);
        }
        ++long_used_;
        slot = {keep(word, n), h, 0, static_cast<uint32_t>(n)};
        return slot.value;
      }
      if (is(slot, h, word, n)) return slot.value;
    }
  }
  const uint8_t* keep(const uint8_t* word, size_t n) {
    if (left_ < n + kPadding) {
      left_ = n + kPadding > kChunk ? n + kPadding : kChunk;
      chunks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(left_));
      next_ = chunks_.back().get();
      arena_bytes_ += left_;
    }
    uint8_t* kept = next_;
    std::memcpy(kept, word, n);
    std::memset(kept + n, 0, kPadding);
    next_ += n;
    left_ -= n;
    return kept;
  }
  static bool used(const Short& slot) { return slot.high != 0; }
  static bool used(const Long& slot) { return slot.word != nullptr; }
  template <class Slot, class Hash>
  static void grow(std::vector<Slot>& slots, Hash&& hash_of) {
    std::vector<Slot> grown(slots.size() * 2);
    const size_t mask = grown.size() - 1;
    for (const Slot& slot : slots) {
      if (!used(slot)) continue;
      size_t i = hash_of(slot) & mask;
      while (used(grown[i])) i = (i + 1) & mask;
      grown[i] = slot;
    }
    slots.swap(grown);
  }

  std::vector<Short> short_;
  std::vector<Long> long_;
  size_t short_used_ = 0, long_used_ = 0;
  std::vector<std::unique_ptr<uint8_t[]>> chunks_;
  uint8_t* next_ = nullptr;
  size_t left_ = 0;
  size_t arena_bytes_ = 0;
};

}  // namespace tokenworks::training
