#include "training/merger.h"

#include <algorithm>
#include <utility>

namespace tokenworks::training {

namespace {

constexpr size_t kAhead = 12;  // positions whose slots are fetched in advance

void prefetch(const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address, 1);
#else
  (void)address;
#endif
}

// A count that the last merges stay above on most corpora. Small corpora are not worth a second pass.
uint64_t expected_threshold(const Corpus& corpus, const MergerOptions& options) {
  if (corpus.size() < (size_t{1} << 22)) return 1;
  return corpus.total_weight() / (8 * std::max<uint64_t>(options.vocab_size, 1));
}

}  // namespace

Merger::Merger(Corpus corpus, TokenStrings strings, const MergerOptions& options,
               std::span<const Merge> before)
    : corpus_(std::move(corpus)),
      strings_(std::move(strings)),
      options_(options),
      lengths_(strings_.size(), 0),
      symbols_(strings_.size(), 1),
      threshold_(std::clamp<uint64_t>(options.threshold ? options.threshold
                                                        : expected_threshold(corpus_, options),
                                      1, 0xFFFFFFFFu)) {
  left_.number_of.resize(strings_.size());
  right_.number_of.resize(strings_.size());
  corpus_.visit([&]<class Slot>(const Slot* slots) {
    for (size_t p = 0; p < corpus_.size(); ++p) {
      if (slots[p] != kBoundaryOf<Slot>) lengths_[slots[p]] = 1;
    }
  });
  for (uint32_t token = 0; options_.max_words && token < strings_.size(); ++token) know_words(token);
  if (!before.empty()) replay(before);
  if (options_.memory) {
    count_anew();
  } else {
    count_first_pairs();
  }
}

// Words are the pieces between spaces.
void Merger::know_words(uint32_t token) {
  uint32_t words = 0;
  char before = ' ';
  for (const char c : strings_[token]) {
    words += c != ' ' && before == ' ';
    before = c;
  }
  words_.push_back(words);
}

bool Merger::may_join(uint32_t left, uint32_t right) const {
  if (options_.max_token_length &&
      uint64_t{symbols_[left]} + symbols_[right] >= options_.max_token_length &&
      // pairs of single symbols are under every limit of length, as in the reference
      (symbols_[left] > 1 || symbols_[right] > 1)) {
    return false;
  }
  if (!options_.max_words && !options_.veto_colon_space) return true;
  const std::string_view l = strings_[left], r = strings_[right];
  if (l.empty() || r.empty()) return true;
  if (options_.veto_colon_space && l.back() == ':' && r.front() == ' ') return false;
  const bool one_word = l.back() != ' ' && r.front() != ' ';
  return !options_.max_words || words_[left] + words_[right] - one_word <= options_.max_words;
}

void Merger::count_first_pairs() {
  PairTable<Tally> tallies(1 << 12);
  each_pair([&](PairKey pair, uint32_t position) {
    Tally& tally = tallies[pair];
    tally.count += corpus_.weight(position);
    ++tally.size;
  });
  std::vector<std::pair<PairKey, uint32_t>> kept;
  tallies.each([&](PairKey pair, const Tally& tally) {
    if (!may_join(left_of(pair), right_of(pair))) return;
    if (tally.count < threshold_) {
      set_aside_.put_first(pair, tally.count);
      return;
    }
    const uint32_t places = places_.make(tally.size);
    queue_.push({tally.count, pair, places});
    kept.emplace_back(pair, places);
  });
  // They come in the order of their hashes: a table that grew with them would be full at one end.
  counts_ = PairTable<int64_t>(kept.size());
  for (const auto& [pair, places] : kept) {
    Tally& tally = *tallies.find(pair);
    counts_[pair] = static_cast<int64_t>(tally.count);
    tally.places = places;
    tally.size = 0;
  }
  each_pair([&](PairKey pair, uint32_t position) {
    Tally& tally = *tallies.find(pair);
    if (tally.places != kNoPlaces) places_[tally.places][tally.size++] = position;
  });
}

// More candidates than there are now; false if no pair is left.
bool Merger::more_candidates() {
  if (!options_.memory) return lower_threshold();
  const uint64_t least = std::max<uint64_t>(options_.min_frequency, 1);
  if (threshold_ <= least && last_pair_ == ~PairKey{0}) return false;
  count_anew();
  return true;
}

