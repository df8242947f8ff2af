// The loop that encodes ordinary text: scan a pretoken, find it in the cache, store its ids.
#pragma once

#include "bpe/bpe.h"
#include "encoder/workspace.h"
#include "scanner/ascii_starts.h"
#include "scanner/visit.h"

namespace tokenworks {

// Pretokens that the near cache does not hold, and results that do not fit an entry.
class RarePretokens {
 public:
  RarePretokens(const Bpe& bpe, Workspace& w) : bpe_(bpe), w_(w) {}

  TOKENWORKS_NOINLINE const PretokenCache::Entry* short_entry(const uint8_t* s, size_t length,
                                                              const ShortKey& key, uint64_t hash) {
    if (const PretokenCache::Entry* e = w_.cache.find_short(key, hash)) return e;
    encode(s, length);
    return w_.cache.insert_short(s, length, key, hash, w_.merged);
  }

  // Appends the ids of a pretoken part by part to `out`; false, and nothing, if it is all one part.
  TOKENWORKS_NOINLINE bool spell(const uint8_t* s, size_t length, std::vector<uint32_t>& out) {
    bool parted = true;
    bpe_.cuts().cut(s, length, [&](size_t begin, size_t end, uint32_t code) {
      if (end - begin == length) {
        parted = false;
      } else if (code) {
        bpe_.append_character(code, out);
      } else {
        append_part(s + begin, end - begin, begin + 16 <= length, out);
      }
    });
    return parted;
  }

  // A pretoken of more than kShortest bytes, up to PretokenCache::kLongest, with its hash_bytes.
  TOKENWORKS_NOINLINE PretokenCache::Ids long_ids(const uint8_t* s, size_t length, uint64_t hash) {
    const PretokenCache::Ids found = w_.cache.find_long(s, length, hash);
    if (found.begin) return found;
    bpe_.encode_plain(s, length, w_.scratch, w_.merged);
    return w_.cache.insert_long(s, length, hash, w_.merged);
  }

  // Appends the ids of a pretoken of any length.
  void append(const uint8_t* s, size_t length, bool readable, IdBuffer& out) {
    if (length > PretokenCache::kLongest) return append_uncached(s, length, out);
    w_.cache.make_room();
    if (length > kShortest) {
      const PretokenCache::Ids ids = long_ids(s, length, hash_bytes(s, length));
      return out.append(ids.begin, ids.count);
    }
    const ShortKey key = short_key(s, length, readable);
    const uint64_t hash = hash_short(key);
    const PretokenCache::Entry* e = w_.cache.near().place(hash);
    if (!(e->key == key)) e = short_entry(s, length, key, hash);
    out.append(w_.cache.ids(*e), e->count);
  }

  TOKENWORKS_NOINLINE void append_uncached(const uint8_t* s, size_t length, IdBuffer& out) {
    bpe_.encode_plain(s, length, w_.scratch, w_.merged);
    out.append(w_.merged.data(), w_.merged.size());
  }

 private:
  void encode(const uint8_t* s, size_t length) {
    if (!bpe_.cuts().empty() && !is_ascii(s, length)) {
      w_.merged.clear();
      if (spell(s, length, w_.merged)) return;
    }
    bpe_.encode_plain(s, length, w_.scratch, w_.merged);
  }

