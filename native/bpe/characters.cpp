#include "bpe/characters.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "unicode/utf8.h"

namespace tokenworks {
namespace {

constexpr uint32_t kNoRank = MergeTable::kNoRank;
constexpr uint32_t kBytes = 256;
constexpr uint32_t kNoCode = 1 << 16;
constexpr size_t kLongestEdge = 3;  // bytes of a symbol that a character ends or begins with
constexpr size_t kMostDoubted = 1 << 19;  // pairs of neighbours that are told apart

bool continues(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// The character below U+10000 that a piece begins or ends with, or kNoCode.
uint32_t first_code(std::string_view piece) {
  const Character c = decode(reinterpret_cast<const uint8_t*>(piece.data()), piece.size(), 0);
  return c.code < kNoCode ? c.code : kNoCode;
}
uint32_t last_code(std::string_view piece) {
  size_t begin = piece.size() - 1;
  while (begin > 0 && piece.size() - begin < 4 && continues(piece[begin])) --begin;
  const Character c = decode(reinterpret_cast<const uint8_t*>(piece.data()), piece.size(), begin);
  return begin + c.length == piece.size() && c.code < kNoCode ? c.code : kNoCode;
}

// The merges that a symbol has with what stands on one side of it.
struct Across {
  struct Merge {
    uint32_t rank;
    uint32_t code;  // of the character beside it
  };
  uint32_t ascii = kNoRank;   // the lowest rank with an ASCII character
  uint32_t others = kNoRank;  // with any other or a part of one
  uint32_t parts = kNoRank;   // with a part of one
  std::vector<Merge> merges;  // with whole characters
};

// Of symbols that a character of two or three bytes can have at its edge.
class Edges {
 public:
  Edges(const MergeTable& merges, std::span<const std::string_view> pieces)
      : left_(pieces.size(), kNone), right_(pieces.size(), kNone) {
    for (uint32_t i = 0; i < merges.size(); ++i) {
      const auto [a, b] = merges.pair_at(i);
      if (a == MergeTable::kNoSymbol || b == MergeTable::kNoSymbol) continue;
      if (is_edge(pieces[b])) add(left_[b], i, last_code(pieces[a]));
      if (is_edge(pieces[a])) add(right_[a], i, first_code(pieces[b]));
    }
  }

  const Across& left(uint32_t symbol) const { return left_[symbol] == kNone ? nothing_ : all_[left_[symbol]]; }
  const Across& right(uint32_t symbol) const { return right_[symbol] == kNone ? nothing_ : all_[right_[symbol]]; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  static bool is_edge(std::string_view piece) {
    return piece.size() <= kLongestEdge && static_cast<uint8_t>(piece[0]) >= 0x80;
  }

  void add(uint32_t& place, uint32_t rank, uint32_t code) {
    if (place == kNone) {
      place = static_cast<uint32_t>(all_.size());
      all_.emplace_back();
    }
    Across& across = all_[place];
    uint32_t& lowest = code < 0x80 ? across.ascii : across.others;
    lowest = std::min(lowest, rank);
    if (code == kNoCode) {
      across.parts = std::min(across.parts, rank);
    } else {
      across.merges.push_back({rank, code});
    }
  }

  std::vector<uint32_t> left_, right_;  // by symbol, places in all_
  std::vector<Across> all_;
  const Across nothing_;
};

}  // namespace

Characters::Characters(const MergeTable& merges, std::span<const std::string_view> pieces) {
  if (merges.shares_ranks()) return;
  const Edges edges(merges, pieces);
  entries_.assign(kCodePoints, {});
  std::vector<std::pair<uint32_t, uint32_t>> doubted;
  for (uint32_t code = 0x80; code < kCodePoints; ++code) {
    std::array<uint32_t, 3> symbols;
    size_t n = utf8_of(code, symbols);
    const size_t bytes = n;
    uint32_t highest = 0;
    uint64_t after = 0, before = 0;
    // Looks for merges of the outermost symbols with what is beside them that could come before `rank`.
    const auto doubt = [&](const Across& across, uint32_t rank, uint64_t& flags, bool left) {
      if (across.parts <= rank) flags |= kOthers;
      if (doubted.size() >= kMostDoubted) {
        if (across.ascii <= rank) flags |= kAscii;
        if (across.others <= rank) flags |= kOthers;
        return;
      }
      for (const Across::Merge& merge : across.merges) {
        if (merge.rank > rank) break;
        flags |= kSome;
        doubted.push_back(left ? std::pair{merge.code, code} : std::pair{code, merge.code});
      }
    };
    const auto doubt_both = [&](uint32_t rank) {
      doubt(edges.left(symbols[0]), rank, after, true);
      doubt(edges.right(symbols[n - 1]), rank, before, false);
    };
    for (;;) {
      size_t at = 0;
      uint32_t lowest = kNoRank;
      for (size_t i = 0; i + 1 < n; ++i) {
        const uint32_t rank = merges.rank(symbols[i], symbols[i + 1]);
        if (rank < lowest) {
          lowest = rank;
          at = i;
        }
      }
      if (lowest == kNoRank) break;
      doubt_both(lowest);
      highest = std::max(highest, lowest);
      symbols[at] = kBytes + lowest;
      for (size_t i = at + 1; i + 1 < n; ++i) symbols[i] = symbols[i + 1];
      --n;
    }
    if (n == bytes) continue;
    doubt_both(highest);
    Entry& e = entries_[code];
    e.first = symbols[0];
    e.second = n == 2 ? symbols[1] : 0;
    e.count = n;
    e.after = after;
    e.before = before;
  }
  filter_bits_ = std::max(6u, static_cast<unsigned>(std::bit_width(doubted.size() * 8)));
  filter_.assign((size_t{1} << filter_bits_) / 64, 0);
  for (const auto& [left, right] : doubted) filter_[place_of(left, right) / 64] |= 1ull << place_of(left, right) % 64;
}

Characters::Beside Characters::at(const uint8_t* s, size_t n, size_t i) {
  if (i >= n) return {0, 0};
  const Character c = decode(s, n, i);
  return {c.code < kCodePoints ? static_cast<uint32_t>(c.code) : kCodePoints, c.length};
}

size_t Characters::begin_from(const uint8_t* s, size_t n, uint32_t* symbols) const {
  uint32_t* out = symbols;
  uint32_t previous = 0;
  Beside here = at(s, n, 0);
  for (size_t i = 0; i < n;) {
    const size_t end = i + here.length;
    const Beside next = at(s, n, end);
    const Entry e = here.code < kCodePoints ? entries_[here.code] : Entry{};
    const bool settled = e.count != 0 && (i == 0 || !doubted(e.after, previous, previous, here.code)) &&
                         (end == n || !doubted(e.before, next.code, here.code, next.code));
    if (settled) {
      *out = static_cast<uint32_t>(e.first);
      // Always both: no branch on the count. There is room, since the character has two bytes.
      out[1] = static_cast<uint32_t>(e.second);
      out += e.count;
    } else {
      for (size_t k = i; k < end; ++k) *out++ = s[k];
    }
    previous = here.code;
    i = end;
    here = next;
  }
  return static_cast<size_t>(out - symbols);
}

}  // namespace tokenworks
