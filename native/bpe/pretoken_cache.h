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
#include <span>
#include <utility>
#include <vector>

#include "bpe/hash.h"
#include "large_pages.h"

namespace tokenworks {

// A pretoken of up to 15 bytes, zero-padded, with its length in the last byte.
struct ShortKey {
  uint64_t low;
  uint64_t high;
  bool operator==(const ShortKey&) const = default;
};

constexpr size_t kShortest = 15;

// A table, since the length of the next pretoken cannot be predicted. Its last place is for all that is
// longer than kShortest.
inline constexpr std::array<ShortKey, 17> kKeyMasks = [] {
  std::array<ShortKey, 17> masks{};
  for (unsigned length = 0; length < 16; ++length) {
    masks[length].low = length >= 8 ? ~0ull : (1ull << (8 * length)) - 1;
    masks[length].high = length > 8 ? (1ull << (8 * (length - 8))) - 1 : 0;
  }
  return masks;
}();

// Of a longer pretoken, a key that no short one has. `readable` says that 16 bytes can be read at `s`.
inline ShortKey short_key(const uint8_t* s, size_t length, bool readable) {
  uint64_t low, high;
  if (readable) [[likely]] {
    low = load64(s);
    high = load64(s + 8);
  } else {
    uint8_t padded[16] = {};
    std::memcpy(padded, s, std::min<size_t>(length, 16));
    low = load64(padded);
    high = load64(padded + 8);
  }
  length = std::min<size_t>(length, 16);
  const auto [low_mask, high_mask] = kKeyMasks[length];
  return {low & low_mask, (high & high_mask) | static_cast<uint64_t>(length) << 56};
}

// The key of the same bytes as a part of a pretoken, whose ids can be others.
inline ShortKey part_key(const ShortKey& key) { return {key.low, key.high | 1ull << 63}; }

inline uint64_t hash_short(const ShortKey& key) {
  return multiply_fold(key.low ^ kHashA, key.high ^ kHashB);
}

class PretokenCache {
 public:
  static constexpr uint32_t kInline = 3;
  static constexpr size_t kLongest = 128;  // bytes of a pretoken that is kept

  struct Entry {
    ShortKey key;
    uint32_t ids[kInline];  // or the place of the ids among the records
    uint32_t count;
  };
  static_assert(sizeof(Entry) == 32);

  struct Ids {
    const uint32_t* begin;
    size_t count;
  };

  // Begins with room for `expected` pretokens that are known beforehand, and for many more.
  explicit PretokenCache(size_t expected = 0)
      : near_(new_table<Entry>(kNearEntries)),
        slot_bits_(static_cast<unsigned>(
            std::bit_width((expected ? std::max(expected * 2 + kRoomAtFirst, kRoomySlots) : kFewestSlots) - 1))),
        slots_(new_table<uint64_t>(size_t{1} << slot_bits_)) {}

  // A copy of what `seed` knows.
  PretokenCache(const PretokenCache& seed)
      : near_(copy_of<Entry>(seed.near_, kNearEntries)),
        slot_bits_(seed.slot_bits_),
        slots_(copy_of<uint64_t>(seed.slots_, size_t{1} << slot_bits_)),
        used_(seed.used_),
        knows_short_pieces_(seed.knows_short_pieces_) {
    records_.reserve(kRoomyWords);
    records_.assign(seed.records_.begin(), seed.records_.end());
  }
  PretokenCache& operator=(const PretokenCache&) = delete;

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

  // Looks for a short pretoken, and brings it near. `hash` is its hash_short.
  const Entry* find_short(const ShortKey& key, uint64_t hash) {
    for (size_t k = slot_of(hash); slots_[k]; k = after(k)) {
      if ((slots_[k] ^ hash) >> 32) continue;
      const uint32_t* record = records_.data() + static_cast<uint32_t>(slots_[k]);
      if (key_of(record) == key) return bring_near(key, hash, record);
    }
    return nullptr;
  }

