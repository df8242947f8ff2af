// Where the ids of a pretoken are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bpe/merging_side_by_side.h"
#include "bpe/pretoken_cache.h"

namespace tokenworks {

// The ids themselves, up to kInline; more of them lie in the cache, or in Workspace::spelled.
struct Found {
  static constexpr uint32_t kUncached = UINT32_MAX;  // a count: too long to be kept
  static constexpr uint32_t kSpelled = 1;            // in place of the second of many ids

  uint32_t ids[PretokenCache::kInline];  // of many, the first is their place
  uint32_t count;

  static Found of(const PretokenCache::Entry& e) {
    Found found;
    std::memcpy(&found, e.ids, sizeof found);
    return found;
  }
  static Found at(size_t place, const uint32_t* ids, size_t count) { return some(place, 0, ids, count); }
  static Found spelled(size_t place, const uint32_t* ids, size_t count) {
    return some(place, kSpelled, ids, count);
  }

  // Of ids that are kept.
  const uint32_t* ids_in(const PretokenCache& cache) const {
    return count <= PretokenCache::kInline ? ids : cache.ids_at(ids[0]);
  }

 private:
  static Found some(size_t place, uint32_t where, const uint32_t* ids, size_t count) {
    Found found{{static_cast<uint32_t>(place), where}, static_cast<uint32_t>(count)};
    if (count <= PretokenCache::kInline) std::copy(ids, ids + count, found.ids);
    return found;
  }
};

// A pretoken or a part of one, as the cache knows it.
struct Word {
  const uint8_t* s;
  size_t length;
  ShortKey key;  // up to kShortest bytes
  uint64_t hash;
  uint32_t job;  // if it has to be merged
};

// A part of a pretoken that was cut, whose ids are still to come.
struct Gap : Word {
  enum From { kCache, kJob, kUnknown };

  size_t at;  // in Workspace::spelled
  From from;
  Found found;  // from the cache
};

}  // namespace tokenworks
