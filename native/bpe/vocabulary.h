// The pieces of a tokenizer, found by their bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpe/hash.h"

namespace tokenworks {

class Vocabulary {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // `offsets` has one entry more than there are pieces; piece i is blob[offsets[i], offsets[i+1]).
  // Of equal pieces the last one is found, as in a map filled in order.
  Vocabulary(std::string blob, std::vector<uint64_t> offsets)
      : blob_(std::move(blob)), offsets_(std::move(offsets)) {
    const size_t n = size();
    size_t slots = 16;
    while (slots < n * 2) slots *= 2;
    mask_ = slots - 1;
    if (blob_.size() >= UINT32_MAX) throw std::length_error("pieces of 4 GiB or more in all");
    slots_.assign(slots, Slot{kNone, 0, 0});
    filter_bits_ = static_cast<unsigned>(std::countr_zero(slots)) + 3;
    filter_.assign((size_t{1} << filter_bits_) / 64, 0);
    for (uint32_t i = 0; i < n; ++i) insert(i);
  }

  size_t size() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }

  std::string_view piece(uint32_t i) const {
    return {blob_.data() + offsets_[i], offsets_[i + 1] - offsets_[i]};
  }

  uint32_t find(std::string_view bytes) const {
    const uint64_t h = hash(bytes);
    // Most pretokens asked for are no piece, and the filter, unlike the table, stays in the nearest caches.
    const uint64_t place = filter_place(h);
    if (!(filter_[place / 64] >> place % 64 & 1)) return kNone;
    const uint32_t tag = tag_of(h, bytes.size());
    for (size_t k = h & mask_;; k = (k + 1) & mask_) {
      const Slot slot = slots_[k];
      if (slot.piece == kNone) return kNone;
      if (slot.tag == tag && is_piece(slot, bytes)) return slot.piece;
    }
  }

 private:
  struct Slot {
    uint32_t piece;
    uint32_t offset;  // of its bytes, to spare a look at offsets_
    uint32_t tag;     // high bits of the hash, and the length
  };

  static constexpr size_t kLongLength = 255;  // lengths from here on are not told apart by the tag

  static uint32_t tag_of(uint64_t hash, size_t length) {
    return static_cast<uint32_t>(hash >> 40) << 8 |
           static_cast<uint32_t>(length < kLongLength ? length : kLongLength);
  }

  bool is_piece(const Slot& slot, std::string_view bytes) const {
    if (bytes.size() >= kLongLength) return piece(slot.piece) == bytes;
    return std::memcmp(blob_.data() + slot.offset, bytes.data(), bytes.size()) == 0;
  }

  static uint64_t hash(std::string_view bytes) {
    return hash_bytes(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }

  uint64_t filter_place(uint64_t hash) const { return hash >> (64 - filter_bits_); }

  void insert(uint32_t i) {
    const uint64_t h = hash(piece(i));
    filter_[filter_place(h) / 64] |= 1ull << filter_place(h) % 64;
    const uint32_t tag = tag_of(h, piece(i).size());
    for (size_t k = h & mask_;; k = (k + 1) & mask_) {
      Slot& slot = slots_[k];
      if (slot.piece == kNone || (slot.tag == tag && piece(slot.piece) == piece(i))) {
        slot = {i, static_cast<uint32_t>(offsets_[i]), tag};
        return;
      }
    }
  }

  std::string blob_;
  std::vector<uint64_t> offsets_;
  std::vector<Slot> slots_;
  std::vector<uint64_t> filter_;  // a bit for each hash that a piece has: eight bits a slot
  size_t mask_ = 0;
  unsigned filter_bits_ = 0;
};

}  // namespace tokenworks
