// Pretokens that the near cache does not hold, one by one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bpe/bpe.h"
#include "encoder/workspace.h"
#include "processor.h"
#include "unicode/utf8.h"

namespace tokenworks {

class RarePretokens {
 public:
  RarePretokens(const Bpe& bpe, Workspace& w) : bpe_(bpe), w_(w) {}

  TOKENWORKS_NOINLINE const PretokenCache::Entry* short_entry(const uint8_t* s, size_t length,
                                                              const ShortKey& key, uint64_t hash) {
    if (const PretokenCache::Entry* e = w_.cache.find_short(key, hash)) return e;
    return insert_short(s, length, key, hash);
  }

  // Of a pretoken that is not there.
  const PretokenCache::Entry* insert_short(const uint8_t* s, size_t length, const ShortKey& key, uint64_t hash) {
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
        std::array<uint32_t, 3> ids;
        const size_t count = bpe_.ids_of_character(code, ids);
        out.insert(out.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count));
      } else {
        append_part(s + begin, end - begin, begin + 16 <= length, out);
      }
    });
    return parted;
  }

  // A pretoken of more than kShortest bytes, up to PretokenCache::kLongest, with its hash_bytes.
  TOKENWORKS_NOINLINE PretokenCache::Ids long_ids(const uint8_t* s, size_t length, uint64_t hash) {
    const PretokenCache::Ids found = w_.cache.find_long(s, length, hash);
    return found.begin ? found : insert_long(s, length, hash);
  }

  // Of a pretoken that is not there.
  PretokenCache::Ids insert_long(const uint8_t* s, size_t length, uint64_t hash) {
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

  // Appends the ids of a part.
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

 private:
  void encode(const uint8_t* s, size_t length) {
    if (!bpe_.cuts().empty() && !is_ascii(s, length)) {
      w_.merged.clear();
      if (spell(s, length, w_.merged)) return;
    }
    bpe_.encode_plain(s, length, w_.scratch, w_.merged);
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

}  // namespace tokenworks
