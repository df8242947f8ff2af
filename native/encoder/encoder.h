// A whole tokenizer at work: added tokens, pipeline and model, over texts and batches.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bpe/bpe.h"
#include "encoder/workspace.h"
#include "models/model.h"
#include "pipeline/pipeline.h"
#include "scanner/scanner.h"

namespace tokenworks {

class Encoder {
 public:
  // With `direct_pattern`, `model` is a byte-level BPE whose pretokens that pattern finds in normalized text:
  // the fast path.
  Encoder(std::unique_ptr<Model> model, std::unique_ptr<Pipeline> pipeline,
          std::optional<scanner::PatternId> direct_pattern, size_t usual_ids = 0);

  // Appends the ids of `text`, valid UTF-8 of less than 4 GiB.
  void encode(std::string_view text, SpecialPolicy policy, Workspace& w, IdBuffer& out) const;

  // Appends the ids of `text` and the byte span of each in it. Spans of a byte-level tokenizer part
  // the text; where a normalizer rewrote a character, a token of its result spans all of it.
  void encode_spans(std::string_view text, SpecialPolicy policy, std::vector<uint32_t>& ids,
                    std::vector<Span>& spans) const;

  struct Batch {
    LargeArray ids;                // of all texts
    std::vector<uint64_t> starts;  // where each begins, and the end
  };
  // Gives a text; the workspace may hold it until the next is asked for.
  using TextOf = std::function<std::string_view(size_t, Workspace&)>;
  // Encodes texts of about these sizes on `threads` threads.
  Batch encode_batch(const std::vector<size_t>& sizes, const TextOf& text, SpecialPolicy policy,
                     unsigned threads) const;

  WorkspacePool& workspaces() const { return workspaces_; }

  // Ids are below this as a rule.
  size_t usual_ids() const { return usual_ids_; }

 private:
  std::unique_ptr<Model> model_;
  std::unique_ptr<Pipeline> pipeline_;
  const Bpe* direct_;
  scanner::PatternId pattern_;
  size_t usual_ids_;
  const Bpe* words_ = nullptr;  // the model, if words marked by U+2581 can be encoded apart
  mutable WorkspacePool workspaces_;
};

}  // namespace tokenworks
