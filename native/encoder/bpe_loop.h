// The loop that encodes ordinary text: scan a pretoken, find it in the cache, store its ids.
#pragma once

#include "bpe/bpe.h"
#include "encoder/workspace.h"
#include "scanner/ascii_starts.h"
#include "scanner/visit.h"

#if defined(__GNUC__)
#define TOKENWORKS_INLINE __attribute__((always_inline))
#define TOKENWORKS_NOINLINE __attribute__((noinline))
#else
#define TOKENWORKS_INLINE
#define TOKENWORKS_NOINLINE
#endif

namespace tokenworks {

// Pretokens that the near cache does not hold, and results that do not fit an entry.
class RarePretokens {
 public:
  RarePretokens(const Bpe& bpe, Workspace& w) : bpe_(bpe), w_(w) {}

  TOKENWORKS_NOINLINE const PretokenCache::Entry* short_entry(const uint8_t* s, size_t length,
                                                              const ShortKey& key, uint64_t hash) {
    if (const PretokenCache::Entry* e = w_.cache.find_far(key, hash)) return e;
    bpe_.encode_plain(s, length, w_.scratch, w_.merged);
    return w_.cache.insert(key, hash, w_.merged);
  }

  // Appends the ids of a pretoken of any length.
  void append(const uint8_t* s, size_t length, bool readable, IdBuffer& out) {
    if (length > kShortest) return append_long(s, length, out);
    const ShortKey key = short_key(s, length, readable);
    const uint64_t hash = hash_short(key);
    const PretokenCache::Entry* e = w_.cache.near().place(hash);
    if (!(e->key == key)) e = short_entry(s, length, key, hash);
    out.append(w_.cache.ids(*e), e->count);
  }

  // Appends the ids of a pretoken of 16 bytes or more.
  TOKENWORKS_NOINLINE void append_long(const uint8_t* s, size_t length, IdBuffer& out) {
    if (length <= PretokenCache::kLongest) {
      const uint64_t hash = hash_bytes(s, length);
      const PretokenCache::Ids found = w_.cache.find_long(s, length, hash);
      if (found.begin) return out.append(found.begin, found.count);
      bpe_.encode_plain(s, length, w_.scratch, w_.merged);
      w_.cache.insert_long(s, length, hash, w_.merged);
      out.append(w_.merged.data(), w_.merged.size());
    } else {
      bpe_.encode_plain(s, length, w_.scratch, w_.merged);
      out.append(w_.merged.data(), w_.merged.size());
    }
  }

 private:
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

template <class Pattern>
void encode_pretokens(const Bpe& bpe, const uint8_t* s, size_t n, Workspace& w, IdBuffer& out) {
  RarePretokens rare(bpe, w);
  const PretokenCache::Near near = w.cache.near();
  constexpr size_t kRoom = 1 << 12;  // ids between two looks at the buffer
  out.ensure(kRoom);
  uint32_t* at = out.end();
  uint32_t* limit = at + kRoom;
  const auto flush = [&] { out.advance(static_cast<size_t>(at - out.end())); };
  const auto refresh = [&] {
    out.ensure(kRoom);
    at = out.end();
    limit = at + kRoom;
  };
  scanner::scan<Pattern>(s, n, [&](size_t i, size_t end) TOKENWORKS_INLINE {
    const size_t length = end - i;
    if (length <= kShortest) [[likely]] {
      const ShortKey key = short_key(s + i, length, i + 16 <= n);
      const uint64_t hash = hash_short(key);
      const PretokenCache::Entry* e = near.place(hash);
      if (!(e->key == key)) [[unlikely]] e = rare.short_entry(s + i, length, key, hash);
      if (e->count <= PretokenCache::kInline && at < limit) [[likely]] {
        std::memcpy(at, e->ids, sizeof e->ids);  // always all three: no branch on the count
        at += e->count;
      } else {
        flush();
        out.append(w.cache.ids(*e), e->count);
        refresh();
      }
    } else {
      flush();
      rare.append_long(s + i, length, out);
      refresh();
    }
  });
  flush();
}

}  // namespace tokenworks
