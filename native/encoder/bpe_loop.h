// The loop that encodes ordinary text: scan a pretoken, find it in the cache, store its ids.
#pragma once

#include "bpe/bpe.h"
#include "encoder/missing_pretokens.h"
#include "encoder/rare_pretokens.h"
#include "encoder/workspace.h"
#include "scanner/ascii_starts.h"
#include "scanner/visit.h"

namespace tokenworks {

// Encodes text pretoken by pretoken, a batch at a time: what the near cache holds first, then the others,
// whose places in memory are asked for together, and then the ids in order. No step waits for the
// outcome of the one before, as it would from pretoken to pretoken.
class BatchLoop {
 public:
  BatchLoop(const Bpe& bpe, Workspace& w, IdBuffer& out) : rare_(bpe, w), missing_(bpe, w), w_(w), out_(out) {}

  void encode(scanner::FindEnds find_ends, const uint8_t* s, size_t n) {
    size_t begin = 0;
    for (size_t i = 0; i < n;) {
      w_.cache.make_room();
      ends_[0] = begin;
      const size_t count = find_ends(s, n, i, ends_ + 1);
      // Keys are made of 16 bytes at once, except at the very end of the text.
      size_t safe = count;
      while (safe > 0 && ends_[safe - 1] + 16 > n) --safe;
      size_t missing = find_near<true>(s, 0, safe, 0);
      missing = find_near<false>(s, safe, count, missing);
      if (missing) missing_.find(s, n, ends_, missing_here_, missing, found_);
      store(s, count);
      begin = i;
    }
  }

 private:
  using Entry = PretokenCache::Entry;
  static constexpr size_t kRoom = scanner::kBatchRoom;

  template <bool Readable>
  size_t find_near(const uint8_t* s, size_t first, size_t last, size_t missing) {
    const PretokenCache::Near near = w_.cache.near();
    for (size_t k = first; k < last; ++k) {
      const size_t begin = ends_[k];
      const ShortKey key = short_key(s + begin, ends_[k + 1] - begin, Readable);
      const uint64_t hash = hash_short(key);
      const Entry* e = near.place(hash);
      found_[k] = Found::of(*e);
      missing_here_[missing] = static_cast<uint32_t>(k);
      missing += ((e->key.low ^ key.low) | (e->key.high ^ key.high)) != 0;
    }
    return missing;
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
      if (found.count == Found::kUncached) {
        rare_.append_uncached(s + ends_[k], ends_[k + 1] - ends_[k], out_);
      } else if (found.ids[1] == Found::kSpelled) {
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
  MissingPretokens missing_;
  Workspace& w_;
  IdBuffer& out_;
  size_t ends_[kRoom + 1];
  Found found_[kRoom];
  uint32_t missing_here_[kRoom + 1];
};

template <class Pattern>
void encode_pretokens(const Bpe& bpe, const uint8_t* s, size_t n, Workspace& w, IdBuffer& out) {
  BatchLoop(bpe, w, out).encode(scanner::ends_finder<Pattern>(), s, n);
}

}  // namespace tokenworks
