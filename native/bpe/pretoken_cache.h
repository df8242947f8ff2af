// Pretokens already encoded, of bounded size: one per thread, kept from text to text.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "bpe/hash.h"

namespace tokenworks {

// A pretoken of up to 15 bytes, zero-padded, with its length in the last byte.
struct ShortKey {
  uint64_t low;
  uint64_t high;
  bool operator==(const ShortKey&) const = default;
};

constexpr size_t kShortest = 15;

// A table, since the length of the next pretoken cannot be predicted.
inline constexpr std::array<ShortKey, 16> kKeyMasks = [] {
  std::array<ShortKey, 16> masks{};
  for (unsigned length = 0; length < 16; ++length) {
    masks[length].low = length >= 8 ? ~0ull : (1ull << (8 * length)) - 1;
    masks[length].high = length > 8 ? (1ull << (8 * (length - 8))) - 1 : 0;
  }
  return masks;
}();

// Needs length <= 15. `readable` says that 16 bytes can be read at `s`.
inline ShortKey short_key(const uint8_t* s, size_t length, bool readable) {
  uint64_t low, high;
  if (readable) [[likely]] {
    low = load64(s);
    high = load64(s + 8);
  } else {
    uint8_t padded[16] = {};
    std::memcpy(padded, s, length);
    low = load64(padded);
    high = load64(padded + 8);
  }
  const auto [low_mask, high_mask] = kKeyMasks[length];
  return {low & low_mask, (high & high_mask) | static_cast<uint64_t>(length) << 56};
}

inline uint64_t hash_short(const ShortKey& key) {
  return multiply_fold(key.low ^ kHashA, key.high ^ kHashB);
}

class PretokenCache {
 public:
  static constexpr uint32_t kInline = 3;

  struct Entry {
    ShortKey key;
    uint32_t ids[kInline];  // or the place of the ids in the arena
    uint32_t count;
  };
  static_assert(sizeof(Entry) == 32);

  // The large table has room for `expected` short pretokens and as many more.
  explicit PretokenCache(size_t expected = 0)
      : far_mask_(std::bit_ceil(std::max(expected * 2, kFarEntries)) - 1),
        near_(new_table<Entry>(kNearEntries)),
        far_(new_table<Entry>(far_mask_ + 1)),
        long_(new_table<LongEntry>(kLongEntries)) {}

  // A copy of the short pretokens of `seed`, which must have come in by insert_single.
  PretokenCache(const PretokenCache& seed) : PretokenCache((seed.far_mask_ + 1) / 2) {
    std::memcpy(near_.get(), seed.near_.get(), kNearEntries * sizeof(Entry));
    std::memcpy(far_.get(), seed.far_.get(), (far_mask_ + 1) * sizeof(Entry));
    far_used_ = seed.far_used_;
  }
  PretokenCache& operator=(const PretokenCache&) = delete;

  // Enters a pretoken that is one token; does nothing if it is there.
  void insert_single(const ShortKey& key, uint32_t id) {
    const uint64_t hash = hash_short(key);
    if (!find_far(key, hash)) insert(key, hash, {id});
  }

  // The common pretokens lie in a table small enough for the processor's own caches, one place
  // each, so that finding them takes no branch that cannot be predicted.
  class Near {
   public:
    explicit Near(const Entry* table) : table_(table) {}
    // Where a pretoken with this hash_short is, if it is near: compare its key.
    const Entry* place(uint64_t hash) const { return table_ + near_place(hash); }

   private:
    const Entry* table_;
  };
  Near near() const { return Near(near_.get()); }

  // Looks in the large table, and brings what it finds near.
  const Entry* find_far(const ShortKey& key, uint64_t hash) {
    for (size_t k = hash & far_mask_;; k = (k + 1) & far_mask_) {
      const Entry& far = far_[k];
      if (far.key == key) {
        Entry& near = near_[near_place(hash)];
        near = far;
        return &near;
      }
      if (far.key == ShortKey{}) return nullptr;
    }
  }

  // Needs a key that is not there.
  const Entry* insert(const ShortKey& key, uint64_t hash, const std::vector<uint32_t>& ids) {
    if (far_used_ > far_mask_ / 4 * 3) clear();
    Entry& near = near_[near_place(hash)];
    fill(near, ids);
    near.key = key;
    size_t k = hash & far_mask_;
    while (!(far_[k].key == ShortKey{})) k = (k + 1) & far_mask_;
    far_[k] = near;
    ++far_used_;
    return &near;
  }