  // Needs a short pretoken that is not there.
  const Entry* insert_short(const uint8_t* s, size_t n, const ShortKey& key, uint64_t hash,
                            std::span<const uint32_t> ids) {
    return bring_near(key, hash, insert_record(s, n, hash, ids, key.high >> 63));
  }

  // Pretokens of kShortest to kLongest bytes; nothing is found as a null `begin`.
  Ids find_long(const uint8_t* s, size_t n, uint64_t hash, bool part = false) const {
    const uint32_t* record = find_record(s, n, hash, part);
    return record ? Ids{record + 1, count_of(record)} : Ids{nullptr, 0};
  }

  // Needs a pretoken that is not there.
  Ids insert_long(const uint8_t* s, size_t n, uint64_t hash, std::span<const uint32_t> ids,
                  bool part = false) {
    return {insert_record(s, n, hash, ids, part) + 1, ids.size()};
  }

  // Where ids that were found lie, for as long as no room is made.
  uint32_t place(Ids ids) const { return static_cast<uint32_t>(ids.begin - records_.data()); }
  const uint32_t* ids_at(uint32_t place) const { return records_.data() + place; }
  const uint32_t* ids(const Entry& e) const { return e.count <= kInline ? e.ids : ids_at(e.ids[0]); }

  // Forgets everything if there is much of it. Only here: what was found stays where it is meanwhile.
  void make_room() {
    if (full()) clear();
  }
  // Whether every short pretoken that is encoded as one piece is here, so that others need not be asked for.
  bool knows_short_pieces() const { return knows_short_pieces_; }
  void know_short_pieces() { knows_short_pieces_ = true; }

  bool full() const { return records_.size() > kMostWords || used_ > kMostPretokens; }

  // Asks for the memory that looking up a pretoken will need: first its slot, then its record.
  void prefetch_slot(uint64_t hash) const { prefetch(slots_.get() + slot_of(hash)); }
  void prefetch_record(uint64_t hash) const {
    prefetch(records_.data() + static_cast<uint32_t>(slots_[slot_of(hash)]));
  }

 private:
  static constexpr size_t kNearEntries = 1 << 15;   // 1 MiB
  static constexpr size_t kFewestSlots = 1 << 12;
  static constexpr size_t kRoomySlots = 1 << 18;    // 2 MiB
  static constexpr size_t kRoomAtFirst = 225000;    // slots for what a first text brings
  static constexpr size_t kMostPretokens = 600000;
  static constexpr size_t kRoomyWords = 1 << 22;    // 16 MiB, of which the system gives what is used
  static constexpr size_t kMostWords = 1 << 23;     // 32 MiB of records

  struct Free {
    void operator()(void* p) const { std::free(p); }
  };

  template <class T>
  using Table = std::unique_ptr<T[], Free>;
  using Records = std::vector<uint32_t, LargePages<uint32_t>>;

  // Zeroed by the system page by page, as the pages come into use.
  template <class T>
  static Table<T> new_table(size_t entries) {
    Table<T> table(static_cast<T*>(std::calloc(entries, sizeof(T))));
    if (!table) throw std::bad_alloc();
    return table;
  }
  template <class T>
  static Table<T> copy_of(const Table<T>& table, size_t entries) {
    Table<T> copy(static_cast<T*>(allocate_large(entries * sizeof(T))));
    std::memcpy(copy.get(), table.get(), entries * sizeof(T));
    return copy;
  }
  static void prefetch(const void* p) {
#if defined(__GNUC__)
    __builtin_prefetch(p);
#else
    (void)p;
#endif
  }
  static size_t near_place(uint64_t hash) { return hash & (kNearEntries - 1); }

