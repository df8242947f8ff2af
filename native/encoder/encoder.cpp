#include "encoder/encoder.h"

#include "encoder/bpe_loop.h"

namespace tokenworks {

Encoder::Encoder(std::unique_ptr<Model> model, std::unique_ptr<Pipeline> pipeline,
                 std::optional<scanner::PatternId> direct_pattern)
    : model_(std::move(model)), pipeline_(std::move(pipeline)) {
  if (direct_pattern) {
    direct_ = dynamic_cast<const Bpe*>(model_.get());
    pattern_ = *direct_pattern;
  }
}

void Encoder::encode(std::string_view text, SpecialPolicy policy, Workspace& w,
                     IdBuffer& out) const {
  if (direct_) {
    (void)policy;
    scanner::visit_total(pattern_, [&]<class Pattern>(Pattern) {
      encode_pretokens<Pattern>(*direct_, reinterpret_cast<const uint8_t*>(text.data()),
                                text.size(), w, out);
    });
    return;
  }
  w.pretokens.clear();
  pipeline_->run(text, policy, false, w.pretokens);
}

void Encoder::encode_spans(std::string_view, SpecialPolicy, std::vector<uint32_t>&,
                           std::vector<Span>&) const {}

}  // namespace tokenworks
