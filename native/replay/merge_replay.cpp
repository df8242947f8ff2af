#include "replay/merge_replay.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace tokenworks::replay {

using training::left_of;
using training::pair_key;
using training::right_of;

namespace {

constexpr uint32_t kInside = 0xFFFFFFFEu;  // neither the first nor the last slot of a token

}  // namespace

MergeReplay::MergeReplay(const GroupedWords& words, std::vector<ReplayMerge> merges, size_t tokens,
                         size_t groups)
    : merges_(std::move(merges)),
      groups_(groups),
      entry_starts_(words.entry_starts.begin(), words.entry_starts.end()),
      entry_groups_(words.groups.begin(), words.groups.end()),
      entry_counts_(words.counts.begin(), words.counts.end()),
      lengths_(tokens, 1),
      merge_of_(merges_.size()),
      places_(merges_.size()),
      first_pairs_(groups, 0) {
  const size_t count = words.starts.size() - 1;
  if (words.symbols.size() + count + 1 >= kInside) {
    throw std::length_error("the distinct words together exceed 2^32 symbols; take a smaller sample");
  }
  slots_.reserve(words.symbols.size() + count + 1);
  slots_.push_back(kNoSymbol);
  for (size_t word = 0; word < count; ++word) {
    word_starts_.push_back(slots_.size());
    for (uint64_t i = words.starts[word]; i < words.starts[word + 1]; ++i) {
      slots_.push_back(words.symbols[i]);
    }
    slots_.push_back(kNoSymbol);
  }
  word_starts_.push_back(slots_.size());
  for (size_t m = 0; m < merges_.size(); ++m) {
    merge_of_[pair_key(merges_[m].left, merges_[m].right)] = static_cast<uint32_t>(m + 1);
  }
  left_.number_of.resize(tokens);
  right_.number_of.resize(tokens);
  each_pair([&](PairKey pair, uint64_t slot, size_t word) {
    for (uint64_t e = entry_starts_[word]; e < entry_starts_[word + 1]; ++e) {
      first_pairs_[entry_groups_[e]] += entry_counts_[e];
    }
    if (const uint32_t* merge = merge_of_.find(pair)) {
      places_[*merge - 1].push_back({static_cast<uint32_t>(slot), static_cast<uint32_t>(word)});
    }
  });
}

// Every pair of neighbours, with the slot of the left one and the word.
template <class Visit>
void MergeReplay::each_pair(Visit&& visit) const {
  each_slot([&](size_t word, uint64_t slot, uint32_t token) {
    const uint32_t next = slots_[slot + lengths_[token]];
    if (next != kNoSymbol) visit(pair_key(token, next), slot, word);
  });
}

uint32_t MergeReplay::number(PairKey pair) {
  uint32_t& number = number_of_[pair];
  if (number == 0) {
    log_.pairs.push_back(pair);
    number = static_cast<uint32_t>(log_.pairs.size());
  }
  return number - 1;
}

void MergeReplay::begin_log() {
  writing_ = true;
  training::PairTable<uint64_t> counts(1 << 16);  // by number of the pair and group
  each_pair([&](PairKey pair, uint64_t, size_t word) {
    const uint32_t n = number(pair);
    for (uint64_t e = entry_starts_[word]; e < entry_starts_[word + 1]; ++e) {
      counts[pair_key(n, entry_groups_[e])] += entry_counts_[e];
    }
  });
  std::vector<std::pair<PairKey, uint64_t>> sorted;
  sorted.reserve(counts.size());
  counts.each([&](PairKey key, uint64_t count) {
    if (count > std::numeric_limits<uint32_t>::max()) {
      throw std::length_error("a pair occurs more than 2^32 times; take a smaller sample");
    }
    sorted.emplace_back(key, count);
  });
  std::sort(sorted.begin(), sorted.end());
  log_.first_starts.assign(log_.pairs.size() + 1, 0);
  for (const auto& [key, count] : sorted) {
    ++log_.first_starts[left_of(key) + 1];
    log_.first_groups.push_back(static_cast<uint16_t>(right_of(key)));
    log_.first_counts.push_back(static_cast<uint32_t>(count));
  }
  for (size_t n = 0; n < log_.pairs.size(); ++n) log_.first_starts[n + 1] += log_.first_starts[n];
}

size_t MergeReplay::advance(size_t most, bool write) {
  if (finished_) throw std::logic_error("the replay is finished");
  if (write && !writing_) {
    if (!log_.pairs.empty()) throw std::logic_error("writing down has ended");
    begin_log();
  }
  writing_ = write;
  size_t done = 0;
  for (; done < most && next_ < merges_.size(); ++done, ++next_) {
    apply(merges_[next_], write);
    if (write) log_.step_starts.push_back(log_.entries.size());
  }
  return done;
}

