#include "encoder/encoder.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "encoder/bpe_loop.h"
#include "unicode/utf8.h"

namespace tokenworks {
namespace {

// Encodes each pretoken of a segment, word by word with the cache, and appends its ids.
class WordSink final : public SegmentSink {
 public:
  WordSink(const Bpe& bpe, Workspace& w, IdBuffer& out) : bpe_(bpe), w_(w), out_(out) {}

  void segment(const AlignedText& text, const std::vector<Piece>& pieces) override {
    const std::string_view all = text.text;
    for (const Piece& p : pieces) {
      if (p.added_id >= 0) {
        const uint32_t id = static_cast<uint32_t>(p.added_id);
        out_.append(&id, 1);
      } else {
        encode_marked_words(bpe_, all.substr(p.begin, p.end - p.begin), w_, out_);
      }
    }
  }

 private:
  const Bpe& bpe_;
  Workspace& w_;
  IdBuffer& out_;
};

// Encodes each pretoken of a segment and appends its ids.
class IdSink final : public SegmentSink {
 public:
  IdSink(const Model& model, std::vector<uint32_t>& scratch, IdBuffer& out)
      : model_(model), scratch_(scratch), out_(out) {}

  void segment(const AlignedText& text, const std::vector<Piece>& pieces) override {
    scratch_.clear();
    const std::string_view all = text.text;
    for (const Piece& p : pieces) {
      if (p.added_id >= 0) {
        scratch_.push_back(static_cast<uint32_t>(p.added_id));
      } else {
        model_.encode(all.substr(p.begin, p.end - p.begin), scratch_, nullptr);
      }
    }
    out_.append(scratch_.data(), scratch_.size());
  }

 private:
  const Model& model_;
  std::vector<uint32_t>& scratch_;
  IdBuffer& out_;
};

// The same, with the span of each id in the original text.
class SpanSink final : public SegmentSink {
 public:
  SpanSink(std::string_view original, const Model& model, std::vector<uint32_t>& ids,
           std::vector<Span>& spans)
      : original_(original), model_(model), ids_(ids), spans_(spans) {}

  void segment(const AlignedText& text, const std::vector<Piece>& pieces) override {
    const std::string_view all = text.text;
    for (const Piece& p : pieces) {
      if (p.added_id >= 0) {
        ids_.push_back(static_cast<uint32_t>(p.added_id));
        spans_.push_back({text.origin[p.begin].begin, text.origin[p.end - 1].end});
        continue;
      }
      ends_.clear();
      model_.encode(all.substr(p.begin, p.end - p.begin), ids_, &ends_);
      size_t begin = p.begin;
      for (const uint32_t relative : ends_) {
        const size_t end = std::max<size_t>(begin, p.begin + relative);
        spans_.push_back(begin < end ? Span{begin_of(text, begin), end_of(text, end)}
                                     : empty_at(text, begin));
        begin = end;
      }
    }
  }

 private:
  // The character that text[at] is a byte of: where it begins, what it was made from, and whether it
  // was copied from there unchanged, so that its bytes have places of their own in the original.
  struct Origin {
    size_t first;
    Span span;
    bool copied;
  };
  Origin origin_of(const AlignedText& text, size_t at) const {
    const auto* s = reinterpret_cast<const uint8_t*>(text.text.data());
    size_t first = at;
    while (first > 0 && at - first < 3 && (s[first] & 0xC0) == 0x80) --first;
    size_t length = decode(s, text.text.size(), first).length;
    if (first + length <= at) {  // not UTF-8: a byte by itself
      first = at;
      length = 1;
    }
    const Span span{text.origin[first].begin, text.origin[first + length - 1].end};
    const std::string_view made(text.text.data() + first, length);
    const bool copied = span.end - span.begin == length && made == original_.substr(span.begin, length);
    return {first, span, copied};
  }
  uint32_t begin_of(const AlignedText& text, size_t at) const {
    const Origin o = origin_of(text, at);
    return o.span.begin + (o.copied ? static_cast<uint32_t>(at - o.first) : 0);
  }
  uint32_t end_of(const AlignedText& text, size_t end) const {
    const Origin o = origin_of(text, end - 1);
    return o.copied ? o.span.begin + static_cast<uint32_t>(end - o.first) : o.span.end;
  }
  static Span empty_at(const AlignedText& text, size_t at) {
    const uint32_t place = at < text.origin.size() ? text.origin[at].begin
                           : at > 0                ? text.origin[at - 1].end
                                                   : 0;
    return {place, place};
  }

