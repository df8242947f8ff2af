#include "models/unigram.h"

#include <algorithm>
#include <array>
#include <cfloat>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "models/byte_trie.h"
#include "unicode/utf8.h"

namespace tokenworks {
namespace {

constexpr int32_t kUnknown = -1;
constexpr uint32_t kUnreached = UINT32_MAX;
constexpr double kUnknownPenalty = 10.0;
constexpr float kRebase = -100'000.0f;

std::array<char, 6> byte_piece(int byte) {
  constexpr char kHex[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
}

// Score is the type in which scores are added and compared: double for tokenizers, float for
// sentencepiece, whose rounding decides ties.
template <class Score>
class Unigram final : public Model {
 public:
  Unigram(const std::vector<std::string_view>& pieces, const std::vector<uint32_t>& ids,
          const std::vector<double>& scores, const UnigramOptions& options)
      : unk_id_(options.unk_id), ids_(ids), scores_(scores.begin(), scores.end()) {
    constexpr bool kSentencePiece = std::is_same_v<Score, float>;
    std::vector<std::pair<std::string_view, uint32_t>> entries;
    Score lowest = kSentencePiece ? FLT_MAX : std::numeric_limits<Score>::infinity();
    for (uint32_t i = 0; i < pieces.size(); ++i) {
      if (kSentencePiece && options.unused.contains(ids[i])) continue;
      entries.emplace_back(pieces[i], i);
      if (kSentencePiece && options.user_defined.contains(ids[i])) {
        // Whatever the file says: a reward for length, since any log probability is below 0.
        scores_[i] = static_cast<Score>(0.1 * static_cast<double>(pieces[i].size()) - 0.1);
        continue;
      }
      lowest = std::min(lowest, scores_[i]);
    }
    unknown_score_ = lowest - static_cast<Score>(kUnknownPenalty);
    trie_ = ByteTrie(std::move(entries));
    if (options.byte_fallback) find_byte_pieces(pieces);
  }

  void encode(std::string_view text, std::vector<uint32_t>& ids,
              std::vector<uint32_t>* ends) const override {
    Output out{text, ids, ends};
    const auto* s = reinterpret_cast<const uint8_t*>(text.data());
    const size_t n = text.size();
    // best[k] is the best way to reach byte `base + k`. Wherever no piece that began earlier
    // reaches further, every path passes: what came before is settled and the table starts anew,
    // with the score carried over.
    std::vector<Node> best;
    std::vector<Step> path;
    size_t base = 0;
    size_t reach = 0;
    Score score = 0;
    for (size_t i = 0; i < n;) {
      if (i == reach) {
        if (i > base) {
          score = best[i - base].score;
          settle(base, i, best, path, out);
        }
        base = i;
        best.clear();
        best.push_back({score, 0, kUnknown});
      }
      const size_t length = character_length(s, n, i);
      reach = std::max(reach, extend(s, n, i, i + length, base, best));
      i += length;
    }
    if (n > base) settle(base, n, best, path, out);
    flush_unknown(out);
  }

 private:
  struct Node {
    Score score = 0;
    uint32_t begin = kUnreached;  // of the last piece, from `base`
    int32_t piece = kUnknown;
  };
  struct Step {
    size_t begin;
    size_t end;
    int32_t piece;
  };
  struct Output {
    std::string_view text;
    std::vector<uint32_t>& ids;
    std::vector<uint32_t>* ends;
    size_t unknown_begin = 0;  // an open run of unknown characters
    size_t unknown_end = 0;

    void add(uint32_t id, size_t end) {
      ids.push_back(id);
      if (ends) ends->push_back(static_cast<uint32_t>(end));
    }
  };

  static size_t character_length(const uint8_t* s, size_t n, size_t i) {
    return s[i] < 0x80 ? 1 : decode(s, n, i).length;
  }

  // Tries every piece that begins at `i`; returns the furthest end.
  size_t extend(const uint8_t* s, size_t n, size_t i, size_t character_end, size_t base,
                std::vector<Node>& best) const {
    if constexpr (std::is_same_v<Score, float>) {
      if (best[i - base].score < kRebase) rebase(i - base, best);
    }
    const Score here = best[i - base].score;
    size_t furthest = character_end;
    bool has_single = false;
    uint32_t node = ByteTrie::kRoot;
    for (size_t k = i; k < n && trie_.step(node, s[k]); ++k) {
      const int32_t piece = trie_.value(node);
      if (piece == ByteTrie::kNone) continue;
      const size_t end = k + 1;
      relax(i, end, base, scores_[static_cast<size_t>(piece)] + here, piece, best);
      has_single |= end == character_end;
      furthest = std::max(furthest, end);
    }
    if (!has_single) relax(i, character_end, base, unknown_score_ + here, kUnknown, best);
    return furthest;
  }

  // sentencepiece keeps its single precision from wearing out on long texts by counting from 0
  // again; pieces that already reach further keep their distance.
  static void rebase(size_t at, std::vector<Node>& best) {
    const Score here = best[at].score;
    for (size_t k = at; k < best.size(); ++k) {
      if (best[k].begin != kUnreached) best[k].score -= here;
    }
  }

  static void relax(size_t i, size_t end, size_t base, Score candidate, int32_t piece,
                    std::vector<Node>& best) {
    if (end - base >= best.size()) best.resize(end - base + 1);
    Node& target = best[end - base];
    if (target.begin == kUnreached || candidate > target.score) {
      target = {candidate, static_cast<uint32_t>(i - base), piece};
    }
  }

  void settle(size_t base, size_t end, const std::vector<Node>& best, std::vector<Step>& path,
              Output& out) const {
    path.clear();
    for (size_t at = end; at > base;) {
      const Node& node = best[at - base];
      path.push_back({base + node.begin, at, node.piece});
      at = base + node.begin;
    }
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
      if (step->piece == kUnknown || ids_[static_cast<size_t>(step->piece)] == unk_id_) {
        if (out.unknown_begin == out.unknown_end) out.unknown_begin = step->begin;
        out.unknown_end = step->end;
        continue;
      }
      flush_unknown(out);
      out.add(ids_[static_cast<size_t>(step->piece)], step->end);
    }
  }

  // A run of unknown characters is one unknown token, or its bytes.
  void flush_unknown(Output& out) const {
    const size_t begin = out.unknown_begin, end = out.unknown_end;
    if (begin == end) return;
    out.unknown_begin = out.unknown_end = end;
    const std::string_view run = out.text.substr(begin, end - begin);
    if constexpr (std::is_same_v<Score, double>) {
      // The joined run may be a piece after all, one too unlikely to be chosen.
      if (const int32_t piece = trie_.find(run); piece != ByteTrie::kNone) {
        return out.add(ids_[static_cast<size_t>(piece)], end);
      }
      const bool all = !bytes_.empty() && std::all_of(run.begin(), run.end(), [&](char c) {
        return bytes_[static_cast<uint8_t>(c)] >= 0;
      });
      if (all) {
        for (size_t i = begin; i < end; ++i) out.add(id_of_byte(out.text[i]), i + 1);
        return;
      }
    } else if (!bytes_.empty()) {
      // sentencepiece gives the whole character to its last byte.
      const auto* s = reinterpret_cast<const uint8_t*>(out.text.data());
      for (size_t i = begin; i < end;) {
        const size_t next = i + character_length(s, out.text.size(), i);
        for (size_t k = i; k < next; ++k) {
          if (bytes_[s[k]] < 0) {
            out.add(unknown(), k + 1 < next ? i : next);
          } else {
            out.add(id_of_byte(out.text[k]), k + 1 < next ? i : next);
          }
        }
        i = next;
      }
      return;
    }
    out.add(unknown(), end);
  }

  uint32_t unknown() const {
    if (unk_id_) return *unk_id_;
    throw std::runtime_error(
        "the text has a character that is not in the vocabulary, and the Unigram model names no "
        "unk_id");
  }

  uint32_t id_of_byte(char c) const {
    return ids_[static_cast<size_t>(bytes_[static_cast<uint8_t>(c)])];
  }

  void find_byte_pieces(const std::vector<std::string_view>& pieces) {
    std::vector<std::pair<std::string_view, uint32_t>> entries;
    for (uint32_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i].size() == 6) entries.emplace_back(pieces[i], i);
    }
    const ByteTrie by_name(std::move(entries));
    bytes_.resize(256);
    for (int b = 0; b < 256; ++b) {
      const auto name = byte_piece(b);
      bytes_[static_cast<size_t>(b)] = by_name.find({name.data(), name.size()});
    }
  }

