#include "encoder/laying.h"

#include <algorithm>
#include <cstring>

namespace tokenworks {
namespace {

// Whether the ids spell the bytes from `begin` to `end`; `ahead` is 1 if a space stands before them.
bool spells(const Spelled& tokens, std::span<const uint32_t> ids, std::span<const uint8_t> data,
            int64_t begin, int64_t end, int64_t ahead, std::span<uint8_t> cut) {
  int64_t at = begin - ahead;
  for (const uint32_t id : ids) {
    if (id >= tokens.lengths.size()) return false;
    int64_t length = tokens.lengths[id], offset = tokens.offsets[id];
    if (length <= 0) continue;
    if (offset < 0 || offset > static_cast<int64_t>(tokens.bytes.size()) - length) return false;
    const int64_t first = at;
    if (at < begin) {  // the space
      if (tokens.bytes[offset] != ' ') return false;
      ++at, ++offset, --length;
    }
    if (length > end - at) return false;
    if (length > 0 && std::memcmp(&tokens.bytes[offset], &data[at], length) != 0) return false;
    cut[std::max(first, begin)] = 1;
    at += length;
  }
  return at == end;
}

}  // namespace

std::vector<Spelling> lay_tokens(const Spelled& tokens, std::span<const uint32_t> ids,
                                 std::span<const int64_t> starts, std::span<const uint8_t> data,
                                 std::span<const int64_t> begins, std::span<uint8_t> cut) {
  std::vector<Spelling> found(begins.size() - 1);
  for (size_t i = 0; i < found.size(); ++i) {
    const int64_t begin = begins[i], end = begins[i + 1];
    const auto own = ids.subspan(starts[i], starts[i + 1] - starts[i]);
    // The mark of the first byte may be that of an empty text before.
    const uint8_t before = cut[begin];
    const auto unmark = [&] {
      std::fill(cut.begin() + begin, cut.begin() + end, uint8_t{0});
      cut[begin] = before;
    };
    if (spells(tokens, own, data, begin, end, 0, cut)) {
      found[i] = Spelling::same;
      continue;
    }
    unmark();
    if (spells(tokens, own, data, begin, end, 1, cut)) {
      found[i] = Spelling::after_space;
      continue;
    }
    unmark();
    found[i] = Spelling::other;
  }
  return found;
}

}  // namespace tokenworks