MergeReplay::Neighbour& MergeReplay::beside(Side& side, uint32_t token, PairKey with_result) {
  uint32_t& number = side.number_of[token];
  if (number == 0) {
    if (side.used == side.neighbours.size()) {
      side.neighbours.emplace_back();
      side.cells.resize(side.neighbours.size() * groups_);
    }
    const uint32_t* merge = merge_of_.find(with_result);
    Neighbour& fresh = side.neighbours[side.used++];
    fresh.token = token;
    fresh.merge = merge ? *merge - 1 : kNoPair;
    number = static_cast<uint32_t>(side.used);
  }
  return side.neighbours[number - 1];
}

void MergeReplay::add(Side& side, uint32_t token, uint32_t word) {
  const size_t index = side.number_of[token] - 1;
  Neighbour& n = side.neighbours[index];
  uint64_t* cells = side.cells.data() + index * groups_;
  for (uint64_t e = entry_starts_[word]; e < entry_starts_[word + 1]; ++e) {
    uint64_t& cell = cells[entry_groups_[e]];
    if (cell == 0) n.touched.push_back(entry_groups_[e]);
    cell += entry_counts_[e];
  }
}

void MergeReplay::apply(const ReplayMerge& merge, bool write) {
  std::vector<Place> places = std::move(places_[next_]);
  const auto [left, right, result] = merge;
  const uint32_t left_size = lengths_[left], right_size = lengths_[right];
  lengths_[result] = left_size + right_size;
  bool any = false;
  uint32_t* slots = slots_.data();
  for (const Place place : places) {
    const uint32_t position = place.position, middle = position + left_size;
    if (slots[position] != left || slots[middle] != right) continue;  // merged otherwise since
    any = true;
    const uint32_t last = middle + right_size - 1;
    slots[middle - 1] = kInside;
    slots[middle] = kInside;
    slots[position] = result;
    slots[last] = result;
    if (const uint32_t before = slots[position - 1]; before != kNoSymbol) {
      const uint32_t next = beside(left_, before, pair_key(before, result)).merge;
      if (write) add(left_, before, place.word);
      if (next != kNoPair) places_[next].push_back({position - lengths_[before], place.word});
    }
    if (const uint32_t after = slots[last + 1]; after != kNoSymbol) {
      const uint32_t next = beside(right_, after, pair_key(result, after)).merge;
      if (write) add(right_, after, place.word);
      if (next != kNoPair) places_[next].push_back({position, place.word});
    }
  }
  if (write) {
    log_.merged.push_back(any ? number(pair_key(left, right)) : kNoPair);
    write_side(left_, merge, true);
    write_side(right_, merge, false);
  }
  clear(left_);
  clear(right_);
}

void MergeReplay::write_side(Side& side, const ReplayMerge& merge, bool left) {
  for (size_t i = 0; i < side.used; ++i) {
    const Neighbour& n = side.neighbours[i];
    const uint64_t* cells = side.cells.data() + i * groups_;
    PairLog::Entry entry{};
    entry.lost = number(left ? pair_key(n.token, merge.left) : pair_key(merge.right, n.token));
    entry.gained = number(left ? pair_key(n.token, merge.result) : pair_key(merge.result, n.token));
    entry.begin = log_.weights.size();
    if (log_.entries.size() >= kNoPair) {
      throw std::length_error("more than 2^32 changes of counts; take a smaller sample or fewer merges");
    }
    log_.entries.push_back(entry);
    for (const uint16_t group : n.touched) {
      if (cells[group] > std::numeric_limits<uint32_t>::max()) {
        throw std::length_error("a pair occurs more than 2^32 times; take a smaller sample");
      }
      log_.groups.push_back(group);
      log_.weights.push_back(static_cast<uint32_t>(cells[group]));
    }
  }
}

void MergeReplay::clear(Side& side) {
  for (size_t i = 0; i < side.used; ++i) {
    Neighbour& n = side.neighbours[i];
    side.number_of[n.token] = 0;
    for (const uint16_t group : n.touched) side.cells[i * groups_ + group] = 0;
    n.touched.clear();
  }
  side.used = 0;
}

void MergeReplay::finish() {
  finished_ = true;
  places_ = {};
  number_of_ = training::PairTable<uint32_t>();
  merge_of_ = training::PairTable<uint32_t>();
  left_ = {};
  right_ = {};
}

}  // namespace tokenworks::replay
