// A byte-level encoder over any text: ids whose pieces spell the text, the same with spans, and the
// same as merging one pair after another.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "bpe/bpe.h"
#include "encoder/bpe_loop.h"
#include "unicode/utf8.h"

using namespace tokenworks;

namespace {

// Bytes, and pairs of symbols that the first bytes of the input choose.
struct Made {
  std::string blob;
  std::vector<uint64_t> offsets{0};
  std::vector<std::array<uint32_t, 2>> merges;

  std::string piece(uint32_t i) const {
    return blob.substr(offsets[i], offsets[i + 1] - offsets[i]);
  }
  void add(const std::string& bytes) {
    blob += bytes;
    offsets.push_back(blob.size());
  }
};

Made make(const uint8_t* data, size_t size) {
  Made made;
  for (int b = 0; b < 256; ++b) made.add(std::string(1, static_cast<char>(b)));
  for (size_t i = 0; i + 1 < size; i += 2) {
    const auto count = static_cast<uint32_t>(made.offsets.size() - 1);
    const uint32_t left = data[i] % 2 ? 256 + data[i] / 2 : data[i];
    const uint32_t right = data[i + 1] % 2 ? 256 + data[i + 1] / 2 : data[i + 1];
    if (left >= count || right >= count) continue;
    const std::string joined = made.piece(left) + made.piece(right);
    bool known = joined.size() > 200;
    for (uint32_t k = 0; k < count && !known; ++k) known = made.piece(k) == joined;
    if (known) continue;
    made.merges.push_back({left, right});
    made.add(joined);
  }
  return made;
}

void check(bool fine) {
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const size_t head = size < 64 ? size / 2 : 32;
  const Made made = make(data, head);
  const size_t n = made.offsets.size() - 1;
  std::vector<uint32_t> ids(n);
  for (uint32_t i = 0; i < n; ++i) ids[i] = i;
  BpeOptions options;
  options.byte_level = true;
  options.ignore_merges = size % 2 == 1;
  const Bpe bpe(Vocabulary(made.blob, made.offsets), ids, made.merges, {}, options);

  const uint8_t* text = data + head;
  const size_t length = size - head;
  static Workspace* w = nullptr;  // caches belong to one vocabulary
  delete w;
  w = new Workspace();
  IdBuffer out;
  encode_pretokens<scanner::Gpt4<3, true>>(bpe, text, length, *w, out);
  // Cut at the same places and merged pretoken by pretoken, the ids are the same.
  std::vector<uint32_t> apart;
  scanner::scan<scanner::Gpt4<3, true>>(text, length, [&](size_t begin, size_t end) {
    bpe.encode({reinterpret_cast<const char*>(text) + begin, end - begin}, apart, nullptr);
  });
  check(apart == std::vector<uint32_t>(out.data(), out.data() + out.size()));
  std::string spelled;
  for (size_t i = 0; i < out.size(); ++i) spelled += made.piece(out.data()[i]);
  check(spelled == std::string(reinterpret_cast<const char*>(text), length));

  // Without scanning, the two ways to merge agree, and their spans spell the pieces.
  std::vector<uint32_t> whole, ends;
  bpe.encode({reinterpret_cast<const char*>(text), length}, whole, &ends);
  MergeScratch scratch;
  std::vector<uint32_t> plain;
  bpe.encode_plain(text, length, scratch, plain);
  check(whole == plain && ends.size() == whole.size());
  size_t begin = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    check(ends[i] - begin == made.piece(whole[i]).size());
    begin = ends[i];
  }
  check(begin == length);
  return 0;
}
