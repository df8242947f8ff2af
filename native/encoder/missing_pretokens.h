// The pretokens of a batch that the near cache does not hold, all together: no step waits for memory that the
// step before could have asked for.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bpe/bpe.h"
#include "encoder/rare_pretokens.h"
#include "encoder/workspace.h"
#include "processor.h"
#include "scanner/ascii_starts.h"
#include "unicode/utf8.h"

namespace tokenworks {

class MissingPretokens {
 public:
  static constexpr size_t kRoom = scanner::kBatchRoom;

  MissingPretokens(const Bpe& bpe, Workspace& w) : bpe_(bpe), rare_(bpe, w), w_(w), cuts_(!bpe.cuts().empty()) {}

  // Writes into `found` the ids of the pretokens at `missing` of those that `s[0, n)` is cut into at `ends`.
  TOKENWORKS_NOINLINE void find(const uint8_t* s, size_t n, const size_t* ends, const uint32_t* missing,
                                size_t count, Found* found) {
    fresh_ = foreign_ = gapped_ = waiting_ = again_ = 0;
    w_.jobs.clear();
    w_.symbols.clear();
    w_.gaps.clear();
    w_.spelled.clear();
    ask(s, n, ends, missing, count);
    for (size_t j = 0; j < count; ++j) look_up(missing_[j], found);
    for (size_t k = 0; k < foreign_; ++k) cut(*foreign_here_[k], s + n, found);
    for (Gap& gap : w_.gaps) look_up(gap);
    bpe_.encode_begun(w_.jobs, w_.symbols);
    for (size_t k = 0; k < fresh_; ++k) keep(*fresh_here_[k], found);
    for (const Gap& gap : w_.gaps) keep(gap);
    for (size_t k = 0; k < gapped_; ++k) fill(*gapped_here_[k], found);
    for (size_t k = 0; k < again_; ++k) {  // now it is known
      const Missing& m = *again_here_[k];
      found[m.at] = Found::of(*rare_.short_entry(m.s, m.length, m.key, m.hash));
    }
  }

 private:
  using Entry = PretokenCache::Entry;
  static constexpr size_t kMostMerged = 4 * MergeJob::kMost;  // bytes of a pretoken that may have few symbols
  static constexpr size_t kMostGapped = 1024;  // bytes of a pretoken whose gaps are kept in mind

  struct Missing : Word {
    size_t at;
    bool foreign;  // not ASCII, and there are cuts
    size_t begin, end;  // of what is spelled so far
    size_t first_gap, last_gap;
  };

  void ask(const uint8_t* s, size_t n, const size_t* ends, const uint32_t* missing, size_t count) {
    for (size_t j = 0; j < count; ++j) {
      Missing& m = missing_[j];
      const size_t begin = ends[missing[j]];
      m.at = missing[j];
      m.s = s + begin;
      m.length = ends[missing[j] + 1] - begin;
      m.foreign = cuts_ && !is_ascii(m.s, m.length);
      if (m.length <= kShortest || !m.foreign) {
        number(m, s + n);
        w_.cache.prefetch_slot(m.hash);
      } else {
        m.hash = 0;
      }
    }
    for (size_t j = 0; j < count; ++j) w_.cache.prefetch_record(missing_[j].hash);
  }

  static void number(Word& word, const uint8_t* end_of_text) {
    if (word.length <= kShortest) {
      word.key = short_key(word.s, word.length, end_of_text - word.s >= 16);
      word.hash = hash_short(word.key);
    } else {
      word.hash = word.length <= PretokenCache::kLongest ? hash_bytes(word.s, word.length) : 0;
    }
  }

  void look_up(Missing& m, Found* found) {
    if (m.foreign && m.length > kShortest) {
      foreign_here_[foreign_++] = &m;
    } else if (m.length <= kShortest) {
      if (const Entry* e = w_.cache.find_short(m.key, m.hash)) {
        found[m.at] = Found::of(*e);
      } else if (waits(m)) {
        again_here_[again_++] = &m;
      } else if (m.foreign) {
        foreign_here_[foreign_++] = &m;
      } else if (!begin(m)) {
        found[m.at] = Found::of(*rare_.insert_short(m.s, m.length, m.key, m.hash));
      }
    } else {
      look_up_long(m, found);
    }
  }

