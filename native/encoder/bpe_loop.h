// The loop that encodes ordinary text: scan a pretoken, find it in the cache, store its ids.
#pragma once

#include "bpe/bpe.h"
#include "encoder/workspace.h"
#include "scanner/ascii_starts.h"
#include "scanner/visit.h"

namespace tokenworks {

inline void store(IdBuffer& out, const PretokenCache& cache, const PretokenCache::Entry& e) {
  if (e.count <= PretokenCache::kInline) [[likely]] {
    std::memcpy(out.end(), e.ids, sizeof e.ids);  // always all three: no branch on the count
    out.advance(e.count);
  } else {
    out.append(cache.ids(e), e.count);
  }
}

template <class Pattern>
void encode_pretokens(const Bpe& bpe, const uint8_t* s, size_t n, Workspace& w, IdBuffer& out) {
  scanner::scan<Pattern>(s, n, [&](size_t i, size_t end) {
    const size_t length = end - i;
    out.ensure(PretokenCache::kInline);
    if (length <= kShortest) [[likely]] {
      const ShortKey key = short_key(s + i, length, i + 16 <= n);
      const uint64_t hash = hash_short(key);
      const PretokenCache::Entry* e = w.cache.find(key, hash);
      if (!e) [[unlikely]] {
        bpe.encode_plain(s + i, length, w.scratch, w.merged);
        e = w.cache.insert(key, hash, w.merged);
      }
      store(out, w.cache, *e);
    } else if (length <= PretokenCache::kLongest) {
      const uint64_t hash = hash_bytes(s + i, length);
      const PretokenCache::Entry* e = w.cache.find_long(s + i, length, hash);
      if (!e) {
        bpe.encode_plain(s + i, length, w.scratch, w.merged);
        e = w.cache.insert_long(s + i, length, hash, w.merged);
      }
      store(out, w.cache, *e);
    } else {
      bpe.encode_plain(s + i, length, w.scratch, w.merged);
      out.append(w.merged.data(), w.merged.size());
    }
  });
}

}  // namespace tokenworks
