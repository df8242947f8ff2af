#include "replay/word_tally.h"

#include <cstring>

#include "pipeline/aligned_text.h"

namespace tokenworks::replay {

using training::WordTable;

void WordTally::begin(uint32_t group) {
  end();
  group_ = group;
}

void WordTally::end() {
  for (const uint32_t word : touched_) {
    entries_.push_back({word, group_, counts_[word]});
    counts_[word] = 0;
  }
  touched_.clear();
}

void WordTally::segment(const AlignedText& text, const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    if (piece.added_id >= 0 || piece.begin == piece.end) continue;
    split(std::string_view(text.text).substr(piece.begin, piece.end - piece.begin));
  }
}

void WordTally::split(std::string_view pretoken) {
  if (marker_.empty()) {
    count(pretoken);
    return;
  }
  size_t begin = 0;
  for (size_t at = pretoken.find(marker_, 1); at != std::string_view::npos;) {
    const size_t before = at - marker_.size();
    const bool inside_run = at >= marker_.size() && pretoken.substr(before, marker_.size()) == marker_;
    if (!inside_run && at > begin) {
      count(pretoken.substr(begin, at - begin));
      begin = at;
    }
    at = pretoken.find(marker_, at + marker_.size());
  }
  count(pretoken.substr(begin));
}

void WordTally::count(std::string_view word) {
  while (word.size() > longest_) {
    count(word.substr(0, longest_));
    word.remove_prefix(longest_);
  }
  if (word.empty()) return;
  padded_.resize(word.size() + WordTable::kPadding);
  std::memcpy(padded_.data(), word.data(), word.size());
  uint64_t& number = table_.at(padded_.data(), word.size());
  if (number == 0) {
    counts_.push_back(0);
    number = counts_.size();
  }
  uint32_t& count = counts_[number - 1];
  if (count == 0) touched_.push_back(static_cast<uint32_t>(number - 1));
  ++count;
}

WordTally::Words WordTally::words() const {
  Words out;
  const size_t n = counts_.size();
  out.starts.assign(n + 1, 0);
  out.entry_starts.assign(n + 1, 0);
  table_.each([&](const uint8_t*, size_t length, uint64_t number) { out.starts[number] = length; });
  for (size_t i = 0; i < n; ++i) out.starts[i + 1] += out.starts[i];
  out.text.resize(out.starts.back());
  table_.each([&](const uint8_t* word, size_t length, uint64_t number) {
    std::memcpy(out.text.data() + out.starts[number - 1], word, length);
  });
  for (const Entry& e : entries_) ++out.entry_starts[e.word + 1];
  for (size_t i = 0; i < n; ++i) out.entry_starts[i + 1] += out.entry_starts[i];
  out.groups.resize(entries_.size());
  out.counts.resize(entries_.size());
  std::vector<uint64_t> next(out.entry_starts.begin(), out.entry_starts.end() - 1);
  for (const Entry& e : entries_) {
    const uint64_t at = next[e.word]++;
    out.groups[at] = e.group;
    out.counts[at] = e.count;
  }
  return out;
}

}  // namespace tokenworks::replay
