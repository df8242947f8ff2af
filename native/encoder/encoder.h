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
  // `bpe` is `model` when that is a byte-level BPE whose pretokens `pattern` finds in raw text.
  Encoder(std::unique_ptr<Model> model, std::unique_ptr<Pipeline> pipeline,
          std::optional<scanner::PatternId> direct_pattern);

  // Appends the ids of `text`.
  void encode(std::string_view text, SpecialPolicy policy, Workspace& w, IdBuffer& out) const;

  // The same with the byte span of each id in `text`.
  void encode_spans(std::string_view text, SpecialPolicy policy, std::vector<uint32_t>& ids,
                    std::vector<Span>& spans) const;

  WorkspacePool& workspaces() const { return workspaces_; }

 private:
  std::unique_ptr<Model> model_;
  std::unique_ptr<Pipeline> pipeline_;
  const Bpe* direct_ = nullptr;
  scanner::PatternId pattern_{};
  mutable WorkspacePool workspaces_;
};

}  // namespace tokenworks