  // Whether the same short pretoken stands earlier in the batch, and is not known yet either: in code a quarter of
  // the new ones are such. It waits from now on.
  bool waits(Missing& m) {
    uint16_t& place = w_.waiting[m.hash % w_.waiting.size()];
    if (place < waiting_ && waiting_here_[place]->key == m.key) return true;
    place = static_cast<uint16_t>(waiting_);
    waiting_here_[waiting_++] = &m;
    return false;
  }

  void look_up_long(Missing& m, Found* found) {
    if (m.length > PretokenCache::kLongest) {
      if (m.length > kMostMerged || !begin(m)) found[m.at].count = Found::kUncached;
      return;
    }
    PretokenCache::Ids ids = w_.cache.find_long(m.s, m.length, m.hash);
    if (!ids.begin && begin(m)) return;
    if (!ids.begin) ids = rare_.insert_long(m.s, m.length, m.hash);
    found[m.at] = Found::at(w_.cache.place(ids), ids.begin, ids.count);
  }

  // Leaves a pretoken that was never met to be merged with others; false if it cannot be.
  bool begin(Missing& m) {
    const bool is_no_piece = m.length <= kShortest && w_.cache.knows_short_pieces();
    if (!is_no_piece && bpe_.id_of_whole(m.s, m.length) != Vocabulary::kNone) return false;
    if (!add_job(m)) return false;
    fresh_here_[fresh_++] = &m;
    return true;
  }

  bool add_job(Word& word) {
    if (!bpe_.side_by_side()) return false;
    word.job = static_cast<uint32_t>(w_.jobs.size());
    if (bpe_.begin(word.s, word.length, w_.symbols, w_.jobs.emplace_back())) return true;
    w_.jobs.pop_back();
    return false;
  }

  // Of what was merged.
  std::span<const uint32_t> ids_of(const Word& word) const {
    const MergeJob& job = w_.jobs[word.job];
    return {w_.symbols.data() + job.place, job.count};
  }

  // By now it can be there: as a part of another, or as a long one that the batch holds twice.
  void keep(const Missing& m, Found* found) {
    found[m.at] = keep(m, ids_of(m));
  }

  Found keep(const Missing& m, std::span<const uint32_t> ids) {
    if (m.length <= kShortest) {
      const Entry* e = w_.cache.find_short(m.key, m.hash);
      return Found::of(e ? *e : *w_.cache.insert_short(m.s, m.length, m.key, m.hash, ids));
    }
    if (m.length > PretokenCache::kLongest) {
      const size_t place = w_.spelled.size();
      w_.spelled.insert(w_.spelled.end(), ids.begin(), ids.end());
      return Found::spelled(place, ids.data(), ids.size());
    }
    PretokenCache::Ids kept = w_.cache.find_long(m.s, m.length, m.hash);
    if (!kept.begin) kept = w_.cache.insert_long(m.s, m.length, m.hash, ids);
    return Found::at(w_.cache.place(kept), kept.begin, kept.count);
  }

  // Pretokens that are not ASCII -------------------------------------------------------------------

  // Spells a pretoken as far as the near cache knows its parts; the others leave gaps.
  void cut(Missing& m, const uint8_t* end_of_text, Found* found) {
    std::vector<uint32_t>& out = w_.spelled;
    m.begin = out.size();
    if (m.length > kMostGapped && rare_.spell(m.s, m.length, out)) return give(m, m.begin, found);
    m.first_gap = w_.gaps.size();
    bool whole = false;
    bpe_.cuts().cut(m.s, m.length, [&](size_t begin, size_t end, uint32_t code) {
      whole = end - begin == m.length;
      if (whole) return;
      if (code) {
        std::array<uint32_t, 3> ids;
        const size_t count = bpe_.ids_of_character(code, ids);
        out.insert(out.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count));
      } else {
        spell_part(m.s + begin, end - begin, end_of_text);
      }
    });
    if (whole) {
      if (m.length > kShortest) {
        number(m, end_of_text);
        look_up_long(m, found);
      } else if (!begin(m)) {
        found[m.at] = Found::of(*rare_.insert_short(m.s, m.length, m.key, m.hash));
      }
      return;
    }
    m.end = out.size();
    m.last_gap = w_.gaps.size();
    if (m.first_gap == m.last_gap) {
      give(m, m.begin, found);
    } else {
      gapped_here_[gapped_++] = &m;
    }
  }

