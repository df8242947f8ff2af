#include "encoder/encoder.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
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

// Encodes added tokens and what lies between them, and appends the ids.
class DirectSink final : public SegmentSink {
 public:
  DirectSink(const Bpe& bpe, scanner::PatternId pattern, Workspace& w, IdBuffer& out)
      : bpe_(bpe), pattern_(pattern), w_(w), out_(out) {}

  void segment(const AlignedText& text, const std::vector<Piece>& pieces) override { append(text.text, pieces); }

  void append(std::string_view text, const std::vector<Piece>& pieces) {
    for (const Piece& p : pieces) {
      if (p.added_id >= 0) {
        const uint32_t id = static_cast<uint32_t>(p.added_id);
        out_.append(&id, 1);
      } else {
        const auto* s = reinterpret_cast<const uint8_t*>(text.data()) + p.begin;
        scanner::visit_total(pattern_, [&]<class Pattern>(Pattern) {
          encode_pretokens<Pattern>(bpe_, s, p.end - p.begin, w_, out_);
        });
      }
    }
  }

 private:
  const Bpe& bpe_;
  scanner::PatternId pattern_;
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

// For each of the first `pieces`, whether it is what a pretoken of its bytes is encoded with.
std::vector<uint8_t> encoded_as_themselves(const Bpe& bpe, size_t pieces) {
  if (bpe.ignore_merges()) return std::vector<uint8_t>(pieces, 1);
  std::vector<uint8_t> found(pieces, 0);
  MergeScratch scratch;
  std::vector<uint32_t> ids, symbols, begun;
  std::vector<MergeJob> jobs;
  const auto settle = [&] {
    bpe.encode_begun(jobs, symbols);
    for (size_t k = 0; k < jobs.size(); ++k) {
      found[begun[k]] = jobs[k].count == 1 && symbols[jobs[k].place] == bpe.ids()[begun[k]];
    }
    jobs.clear();
    symbols.clear();
    begun.clear();
  };
  for (size_t i = 0; i < pieces; ++i) {
    const std::string_view piece = bpe.vocabulary().piece(static_cast<uint32_t>(i));
    if (piece.empty() || piece.size() > kShortest) continue;
    const auto* s = reinterpret_cast<const uint8_t*>(piece.data());
    if (bpe.side_by_side()) {  // a short piece has few symbols
      bpe.begin(s, piece.size(), symbols, jobs.emplace_back());
      begun.push_back(static_cast<uint32_t>(i));
      if (jobs.size() == 256) settle();
    } else {
      bpe.encode_plain(s, piece.size(), scratch, ids);
      found[i] = ids.size() == 1 && ids[0] == bpe.ids()[i];
    }
  }
  if (!jobs.empty()) settle();
  return found;
}

// The pieces that stand for a pretoken of their own, or the most common of them where telling takes long; the
// first, which are the most common of all, come last and so stay near.
std::unique_ptr<const PretokenCache> seed_cache(const Bpe* bpe) {
  if (!bpe) return nullptr;
  constexpr size_t kTried = 1 << 15;
  const Vocabulary& vocabulary = bpe->vocabulary();
  const bool all = bpe->ignore_merges() || bpe->side_by_side();
  const size_t pieces = all ? vocabulary.size() : std::min(kTried, vocabulary.size());
  const std::vector<uint8_t> themselves = encoded_as_themselves(*bpe, pieces);
  auto cache = std::make_unique<PretokenCache>(pieces);
  for (size_t i = pieces; i-- > 0;) {
    const std::string_view piece = vocabulary.piece(static_cast<uint32_t>(i));
    if (piece.empty() || piece.size() > kShortest || !themselves[i]) continue;
    const auto* s = reinterpret_cast<const uint8_t*>(piece.data());
    const ShortKey key = short_key(s, piece.size(), false);
    const uint64_t hash = hash_short(key);
    // Of equal pieces the last one counts, and comes first here.
    if (!cache->find_short(key, hash)) cache->insert_short(s, piece.size(), key, hash, {&bpe->ids()[i], 1});
  }
  if (all) cache->know_short_pieces();
  return cache;
}

}  // namespace