  std::optional<uint32_t> unk_id_;
  std::vector<uint32_t> ids_;
  std::vector<Score> scores_;
  Score unknown_score_ = 0;
  ByteTrie trie_;
  std::vector<int32_t> bytes_;  // piece of each byte, -1 without; empty without byte fallback
};

}  // namespace

std::unique_ptr<Model> make_unigram(const std::vector<std::string_view>& pieces,
                                    const std::vector<uint32_t>& ids,
                                    const std::vector<double>& scores,
                                    const UnigramOptions& options) {
  if (pieces.size() != ids.size() || pieces.size() != scores.size()) {
    throw std::invalid_argument("Unigram: " + std::to_string(pieces.size()) + " pieces, " +
                                std::to_string(ids.size()) + " ids and " +
                                std::to_string(scores.size()) + " scores; their numbers must agree");
  }
  if (options.unk_id && std::find(ids.begin(), ids.end(), *options.unk_id) == ids.end()) {
    throw std::invalid_argument("Unigram: unk_id " + std::to_string(*options.unk_id) +
                                " is the id of no piece");
  }
  if (options.sentencepiece) return std::make_unique<Unigram<float>>(pieces, ids, scores, options);
  return std::make_unique<Unigram<double>>(pieces, ids, scores, options);
}

}  // namespace tokenworks