  void append_part(const uint8_t* s, size_t length, bool readable, std::vector<uint32_t>& out) {
    // A pretoken can have more parts than there is room for.
    const bool room = !w_.cache.full();
    if (length > kShortest) {
      const bool kept = room && length <= PretokenCache::kLongest;
      const uint64_t hash = kept ? hash_bytes(s, length) : 0;
      PretokenCache::Ids ids{nullptr, 0};
      if (kept) ids = w_.cache.find_long(s, length, hash, bpe_.parts_differ());
      if (!ids.begin) {
        bpe_.encode_part(s, length, w_.scratch, w_.part);
        ids = {w_.part.data(), w_.part.size()};
        if (kept) ids = w_.cache.insert_long(s, length, hash, w_.part, bpe_.parts_differ());
      }
      out.insert(out.end(), ids.begin, ids.begin + ids.count);
      return;
    }
    ShortKey key = short_key(s, length, readable);
    if (bpe_.parts_differ()) key = part_key(key);
    const uint64_t hash = hash_short(key);
    const PretokenCache::Entry* e = w_.cache.near().place(hash);
    if (!(e->key == key) && !(e = w_.cache.find_short(key, hash))) {
      bpe_.encode_part(s, length, w_.scratch, w_.part);
      if (!room) {
        out.insert(out.end(), w_.part.begin(), w_.part.end());
        return;
      }
      e = w_.cache.insert_short(s, length, key, hash, w_.part);
    }
    const uint32_t* ids = w_.cache.ids(*e);
    out.insert(out.end(), ids, ids + e->count);
  }

  const Bpe& bpe_;
  Workspace& w_;
};

// U+2581, which stands for a space in SentencePiece vocabularies.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

// Appends the ids of a pretoken of a model that is separable_before(kSpaceMark), word by word.
inline void encode_marked_words(const Bpe& bpe, std::string_view text, Workspace& w, IdBuffer& out) {
  RarePretokens words(bpe, w);
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t begin = 0; begin < text.size();) {
    size_t letters = begin;
    while (text.substr(letters, kSpaceMark.size()) == kSpaceMark) letters += kSpaceMark.size();
    const size_t end = std::min(text.find(kSpaceMark, letters), text.size());
    words.append(s + begin, end - begin, begin + 16 <= text.size(), out);
    begin = end;
  }
}

// Encodes text pretoken by pretoken, a batch at a time: what the near cache holds first, then the others,
// whose places in memory are asked for together, and then the ids in order. No step waits for the
// outcome of the one before, as it would from pretoken to pretoken.
class BatchLoop {
 public:
  BatchLoop(const Bpe& bpe, Workspace& w, IdBuffer& out)
      : rare_(bpe, w), w_(w), out_(out), cuts_(!bpe.cuts().empty()) {}

  void encode(scanner::FindEnds find_ends, const uint8_t* s, size_t n) {
    size_t begin = 0;
    for (size_t i = 0; i < n;) {
      w_.cache.make_room();
      ends_[0] = begin;
      const size_t count = find_ends(s, n, i, ends_ + 1);
      // Keys are made of 16 bytes at once, except at the very end of the text.
      size_t safe = count;
      while (safe > 0 && ends_[safe - 1] + 16 > n) --safe;
      missing_ = 0;
      find_near<true>(s, 0, safe);
      find_near<false>(s, safe, count);
      find_missing(s, n);
      store(s, count);
      begin = i;
    }
  }

 private:
  using Entry = PretokenCache::Entry;
  static constexpr size_t kRoom = scanner::kBatchRoom;
  static constexpr uint32_t kUncached = UINT32_MAX;  // a count: too long to be kept
  static constexpr uint32_t kSpelled = 1;  // in place of the second of many ids: the first is their place

  struct Found {
    uint32_t ids[PretokenCache::kInline];
    uint32_t count;
  };
  struct Missing {
    size_t at;
    ShortKey key;
    uint64_t hash;
    bool foreign;  // long, and not ASCII
  };

  template <bool Readable>
  void find_near(const uint8_t* s, size_t first, size_t last) {
    const PretokenCache::Near near = w_.cache.near();
    size_t missing = missing_;
    for (size_t k = first; k < last; ++k) {
      const size_t begin = ends_[k];
      const ShortKey key = short_key(s + begin, ends_[k + 1] - begin, Readable);
      const uint64_t hash = hash_short(key);
      const Entry* e = near.place(hash);
      std::memcpy(&found_[k], e->ids, sizeof(Found));
      missing_here_[missing].at = k;
      missing += ((e->key.low ^ key.low) | (e->key.high ^ key.high)) != 0;
    }
    missing_ = missing;
  }