  void spell_part(const uint8_t* s, size_t length, const uint8_t* end_of_text) {
    std::vector<uint32_t>& out = w_.spelled;
    if (length > kMostMerged) return rare_.append_part(s, length, false, out);
    Gap& gap = w_.gaps.emplace_back();
    gap.s = s;
    gap.length = length;
    number(gap, end_of_text);
    if (length <= kShortest) {
      if (bpe_.parts_differ()) {
        gap.key = part_key(gap.key);
        gap.hash = hash_short(gap.key);
      }
      const Entry* e = w_.cache.near().place(gap.hash);
      if (e->key == gap.key) {
        const uint32_t* ids = w_.cache.ids(*e);
        out.insert(out.end(), ids, ids + e->count);
        return w_.gaps.pop_back();
      }
    }
    gap.at = out.size();
    w_.cache.prefetch_slot(gap.hash);
  }

  void look_up(Gap& gap) {
    gap.from = Gap::kCache;
    if (gap.length <= kShortest) {
      if (const Entry* e = w_.cache.find_short(gap.key, gap.hash)) {
        gap.found = Found::of(*e);
        return;
      }
    } else if (gap.length <= PretokenCache::kLongest) {
      const PretokenCache::Ids ids = w_.cache.find_long(gap.s, gap.length, gap.hash, bpe_.parts_differ());
      if (ids.begin) {
        gap.found = Found::at(w_.cache.place(ids), ids.begin, ids.count);
        return;
      }
    }
    gap.from = add_job(gap) ? Gap::kJob : Gap::kUnknown;
  }

  void keep(const Gap& gap) {
    // A pretoken can have more parts than there is room for.
    if (gap.from != Gap::kJob || gap.length > PretokenCache::kLongest || w_.cache.full()) return;
    if (gap.length <= kShortest) {
      if (w_.cache.find_short(gap.key, gap.hash)) return;
      w_.cache.insert_short(gap.s, gap.length, gap.key, gap.hash, ids_of(gap));
    } else {
      const bool part = bpe_.parts_differ();
      if (w_.cache.find_long(gap.s, gap.length, gap.hash, part).begin) return;
      w_.cache.insert_long(gap.s, gap.length, gap.hash, ids_of(gap), part);
    }
  }

  void fill(const Missing& m, Found* found) {
    std::vector<uint32_t>& out = w_.spelled;
    const size_t place = out.size();
    size_t from = m.begin;
    for (size_t k = m.first_gap; k < m.last_gap; ++k) {
      const Gap& gap = w_.gaps[k];
      append_spelled(from, gap.at);
      from = gap.at;
      if (gap.from == Gap::kCache) {
        const uint32_t* ids = gap.found.ids_in(w_.cache);
        out.insert(out.end(), ids, ids + gap.found.count);
      } else if (gap.from == Gap::kJob) {
        const std::span<const uint32_t> ids = ids_of(gap);
        out.insert(out.end(), ids.begin(), ids.end());
      } else {
        rare_.append_part(gap.s, gap.length, false, out);
      }
    }
    append_spelled(from, m.end);
    give(m, place, found);
  }

  void append_spelled(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) w_.spelled.push_back(w_.spelled[i]);
  }

  // The last ids of `spelled`, from `place` on, are those of a pretoken.
  void give(const Missing& m, size_t place, Found* found) {
    const std::span<const uint32_t> ids(w_.spelled.begin() + static_cast<std::ptrdiff_t>(place), w_.spelled.end());
    found[m.at] = m.length <= kShortest ? keep(m, ids) : Found::spelled(place, ids.data(), ids.size());
  }

  const Bpe& bpe_;
  RarePretokens rare_;
  Workspace& w_;
  bool cuts_;
  size_t fresh_ = 0, foreign_ = 0, gapped_ = 0, waiting_ = 0, again_ = 0;
  Missing missing_[kRoom];
  Missing* fresh_here_[kRoom];
  Missing* foreign_here_[kRoom];
  Missing* gapped_here_[kRoom];
  Missing* waiting_here_[kRoom];
  Missing* again_here_[kRoom];
};

}  // namespace tokenworks
