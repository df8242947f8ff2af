#include "models/wordpiece.h"

#include <stdexcept>

#include "models/byte_trie.h"

namespace tokenworks {
namespace {

class WordPiece final : public Model {
 public:
  WordPiece(const std::vector<std::string_view>& pieces, const std::vector<uint32_t>& ids,
            const WordPieceOptions& options)
      : ids_(ids), unk_id_(options.unk_id), longest_(options.max_input_chars_per_word) {
    std::vector<std::pair<std::string_view, uint32_t>> entries;
    for (uint32_t i = 0; i < pieces.size(); ++i) entries.emplace_back(pieces[i], i);
    trie_ = ByteTrie(std::move(entries));
    for (const char c : options.continuing_subword_prefix) {
      if (!trie_.step(inside_, static_cast<uint8_t>(c))) {
        continues_ = false;
        break;
      }
    }
  }

  void encode(std::string_view word, std::vector<uint32_t>& ids,
              std::vector<uint32_t>* ends) const override {
    if (word.empty()) return;
    const size_t first_id = ids.size();
    const size_t first_end = ends ? ends->size() : 0;
    const auto whole_is_unknown = [&] {
      ids.resize(first_id);
      ids.push_back(unk_id_);
      if (ends) {
        ends->resize(first_end);
        ends->push_back(static_cast<uint32_t>(word.size()));
      }
    };
    size_t characters = 0;
    for (const char c : word) characters += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
    if (characters > longest_) return whole_is_unknown();
    for (size_t at = 0; at < word.size();) {
      if (at > 0 && !continues_) return whole_is_unknown();
      uint32_t node = at == 0 ? ByteTrie::kRoot : inside_;
      int32_t piece = ByteTrie::kNone;
      size_t end = at;
      for (size_t i = at; i < word.size() && trie_.step(node, static_cast<uint8_t>(word[i])); ++i) {
        if (trie_.value(node) == ByteTrie::kNone) continue;
        piece = trie_.value(node);
        end = i + 1;
      }
      if (piece == ByteTrie::kNone) return whole_is_unknown();
      ids.push_back(ids_[static_cast<size_t>(piece)]);
      if (ends) ends->push_back(static_cast<uint32_t>(end));
      at = end;
    }
  }

 private:
  std::vector<uint32_t> ids_;
  uint32_t unk_id_;
  size_t longest_;
  ByteTrie trie_;
  uint32_t inside_ = ByteTrie::kRoot;  // where pieces inside a word begin in the trie
  bool continues_ = true;              // whether there are any
};

}  // namespace

std::unique_ptr<Model> make_wordpiece(const std::vector<std::string_view>& pieces,
                                      const std::vector<uint32_t>& ids,
                                      const WordPieceOptions& options) {
  if (pieces.size() != ids.size()) {
    throw std::invalid_argument("WordPiece: " + std::to_string(pieces.size()) + " pieces but " +
                                std::to_string(ids.size()) + " ids");
  }
  return std::make_unique<WordPiece>(pieces, ids, options);
}

}  // namespace tokenworks