// Takes up the pairs that were set aside and may now be reached. Their counts have fallen since birth:
// one pass over the corpus counts them anew.
bool Merger::lower_threshold() {
  const uint64_t least = std::max<uint64_t>(options_.min_frequency, 1);
  if (threshold_ <= least) return false;
  threshold_ = std::max(threshold_ / 8, least);
  struct Taken {
    PairKey pair;
    uint64_t at_birth;
    int64_t count = 0;
    uint32_t size = 0;
    uint32_t places = kNoPlaces;
  };
  std::vector<Taken> taken;
  set_aside_.take_all(threshold_, [&](PairKey pair, uint64_t count) { taken.push_back({pair, count}); });
  PairTable<uint32_t> number_of(taken.size());
  for (size_t i = 0; i < taken.size(); ++i) number_of[taken[i].pair] = static_cast<uint32_t>(i + 1);
  each_pair([&](PairKey pair, uint32_t position) {
    if (const uint32_t* number = number_of.find(pair)) {
      Taken& t = taken[*number - 1];
      t.count += static_cast<int64_t>(corpus_.weight(position));
      ++t.size;
    }
  });
  for (Taken& t : taken) {
    t.places = places_.make(t.size);
    t.size = 0;
    counts_[t.pair] = t.count;
    queue_.push({t.at_birth, t.pair, t.places});
  }
  each_pair([&](PairKey pair, uint32_t position) {
    if (const uint32_t* number = number_of.find(pair)) {
      Taken& t = taken[*number - 1];
      places_[t.places][t.size++] = position;
    }
  });
  return true;
}

std::optional<Merge> Merger::next() {
  if (strings_.size() >= options_.vocab_size) return std::nullopt;
  while (true) {
    if (queue_.empty() || !within(queue_.top().count, queue_.top().pair)) {
      if (more_candidates()) continue;
      if (queue_.empty()) return std::nullopt;
    }
    Candidate best = queue_.pop();
    const int64_t* known = counts_.find(best.pair);
    const uint64_t count = known ? static_cast<uint64_t>(*known) : 0;
    if (count != best.count) {
      best.count = count;
      queue_.push(best);
      continue;
    }
    if (count < std::max<uint64_t>(options_.min_frequency, 1)) return std::nullopt;
    const uint32_t left = left_of(best.pair), right = right_of(best.pair);
    const auto [token, fresh] = strings_.join(left, right);
    if (!fresh && (lengths_[token] != 0 || !options_.reuse)) {  // symbols that spell another symbol
      if (best.places != kNoPlaces) places_.free(best.places);
      if (options_.memory) left_out_[best.pair] = 1;
      continue;
    }
    know(token, fresh, left, right);
    apply(best, token);
    if (corpus_.narrow() && strings_.size() > kMaxNarrowTokens) {
      places_ = Places();
      widen();
      count_anew();
    } else if (options_.memory && held() > options_.memory) {
      count_anew();
    }
    return Merge{left, right, token, count};
  }
}

// What a merge makes of a token.
void Merger::know(uint32_t token, bool fresh, uint32_t left, uint32_t right) {
  if (fresh) {
    if (options_.max_words) know_words(token);
    lengths_.push_back(0);
    symbols_.push_back(0);
    left_.number_of.push_back(0);
    right_.number_of.push_back(0);
  }
  lengths_[token] = lengths_[left] + lengths_[right];
  symbols_[token] = symbols_[left] + symbols_[right];
}

void Merger::widen() {
  corpus_.widen(lengths_);
  for (uint32_t& length : lengths_) length = length != 0;
}

void Merger::apply(const Candidate& best, uint32_t token) {
  if (best.places == kNoPlaces) {
    replace_everywhere(best.pair, token);
    left_.clear();
    right_.clear();
    count_anew();
    return;
  }
  const std::span<const uint32_t> positions = places_[best.places];
  corpus_.visit([&]<class Slot>(Slot* slots) {
    for (size_t i = 0; i < positions.size(); ++i) {
      if (i + kAhead < positions.size()) prefetch(slots + positions[i + kAhead]);
      replace_at(slots, positions[i], best.pair, token);
    }
    // Twice as many places may be needed for the new pairs.
    if (options_.memory && held() + 2 * kPerPlace * positions.size() > options_.memory) return;
    settle(best.pair, token);
    fill_places(slots, positions, best.pair, token);
  });
  if (options_.memory && held() + 2 * kPerPlace * positions.size() > options_.memory) {
    left_.clear();
    right_.clear();
    count_anew();
    return;
  }
  places_.free(best.places);
  left_.clear();
  right_.clear();
}