Encoder::Encoder(std::unique_ptr<Model> model, std::unique_ptr<Pipeline> pipeline,
                 std::optional<scanner::PatternId> direct_pattern, size_t usual_ids)
    : model_(std::move(model)),
      pipeline_(std::move(pipeline)),
      direct_(direct_pattern ? dynamic_cast<const Bpe*>(model_.get()) : nullptr),
      pattern_(direct_pattern.value_or(scanner::PatternId{})),
      usual_ids_(usual_ids),
      workspaces_(seed_cache(direct_)) {
  const auto* bpe = dynamic_cast<const Bpe*>(model_.get());
  if (bpe && !bpe->byte_level() && bpe->separable_before(kSpaceMark)) words_ = bpe;
}

void Encoder::encode(std::string_view text, SpecialPolicy policy, Workspace& w,
                     IdBuffer& out) const {
  if (direct_) {
    DirectSink sink(*direct_, pattern_, w, out);
    if (pipeline_->split_unchanged(text, policy, w.parts)) return sink.append(text, w.parts);
    pipeline_->stream_unsplit(text, policy, sink);
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

void Encoder::encode_spans(std::string_view text, SpecialPolicy policy, std::vector<uint32_t>& ids,
                           std::vector<Span>& spans) const {
  SpanSink sink(text, *model_, ids, spans);
  pipeline_->stream(text, policy, true, sink);
}

Encoder::Batch Encoder::encode_batch(const std::vector<size_t>& sizes, const TextOf& text,
                                     SpecialPolicy policy, unsigned threads) const {
  // Neighbouring texts of about this many bytes go to one thread: few enough to share out evenly, enough
  // that taking them costs nothing.
  constexpr size_t kStretchBytes = 1 << 18;
  struct Stretch {
    size_t first, last;  // texts
    size_t thread, at;   // where its ids are
  };
  std::vector<Stretch> stretches;
  size_t bytes = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (bytes == 0) stretches.push_back({i, i, 0, 0});
    stretches.back().last = i + 1;
    bytes += sizes[i] + 1;
    if (bytes >= kStretchBytes) bytes = 0;
  }
  threads = static_cast<unsigned>(std::clamp<size_t>(threads, 1, std::max<size_t>(stretches.size(), 1)));
  Batch batch;
  batch.starts.assign(sizes.size() + 1, 0);
  std::vector<IdBuffer> ids(threads);
  std::atomic<size_t> next{0}, next_copy{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto fail = [&] {
    next = stretches.size();
    const std::lock_guard lock(failure_mutex);
    if (!failure) failure = std::current_exception();
  };
  const auto encode_stretches = [&](size_t thread) {
    try {
      auto w = workspaces_.borrow();
      for (size_t k; (k = next.fetch_add(1)) < stretches.size();) {
        Stretch& stretch = stretches[k];
        stretch.thread = thread;
        stretch.at = ids[thread].size();
        for (size_t i = stretch.first; i < stretch.last; ++i) {
          const size_t before = ids[thread].size();
          encode(text(i, *w), policy, *w, ids[thread]);
          batch.starts[i + 1] = ids[thread].size() - before;
        }
      }
    } catch (...) {
      fail();
    }
  };
  const auto number = [&]() noexcept {
    if (failure) return;
    try {
      for (size_t i = 0; i < sizes.size(); ++i) batch.starts[i + 1] += batch.starts[i];
      batch.ids = new_large_array(batch.starts.back());
    } catch (...) {
      fail();
    }
  };
  const auto copy_stretches = [&] {
    for (size_t k; !failure && (k = next_copy.fetch_add(1)) < stretches.size();) {
      const Stretch& stretch = stretches[k];
      const uint64_t begin = batch.starts[stretch.first], end = batch.starts[stretch.last];
      if (begin == end) continue;
      std::memcpy(batch.ids.get() + begin, ids[stretch.thread].data() + stretch.at,
                  (end - begin) * sizeof(uint32_t));
    }
  };
  std::barrier all_encoded(static_cast<std::ptrdiff_t>(threads), number);
  const auto work = [&](size_t thread) {
    encode_stretches(thread);
    all_encoded.arrive_and_wait();
    copy_stretches();
  };
  std::vector<std::thread> others;
  try {
    for (unsigned t = 1; t < threads; ++t) others.emplace_back(work, t);
  } catch (const std::system_error&) {  // the system gives no more threads: those there are do the work
    for (size_t t = others.size() + 1; t < threads; ++t) all_encoded.arrive_and_drop();
  }
  work(0);
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
  return batch;
}

}  // namespace tokenworks
