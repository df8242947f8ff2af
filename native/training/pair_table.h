// Counts of pairs of neighbouring tokens, by open addressing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tokenworks::training {

using PairKey = uint64_t;

constexpr PairKey pair_key(uint32_t left, uint32_t right) {
  return (static_cast<uint64_t>(left) << 32) | right;
}
constexpr uint32_t left_of(PairKey key) { return static_cast<uint32_t>(key >> 32); }
constexpr uint32_t right_of(PairKey key) { return static_cast<uint32_t>(key); }

template <class Value>
class PairTable {
 public:
  explicit PairTable(size_t expected = 1024) {
    size_t capacity = 1024;
    while (capacity < expected * 2) capacity *= 2;
    reset(capacity);
  }

  Value* find(PairKey key) {
    return const_cast<Value*>(static_cast<const PairTable*>(this)->find(key));
  }
  const Value* find(PairKey key) const {
    for (size_t i = slot_of(key);; i = (i + 1) & mask_) {
      if (slots_[i].key == key) return &slots_[i].value;
      if (slots_[i].key == kEmpty) return nullptr;
    }
  }

  Value& operator[](PairKey key) {
    size_t i = slot_of(key);
    for (; slots_[i].key != kEmpty; i = (i + 1) & mask_) {
      if (slots_[i].key == key) return slots_[i].value;
    }
    if ((used_ + 1) * 3 > slots_.size() * 2) {
      grow();
      return (*this)[key];
    }
    ++used_;
    slots_[i].key = key;
    return slots_[i].value;
  }

  size_t size() const { return used_; }
  uint64_t bytes() const { return slots_.size() * sizeof(Slot); }

  template <class Visit>
  void each(Visit&& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.key != kEmpty) visit(slot.key, slot.value);
    }
  }

 private:
  static constexpr PairKey kEmpty = ~PairKey{0};
  struct Slot {
    PairKey key = kEmpty;
    Value value{};
  };

  size_t slot_of(PairKey key) const {
    return static_cast<size_t>((key * 0x9E3779B97F4A7C15ull) >> shift_);
  }
  void reset(size_t capacity) {
    slots_.assign(capacity, Slot{});
    mask_ = capacity - 1;
    shift_ = 64;
    for (size_t c = capacity; c > 1; c /= 2) --shift_;
    used_ = 0;
  }
  // Pairs that no longer occur are forgotten here: absent and zero mean the same.
  void grow() {
    std::vector<Slot> old;
    old.swap(slots_);
    size_t live = 0;
    for (const Slot& slot : old) live += slot.key != kEmpty && slot.value != Value{};
    reset((live + 1) * 3 > old.size() ? old.size() * 2 : old.size());
    for (const Slot& slot : old) {
      if (slot.key == kEmpty || slot.value == Value{}) continue;
      size_t i = slot_of(slot.key);
      while (slots_[i].key != kEmpty) i = (i + 1) & mask_;
      slots_[i] = slot;
      ++used_;
    }
  }

  std::vector<Slot> slots_;
  size_t mask_ = 0;
  size_t used_ = 0;
  unsigned shift_ = 0;
};

}  // namespace tokenworks::training