// The same without a list of places, for a pair that stands at so many that the list would not fit.
void Merger::replace_everywhere(PairKey pair, uint32_t token) {
  corpus_.visit([&]<class Slot>(Slot* slots) {
    for (size_t p = 0; p < corpus_.size();) {
      if (slots[p] == kBoundaryOf<Slot>) {
        ++p;
        continue;
      }
      replace_at(slots, static_cast<uint32_t>(p), pair, token);
      p += lengths_[slots[p]];
    }
  });
}

// Merges the pair at this position if it still stands there.
template <class Slot>
void Merger::replace_at(Slot* slots, uint32_t position, PairKey pair, uint32_t token) {
  constexpr Slot kEnd = kBoundaryOf<Slot>, kInside = kInsideOf<Slot>;
  const uint32_t left = left_of(pair), right = right_of(pair);
  if (slots[position] != left) return;
  const uint32_t middle = position + lengths_[left];
  if (slots[middle] != right) return;
  const uint32_t last = middle + lengths_[right] - 1;
  slots[middle - 1] = kInside;
  slots[middle] = kInside;
  slots[position] = static_cast<Slot>(token);
  slots[last] = static_cast<Slot>(token);
  const Slot before = slots[position - 1], after = slots[last + 1];
  const uint64_t weight = corpus_.weight(position);
  if (before != kEnd) left_.add(before, weight);
  if (after != kEnd) right_.add(after, weight);
}

// Counts after a merge: all pairs of the token are born now.
void Merger::settle(PairKey pair, uint32_t token) {
  const uint32_t a = left_of(pair), b = right_of(pair);
  const auto born = [&](Neighbour& n, PairKey key, uint64_t count) {
    if (count == 0 || !may_join(left_of(key), right_of(key))) return;
    if (!within(count, key)) {
      if (!options_.memory) set_aside_.put(n.token, count);
      return;
    }
    counts_[key] = static_cast<int64_t>(count);
    n.places = places_.make(n.size);
    queue_.push({count, key, n.places});
  };
  // In "abab" the second merge takes away the (new, a) that the first one brought.
  const Neighbour* own = left_.find(token);
  const uint64_t brief = own ? own->weight : 0;
  set_aside_.begin(token, true);
  for (Neighbour& n : left_.neighbours) {
    born(n, pair_key(n.token, token), n.weight);
    if (n.token != token) lose(pair_key(n.token, a), n.weight);
  }
  set_aside_.begin(token, false);
  for (Neighbour& n : right_.neighbours) {
    born(n, pair_key(token, n.token), n.weight - (n.token == a ? brief : 0));
    lose(pair_key(b, n.token), n.weight);
  }
}

// Notes where the new pairs stand. Places rise within a list: to the left stands what stood there when
// the pair was merged, and a new token to the right was not merged yet.
template <class Slot>
void Merger::fill_places(const Slot* slots, std::span<const uint32_t> positions, PairKey pair,
                         uint32_t token) {
  uint32_t reached = 0;  // by the tokens so far: in "aaaa" the second "aa" overlaps the first
  for (size_t i = 0; i < positions.size(); ++i) {
    if (i + kAhead < positions.size()) prefetch(slots + positions[i + kAhead]);
    const uint32_t position = positions[i];
    if (slots[position] != token || position < reached) continue;
    const uint32_t length = lengths_[token];
    reached = position + length;
    const Slot before = slots[position - 1], after = slots[position + length];
    if (before != kBoundaryOf<Slot>) {
      Neighbour& n = *left_.find(before);
      if (n.places != kNoPlaces) places_[n.places][n.filled++] = position - lengths_[before];
    }
    if (after != kBoundaryOf<Slot>) {
      Neighbour& n = *right_.find(after == token ? left_of(pair) : after);
      if (n.places != kNoPlaces) places_[n.places][n.filled++] = position;
    }
  }
}

}  // namespace tokenworks::training