  std::string_view original_;
  const Model& model_;
  std::vector<uint32_t>& ids_;
  std::vector<Span>& spans_;
  std::vector<uint32_t> ends_;
};

// The most common pieces that stand for a pretoken of their own; the first of them, which are the most
// common of all, come last and so stay near.
std::unique_ptr<const PretokenCache> seed_cache(const Bpe* bpe) {
  if (!bpe) return nullptr;
  constexpr size_t kPieces = 1 << 15;
  const size_t pieces = std::min(kPieces, bpe->vocabulary().size());
  auto cache = std::make_unique<PretokenCache>(pieces);
  MergeScratch scratch;
  std::vector<uint32_t> ids;
  for (size_t i = pieces; i-- > 0;) {
    const std::string_view piece = bpe->vocabulary().piece(static_cast<uint32_t>(i));
    if (piece.empty() || piece.size() > kShortest) continue;
    const auto* s = reinterpret_cast<const uint8_t*>(piece.data());
    bpe->encode_plain(s, piece.size(), scratch, ids);
    if (ids.size() != 1) continue;
    const ShortKey key = short_key(s, piece.size(), false);
    const uint64_t hash = hash_short(key);
    if (!cache->find_short(key, hash)) {
      cache->insert_short(s, piece.size(), key, hash, ids);
    }
  }
  return cache;
}

}  // namespace

Encoder::Encoder(std::unique_ptr<Model> model, std::unique_ptr<Pipeline> pipeline,
                 std::optional<scanner::PatternId> direct_pattern)
    : model_(std::move(model)),
      pipeline_(std::move(pipeline)),
      direct_(direct_pattern ? dynamic_cast<const Bpe*>(model_.get()) : nullptr),
      pattern_(direct_pattern.value_or(scanner::PatternId{})),
      workspaces_(seed_cache(direct_)) {
  const auto* bpe = dynamic_cast<const Bpe*>(model_.get());
  if (bpe && !bpe->byte_level() && bpe->separable_before(kSpaceMark)) words_ = bpe;
}

void Encoder::encode(std::string_view text, SpecialPolicy policy, Workspace& w,
                     IdBuffer& out) const {
  if (direct_ && pipeline_->split_unchanged(text, policy, w.parts)) {
    for (const Piece& part : w.parts) {
      if (part.added_id >= 0) {
        const uint32_t id = static_cast<uint32_t>(part.added_id);
        out.append(&id, 1);
      } else {
        encode_direct(text.substr(part.begin, part.end - part.begin), w, out);
      }
    }
    return;
  }
  if (words_) {
    WordSink sink(*words_, w, out);
    pipeline_->stream(text, policy, false, sink);
    return;
  }
  IdSink sink(*model_, w.merged, out);
  pipeline_->stream(text, policy, false, sink);
}

void Encoder::encode_direct(std::string_view text, Workspace& w, IdBuffer& out) const {
  scanner::visit_total(pattern_, [&]<class Pattern>(Pattern) {
    encode_pretokens<Pattern>(*direct_, reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                              w, out);
  });
}

void Encoder::encode_spans(std::string_view text, SpecialPolicy policy, std::vector<uint32_t>& ids,
                           std::vector<Span>& spans) const {
  SpanSink sink(text, *model_, ids, spans);
  pipeline_->stream(text, policy, true, sink);
}

std::vector<Encoder::Stretch> Encoder::encode_batch(const std::vector<std::string_view>& texts,
                                                    SpecialPolicy policy, unsigned threads) const {
  // Stretches of about this many bytes: small enough to share out evenly, large enough that taking
  // one costs nothing.
  constexpr size_t kStretchBytes = 1 << 18;
  std::vector<size_t> firsts{0};
  size_t bytes = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    bytes += texts[i].size();
    if (bytes >= kStretchBytes && i + 1 < texts.size()) {
      firsts.push_back(i + 1);
      bytes = 0;
    }
  }
  std::vector<Stretch> stretches(texts.empty() ? 0 : firsts.size());
  std::atomic<size_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&] {
    try {
      auto w = workspaces_.borrow();
      for (size_t k; (k = next.fetch_add(1)) < stretches.size();) {
        Stretch& stretch = stretches[k];
        stretch.first = firsts[k];
        const size_t last = k + 1 < firsts.size() ? firsts[k + 1] : texts.size();
        for (size_t i = stretch.first; i < last; ++i) {
          const size_t before = stretch.ids.size();
          encode(texts[i], policy, *w, stretch.ids);
          stretch.lengths.push_back(static_cast<uint32_t>(stretch.ids.size() - before));
        }
      }
    } catch (...) {
      next = stretches.size();
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  threads = static_cast<unsigned>(std::min<size_t>(std::max(threads, 1u), stretches.size()));
  std::vector<std::thread> others;
  for (unsigned t = 1; t < threads; ++t) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
  return stretches;
}

}  // namespace tokenworks
