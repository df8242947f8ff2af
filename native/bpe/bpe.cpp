#include "bpe/bpe.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <unordered_map>

#include "unicode/utf8.h"

namespace tokenworks {
namespace {

constexpr uint32_t kNone = Vocabulary::kNone;

std::vector<uint32_t> indices_of_ids(const std::vector<uint32_t>& wanted,
                                     const std::vector<uint32_t>& ids) {
  std::unordered_map<uint32_t, uint32_t> index;
  for (uint32_t i = 0; i < ids.size(); ++i) index[ids[i]] = i;
  std::vector<uint32_t> out;
  for (uint32_t id : wanted) {
    const auto found = index.find(id);
    if (found == index.end()) {
      throw std::invalid_argument("id " + std::to_string(id) + " names no piece");
    }
    out.push_back(found->second);
  }
  return out;
}

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, std::vector<uint32_t> ids,
         const std::vector<std::array<uint32_t, 2>>& merges, std::vector<uint32_t> merge_ranks,
         BpeOptions options)
    : vocabulary_(std::move(vocabulary)),
      ids_(std::move(ids)),
      options_(std::move(options)),
      merges_(merges.size()) {
  const size_t n = vocabulary_.size();
  if (ids_.size() != n) throw std::invalid_argument("as many ids as pieces are needed");
  if (n + options_.user_defined.size() > MergeTable::kMaxSymbols) {
    throw std::invalid_argument("more than 2,097,151 pieces");
  }
  if (!merge_ranks.empty() && merge_ranks.size() != merges.size()) {
    throw std::invalid_argument("as many merge ranks as merges are needed");
  }
  const size_t prefix = options_.continuing_subword_prefix.size();
  std::string joined;
  for (size_t i = 0; i < merges.size(); ++i) {
    const auto [left, right] = merges[i];
    if (left >= n || right >= n) {
      throw std::invalid_argument("merge " + std::to_string(i) + " names a piece that is not there");
    }
    const std::string_view tail = vocabulary_.piece(right);
    joined.assign(vocabulary_.piece(left));
    joined.append(tail.substr(std::min(prefix, tail.size())));
    const uint32_t result = vocabulary_.find(joined);
    if (result == kNone) {
      throw std::invalid_argument("the result of merge " + std::to_string(i) + " is not a piece");
    }
    merges_.add(left, right, result);
  }
  if (!merge_ranks.empty()) merges_.share_ranks(std::move(merge_ranks));

  for (int b = 0; b < 256; ++b) {
    const char byte = static_cast<char>(b);
    bytes_.symbol[b] = vocabulary_.find({&byte, 1});
    char code[8];
    std::snprintf(code, sizeof code, "<0x%02X>", b);
    fallback_piece_[b] = vocabulary_.find(code);
  }
  symbol_ids_ = ids_;
  if (options_.byte_level) {
    all_bytes_ = std::find(bytes_.symbol.begin(), bytes_.symbol.end(), kNone) == bytes_.symbol.end();
    if (all_bytes_ && !merges_.shares_ranks()) number_symbols_by_rank();
    bytes_.rank.resize(1 << 16);
    for (size_t pair = 0; all_bytes_ && pair < bytes_.rank.size(); ++pair) {
      bytes_.rank[pair] = merges_.rank(bytes_.symbol[pair >> 8], bytes_.symbol[pair & 255]);
    }
  }
  if (options_.unk_id >= 0) {
    unk_piece_ = indices_of_ids({static_cast<uint32_t>(options_.unk_id)}, ids_)[0];
  }
  if (!options_.unused.empty()) {
    piece_unused_.assign(n, 0);
    for (uint32_t i : indices_of_ids(options_.unused, ids_)) piece_unused_[i] = 1;
  }
  user_defined_ = indices_of_ids(options_.user_defined, ids_);
  std::stable_sort(user_defined_.begin(), user_defined_.end(), [&](uint32_t a, uint32_t b) {
    return vocabulary_.piece(a).size() > vocabulary_.piece(b).size();
  });
  for (uint32_t piece : user_defined_) {
    symbol_ids_.push_back(ids_[piece]);
    const std::string_view text = vocabulary_.piece(piece);
    if (!text.empty()) user_defined_first_[static_cast<uint8_t>(text[0])] = true;
  }
}

// Index of the one merge that can make a piece, or kNone. Inside the bytes of a piece merges happen in
// the same order whatever stands around them, so the last of them is always the same.
uint32_t Bpe::producer(uint32_t piece) const {
  std::vector<uint32_t> parts;
  for (const char c : vocabulary_.piece(piece)) parts.push_back(bytes_.symbol[static_cast<uint8_t>(c)]);
  for (;;) {
    uint32_t best = kNone;
    size_t at = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const uint32_t index = merges_.index(parts[i], parts[i + 1]);
      if (index < best) {
        best = index;
        at = i;
      }
    }
    if (best == kNone) return kNone;
    if (parts.size() == 2) return merges_.result_at(best) == piece ? best : kNone;
    parts[at] = merges_.result_at(best);
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

// Renumbers symbols so that the rank of a merge tells its result, and leaves out merges that can
// never happen.
void Bpe::number_symbols_by_rank() {
  const size_t n = vocabulary_.size();
  std::vector<uint32_t> made_by(n, kNone);  // index of the merge that makes a piece
  std::vector<uint8_t> ambiguous(n, 0);
  for (uint32_t i = 0; i < merges_.size(); ++i) {
    uint32_t& by = made_by[merges_.result_at(i)];
    if (by != kNone) ambiguous[merges_.result_at(i)] = 1;
    by = i;
  }
  for (uint32_t p = 0; p < n; ++p) {
    if (ambiguous[p]) made_by[p] = producer(p);
  }
  std::vector<uint32_t> symbol_of(n, kNone);
  for (uint32_t b = 0; b < 256; ++b) symbol_of[bytes_.symbol[b]] = b;
  std::vector<uint32_t> live;  // pieces made, by rank of the merge
  for (uint32_t i = 0; i < merges_.size(); ++i) {
    const uint32_t result = merges_.result_at(i);
    if (made_by[result] != i) continue;
    symbol_of[result] = 256 + static_cast<uint32_t>(live.size());
    live.push_back(i);
  }
  MergeTable renumbered(live.size());
  std::vector<uint32_t> ids(256);
  for (uint32_t b = 0; b < 256; ++b) ids[b] = ids_[bytes_.symbol[b]];
  for (const uint32_t i : live) {
    const auto [left, right] = merges_.pair_at(i);
    const uint32_t result = merges_.result_at(i);
    // A side that nothing makes has no symbol; the merge keeps its number and never happens.
    const auto symbol = [&](uint32_t p) { return symbol_of[p] == kNone ? MergeTable::kNoSymbol : symbol_of[p]; };
    renumbered.add(symbol(left), symbol(right), symbol_of[result]);
    ids.push_back(ids_[result]);
  }
  renumbered.number_results_from(256);
  merges_ = std::move(renumbered);
  symbol_ids_ = std::move(ids);
  for (uint32_t b = 0; b < 256; ++b) bytes_.symbol[b] = b;
  std::vector<std::string_view> pieces(symbol_ids_.size());
  for (uint32_t p = 0; p < n; ++p) {
    if (symbol_of[p] != kNone) pieces[symbol_of[p]] = vocabulary_.piece(p);
  }
  characters_ = Characters(merges_, pieces);
  if (!characters_.empty()) cuts_ = Cuts(vocabulary_);
  side_by_side_ = merges_.size() <= kMostMergesSideBySide;
}

void Bpe::first_symbols(const uint8_t* s, size_t n, std::vector<uint32_t>& symbols,
                        std::vector<uint32_t>* ends) const {
  symbols.clear();
  if (ends) ends->clear();
  const auto add = [&](uint32_t symbol, size_t end) {
    symbols.push_back(symbol);
    if (ends) ends->push_back(static_cast<uint32_t>(end));
  };
  bool unknown = false;  // an unknown symbol waits, so that the next can be fused with it
  size_t unknown_end = 0;
  const auto flush = [&] {
    if (unknown) add(unk_piece_, unknown_end);
    unknown = false;
  };
  const auto add_unknown = [&](size_t end) {
    if (unk_piece_ == kNone) return;  // without an unknown token the character is dropped
    if (unknown && !options_.fuse_unk) flush();
    unknown = true;
    unknown_end = end;
  };

  if (options_.byte_level) {
    for (size_t i = 0; i < n; ++i) {
      const uint32_t piece = bytes_.symbol[s[i]];
      if (piece == kNone) {
        add_unknown(i + 1);
      } else {
        flush();
        add(piece, i + 1);
      }
    }
    flush();
    return;
  }

  const bool affixes =
      !options_.continuing_subword_prefix.empty() || !options_.end_of_word_suffix.empty();
  std::string spelled;
  for (size_t i = 0; i < n;) {
    if (user_defined_first_[s[i]]) {
      const std::string_view rest(reinterpret_cast<const char*>(s) + i, n - i);
      const auto found = std::find_if(user_defined_.begin(), user_defined_.end(), [&](uint32_t p) {
        return rest.starts_with(vocabulary_.piece(p));
      });
      if (found != user_defined_.end()) {
        flush();
        i += vocabulary_.piece(*found).size();
        add(static_cast<uint32_t>(ids_.size() + (found - user_defined_.begin())), i);
        continue;
      }
    }
    const size_t length = decode(s, n, i).length;
    std::string_view character(reinterpret_cast<const char*>(s) + i, length);
    if (affixes) {
      spelled.clear();
      if (i > 0) spelled += options_.continuing_subword_prefix;
      spelled += character;
      if (i + length == n) spelled += options_.end_of_word_suffix;
      character = spelled;
    }
    const uint32_t piece = vocabulary_.find(character);
    if (piece != kNone) {
      flush();
      add(piece, i + length);
    } else if (options_.byte_fallback &&
               std::all_of(character.begin(), character.end(), [&](char c) {
                 return fallback_piece_[static_cast<uint8_t>(c)] != kNone;
               })) {
      size_t at = i;
      for (char c : character) add(fallback_piece_[static_cast<uint8_t>(c)], std::min(++at, n));
    } else {
      add_unknown(i + length);
    }
    i += length;
  }
  flush();
}

void Bpe::encode(std::string_view pretoken, std::vector<uint32_t>& ids,
                 std::vector<uint32_t>* ends) const {
  if (pretoken.empty()) return;
  if (options_.ignore_merges) {
    const uint32_t whole = vocabulary_.find(pretoken);
    if (whole != kNone) {
      ids.push_back(ids_[whole]);
      if (ends) ends->push_back(static_cast<uint32_t>(pretoken.size()));
      return;
    }
  }
  thread_local MergeScratch scratch;
  thread_local std::vector<uint32_t> symbols, symbol_ends;
  const auto* s = reinterpret_cast<const uint8_t*>(pretoken.data());
  first_symbols(s, pretoken.size(), symbols, ends ? &symbol_ends : nullptr);
  if (!piece_unused_.empty()) {
    resegment_unused(symbols, ends ? &symbol_ends : nullptr, scratch);
  } else {
    const size_t left = merge_symbols(merges_, symbols.data(), ends ? symbol_ends.data() : nullptr,
                                      symbols.size(), scratch);
    symbols.resize(left);
  }
  for (uint32_t symbol : symbols) ids.push_back(id_of_symbol(symbol));
  if (ends) ends->insert(ends->end(), symbol_ends.begin(), symbol_ends.begin() + symbols.size());
}

void Bpe::encode_plain(const uint8_t* s, size_t n, MergeScratch& scratch,
                       std::vector<uint32_t>& out) const {
  const uint32_t whole = id_of_whole(s, n);
  if (whole != kNone) return out.assign(1, whole);
  encode_part(s, n, scratch, out);
}

uint32_t Bpe::id_of_whole(const uint8_t* s, size_t n) const {
  if (!options_.ignore_merges) return kNone;
  const uint32_t whole = vocabulary_.find({reinterpret_cast<const char*>(s), n});
  return whole == kNone ? kNone : ids_[whole];
}

void Bpe::encode_part(const uint8_t* s, size_t n, MergeScratch& scratch,
                      std::vector<uint32_t>& out) const {
  if (all_bytes_) {
    out.resize(n);
    if (characters_.empty() || is_ascii(s, n)) {
      out.resize(merge_bytes(merges_, bytes_, s, out.data(), n, scratch));
    } else {
      const size_t begun = characters_.begin_from(s, n, out.data());
      out.resize(merge_symbols(merges_, out.data(), nullptr, begun, scratch));
    }
    for (uint32_t& symbol : out) symbol = id_of_symbol(symbol);
    return;
  }
  first_symbols(s, n, out, nullptr);
  out.resize(merge_symbols(merges_, out.data(), nullptr, out.size(), scratch));
  for (uint32_t& symbol : out) symbol = id_of_symbol(symbol);
}

bool Bpe::begin(const uint8_t* s, size_t n, std::vector<uint32_t>& symbols, MergeJob& job) const {
  constexpr size_t kShort = MergeJob::kShort;
  job.place = static_cast<uint32_t>(symbols.size());
  symbols.resize(symbols.size() + (n + kShort - 1) / kShort * kShort);
  uint32_t* const begun = symbols.data() + job.place;
  job.bytes = characters_.empty() || is_ascii(s, n);
  if (job.bytes) {
    std::copy(s, s + n, begun);
    job.count = static_cast<uint32_t>(n);
  } else {
    job.count = static_cast<uint32_t>(characters_.begin_from(s, n, begun));
  }
  if (job.count <= MergeJob::kMost) return true;
  symbols.resize(job.place);
  return false;
}

void Bpe::encode_begun(std::span<MergeJob> jobs, std::vector<uint32_t>& symbols) const {
  merge_side_by_side(merges_, bytes_, jobs, symbols.data());
  for (const MergeJob& job : jobs) {
    uint32_t* const ids = symbols.data() + job.place;
    for (size_t i = 0; i < job.count; ++i) ids[i] = id_of_symbol(ids[i]);
  }
}

size_t Bpe::ids_of_character(uint32_t code, std::array<uint32_t, 3>& ids) const {
  const size_t n = characters_.symbols_of(code, ids);
  for (size_t i = 0; i < n; ++i) ids[i] = id_of_symbol(ids[i]);
  return n;
}

void Bpe::resegment_unused(std::vector<uint32_t>& symbols, std::vector<uint32_t>* ends,
                           MergeScratch& scratch) const {
  std::unordered_map<uint32_t, std::array<uint32_t, 2>> undone;
  const size_t left = merge_symbols_watched(
      merges_, symbols.data(), ends ? ends->data() : nullptr, symbols.size(), scratch,
      [&](uint32_t a, uint32_t b, uint32_t index) {
        const uint32_t result = merges_.result_at(index);
        if (piece_unused_[result]) undone[result] = {a, b};
      });
  std::vector<uint32_t> out, out_ends;
  std::vector<uint32_t> stack;
  size_t begin = 0;
  for (size_t i = 0; i < left; ++i) {
    stack.assign(1, symbols[i]);
    while (!stack.empty()) {
      const uint32_t symbol = stack.back();
      stack.pop_back();
      const auto found = undone.find(symbol);
      if (symbol < piece_unused_.size() && piece_unused_[symbol] && found != undone.end()) {
        stack.push_back(found->second[1]);
        stack.push_back(found->second[0]);
        continue;
      }
      out.push_back(symbol);
      if (ends) {
        const bool whole = symbol == symbols[i];
        begin = whole ? (*ends)[i] : begin + vocabulary_.piece(symbol).size();
        out_ends.push_back(static_cast<uint32_t>(begin));
      }
    }
    if (ends) begin = (*ends)[i];
  }
  symbols = std::move(out);
  if (ends) *ends = std::move(out_ends);
}

bool Bpe::separable_before(std::string_view separator) const {
  if (options_.ignore_merges || !options_.continuing_subword_prefix.empty() ||
      !options_.end_of_word_suffix.empty() || !user_defined_.empty() || !piece_unused_.empty() ||
      vocabulary_.find(separator) == kNone) {  // unknown characters could be fused across it
    return false;
  }
  for (uint32_t i = 0; i < vocabulary_.size(); ++i) {
    std::string_view piece = vocabulary_.piece(i);
    while (piece.starts_with(separator)) piece.remove_prefix(separator.size());
    if (piece.find(separator) != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace tokenworks