  // Pretokens of 16 bytes and more, up to kLongest.
  static constexpr size_t kLongest = 128;

  struct Ids {
    const uint32_t* begin;
    size_t count;
  };

  // Nothing is found as a null `begin`.
  Ids find_long(const uint8_t* s, size_t n, uint64_t hash) const {
    for (size_t k = hash & kLongMask;; k = (k + 1) & kLongMask) {
      const LongEntry& e = long_[k];
      if (e.length == 0) return {nullptr, 0};
      if (e.hash == hash && e.length == n && std::memcmp(bytes_.data() + e.bytes, s, n) == 0) {
        return {arena_.data() + e.ids, e.count};
      }
    }
  }

  // Needs a pretoken that is not there, of 1 to kLongest bytes.
  void insert_long(const uint8_t* s, size_t n, uint64_t hash, const std::vector<uint32_t>& ids) {
    if (long_used_ == kMaxLongUsed || arena_.size() + ids.size() > kMaxArena) clear();
    size_t k = hash & kLongMask;
    while (long_[k].length != 0) k = (k + 1) & kLongMask;
    long_[k] = {hash, static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(arena_.size()),
                static_cast<uint16_t>(n), static_cast<uint16_t>(ids.size())};
    bytes_.insert(bytes_.end(), s, s + n);
    arena_.insert(arena_.end(), ids.begin(), ids.end());
    ++long_used_;
  }

  const uint32_t* ids(const Entry& e) const {
    return e.count <= kInline ? e.ids : arena_.data() + e.ids[0];
  }

 private:
  static constexpr size_t kNearEntries = 1 << 15;    // 1 MiB
  static constexpr size_t kFarEntries = 1 << 18;      // 8 MiB at least, three quarters in use
  static constexpr size_t kLongEntries = 1 << 18;    // 6 MiB, and the bytes and ids they name
  static constexpr size_t kLongMask = kLongEntries - 1;
  static constexpr size_t kMaxLongUsed = kLongEntries / 4 * 3;
  static constexpr size_t kMaxArena = 1 << 22;

  struct LongEntry {
    uint64_t hash;
    uint32_t bytes;   // place in bytes_
    uint32_t ids;     // place in arena_
    uint16_t length;  // 0: empty
    uint16_t count;
  };
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };

  template <class T>
  using Zeroed = std::unique_ptr<T[], Free>;

  // Zeroed by the system page by page, as the pages come into use.
  template <class T>
  static Zeroed<T> new_table(size_t entries) {
    Zeroed<T> table(static_cast<T*>(std::calloc(entries, sizeof(T))));
    if (!table) throw std::bad_alloc();
    return table;
  }
  static size_t near_place(uint64_t hash) { return hash >> 32 & (kNearEntries - 1); }

  void fill(Entry& e, const std::vector<uint32_t>& ids) {
    if (ids.size() > kInline && arena_.size() + ids.size() > kMaxArena) clear();
    e.count = static_cast<uint32_t>(ids.size());
    if (ids.size() <= kInline) {
      for (size_t i = 0; i < ids.size(); ++i) e.ids[i] = ids[i];
      return;
    }
    e.ids[0] = static_cast<uint32_t>(arena_.size());
    arena_.insert(arena_.end(), ids.begin(), ids.end());
  }

  void clear() {
    std::memset(near_.get(), 0, kNearEntries * sizeof(Entry));
    std::memset(far_.get(), 0, (far_mask_ + 1) * sizeof(Entry));
    far_used_ = 0;
    std::memset(long_.get(), 0, kLongEntries * sizeof(LongEntry));
    arena_.clear();
    bytes_.clear();
    long_used_ = 0;
  }

  size_t far_mask_;
  size_t far_used_ = 0;
  size_t long_used_ = 0;
  Zeroed<Entry> near_;
  Zeroed<Entry> far_;
  Zeroed<LongEntry> long_;
  std::vector<uint32_t> arena_;
  std::vector<uint8_t> bytes_;
};

}  // namespace tokenworks