  TOKENWORKS_NOINLINE void find_missing(const uint8_t* s, size_t n) {
    for (size_t j = 0; j < missing_; ++j) {
      Missing& m = missing_here_[j];
      const size_t begin = ends_[m.at], length = ends_[m.at + 1] - begin;
      if (length <= kShortest) {
        m.key = short_key(s + begin, length, begin + 16 <= n);
        m.hash = hash_short(m.key);
      } else {
        m.foreign = cuts_ && !is_ascii(s + begin, length);
        const bool kept = length <= PretokenCache::kLongest && !m.foreign;
        m.hash = kept ? hash_bytes(s + begin, length) : 0;
      }
      w_.cache.prefetch_slot(m.hash);
    }
    for (size_t j = 0; j < missing_; ++j) w_.cache.prefetch_record(missing_here_[j].hash);
    w_.spelled.clear();
    for (size_t j = 0; j < missing_; ++j) {
      Missing& m = missing_here_[j];
      const size_t begin = ends_[m.at], length = ends_[m.at + 1] - begin;
      Found& found = found_[m.at];
      if (length <= kShortest) {
        const Entry* e = rare_.short_entry(s + begin, length, m.key, m.hash);
        std::memcpy(&found, e->ids, sizeof(Found));
        continue;
      }
      if (m.foreign) {
        if (spell(m, s + begin, length)) continue;
        if (length <= PretokenCache::kLongest) m.hash = hash_bytes(s + begin, length);
      }
      if (length <= PretokenCache::kLongest) {
        const PretokenCache::Ids ids = rare_.long_ids(s + begin, length, m.hash);
        found = {{w_.cache.place(ids), 0}, static_cast<uint32_t>(ids.count)};
        if (ids.count <= PretokenCache::kInline) std::copy(ids.begin, ids.begin + ids.count, found.ids);
      } else {
        found.count = kUncached;
      }
    }
  }

  // Spells a long pretoken that is not ASCII; false if it cannot be parted. Its parts are kept, it is not.
  bool spell(const Missing& m, const uint8_t* s, size_t length) {
    const size_t place = w_.spelled.size();
    if (!rare_.spell(s, length, w_.spelled)) return false;
    Found& found = found_[m.at];
    found = {{static_cast<uint32_t>(place), kSpelled}, static_cast<uint32_t>(w_.spelled.size() - place)};
    if (found.count <= PretokenCache::kInline) {
      std::copy(w_.spelled.begin() + static_cast<std::ptrdiff_t>(place), w_.spelled.end(), found.ids);
    }
    return true;
  }

  void store(const uint8_t* s, size_t count) {
    out_.ensure(kRoom * PretokenCache::kInline);
    uint32_t* at = out_.end();
    for (size_t k = 0; k < count; ++k) {
      const Found& found = found_[k];
      if (found.count <= PretokenCache::kInline) [[likely]] {
        std::memcpy(at, found.ids, sizeof found.ids);  // always all three: no branch on the count
        at += found.count;
        continue;
      }
      out_.advance(static_cast<size_t>(at - out_.end()));
      if (found.count == kUncached) {
        rare_.append_uncached(s + ends_[k], ends_[k + 1] - ends_[k], out_);
      } else if (found.ids[1] == kSpelled) {
        out_.append(w_.spelled.data() + found.ids[0], found.count);
      } else {
        out_.append(w_.cache.ids_at(found.ids[0]), found.count);
      }
      out_.ensure(kRoom * PretokenCache::kInline);
      at = out_.end();
    }
    out_.advance(static_cast<size_t>(at - out_.end()));
  }

  RarePretokens rare_;
  Workspace& w_;
  IdBuffer& out_;
  bool cuts_;
  size_t missing_ = 0;
  size_t ends_[kRoom + 1];
  Found found_[kRoom];
  Missing missing_here_[kRoom + 1];
};

template <class Pattern>
void encode_pretokens(const Bpe& bpe, const uint8_t* s, size_t n, Workspace& w, IdBuffer& out) {
  BatchLoop(bpe, w, out).encode(scanner::ends_finder<Pattern>(), s, n);
}

}  // namespace tokenworks