  // A record is a word with the number of bytes and of ids (and whether this is a part of a pretoken), the ids,
  // and the bytes. Slots hold the high half of the hash, whose first bits are the slot's place, and the place of
  // the record: a pretoken that is not there is known by one look at a small table, which matters since all the
  // tables together are larger than the processor's caches.
  static uint32_t head_of(size_t bytes, size_t ids, bool part) {
    return static_cast<uint32_t>(part) << 31 | static_cast<uint32_t>(bytes << 16 | ids);
  }
  static size_t count_of(const uint32_t* record) { return *record & 0xFFFF; }
  static ShortKey key_of(const uint32_t* record) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(record + 1 + count_of(record));
    const ShortKey key = short_key(bytes, *record >> 16 & 0x7FFF, true);
    return *record >> 31 ? part_key(key) : key;
  }

  size_t slot_of(uint64_t slot) const { return slot >> (64 - slot_bits_); }
  size_t after(size_t k) const { return (k + 1) & ((size_t{1} << slot_bits_) - 1); }

  const uint32_t* find_record(const uint8_t* s, size_t n, uint64_t hash, bool part) const {
    for (size_t k = slot_of(hash); slots_[k]; k = after(k)) {
      if ((slots_[k] ^ hash) >> 32) continue;
      const uint32_t* record = records_.data() + static_cast<uint32_t>(slots_[k]);
      const bool alike = *record >> 16 == (static_cast<uint32_t>(part) << 15 | n);
      if (alike && std::memcmp(record + 1 + count_of(record), s, n) == 0) return record;
    }
    return nullptr;
  }

  const uint32_t* insert_record(const uint8_t* s, size_t n, uint64_t hash,
                                std::span<const uint32_t> ids, bool part) {
    const size_t words = 1 + ids.size() + (n + 3) / 4;
    if (used_ >> (slot_bits_ - 3) >= 5) grow();  // five eighths
    const size_t place = records_.size();
    if (place + words + kSlack > records_.capacity()) records_.reserve(records_.capacity() * 2 + words + kSlack);
    records_.resize(place + words);
    uint32_t* record = records_.data() + place;
    record[0] = head_of(n, ids.size(), part);
    std::copy(ids.begin(), ids.end(), record + 1);
    record[words - 1] = 0;
    std::memcpy(record + 1 + ids.size(), s, n);
    enter(hash >> 32 << 32 | place);
    ++used_;
    return record;
  }

  const Entry* bring_near(const ShortKey& key, uint64_t hash, const uint32_t* record) {
    Entry& e = near_[near_place(hash)];
    e.key = key;
    e.count = static_cast<uint32_t>(count_of(record));
    e.ids[0] = static_cast<uint32_t>(record + 1 - records_.data());
    e.ids[1] = e.ids[2] = 0;
    if (e.count <= kInline) {
      for (size_t i = 0; i < kInline; ++i) e.ids[i] = i < e.count ? record[1 + i] : 0;
    }
    return &e;
  }

  void enter(uint64_t slot) {
    size_t k = slot_of(slot);
    while (slots_[k]) k = after(k);
    slots_[k] = slot;
  }

  void grow() {
    const size_t before = size_t{1} << slot_bits_;
    Table<uint64_t> old = std::exchange(slots_, new_table<uint64_t>(before * 2));
    ++slot_bits_;
    for (size_t k = 0; k < before; ++k) {
      if (old[k]) enter(old[k]);
    }
  }

  static Records first_records() {
    Records records;
    records.reserve(kFirstRecord + kSlack);
    records.resize(kFirstRecord);
    return records;
  }

  void clear() {
    std::memset(near_.get(), 0, kNearEntries * sizeof(Entry));
    std::memset(slots_.get(), 0, (size_t{1} << slot_bits_) * sizeof(uint64_t));
    records_.resize(kFirstRecord);
    used_ = 0;
    knows_short_pieces_ = false;
  }

  static constexpr size_t kFirstRecord = 1;  // so that no slot in use is zero
  static constexpr size_t kSlack = 4;        // words past the last record that may be read

  Table<Entry> near_;
  unsigned slot_bits_;
  Table<uint64_t> slots_;
  size_t used_ = 0;
  bool knows_short_pieces_ = false;
  Records records_ = first_records();
};

}  // namespace tokenworks
