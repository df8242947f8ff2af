#include "pipeline/matcher.h"

#include <algorithm>
#include <utility>

#include "scanner/scanner.h"

namespace tokenworks {
namespace {

class LiteralMatcher final : public Matcher {
 public:
  explicit LiteralMatcher(std::string literal) : literal_(std::move(literal)) {}

  void find(std::string_view text, std::vector<Span>& matches) const override {
    for (size_t at = text.find(literal_); at != std::string_view::npos;) {
      const size_t end = at + literal_.size();
      matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(end)});
      at = text.find(literal_, end);
    }
  }

 private:
  std::string literal_;
};

class ScannerMatcher final : public Matcher {
 public:
  explicit ScannerMatcher(scanner::PatternId id) : id_(id) {}

  void find(std::string_view text, std::vector<Span>& matches) const override {
    scanner::find_matches(id_, text, matches);
  }

 private:
  scanner::PatternId id_;
};

}  // namespace

MatcherPtr make_literal_matcher(std::string literal) {
  return std::make_unique<LiteralMatcher>(std::move(literal));
}

MatcherPtr make_scanner_matcher(std::string_view regex) {
  // A regex that happens to spell one of our names for a pattern is not that pattern.
  const auto& named = scanner::named_patterns();
  if (std::any_of(named.begin(), named.end(), [&](const auto& p) { return p.name == regex; })) {
    return nullptr;
  }
  const auto id = scanner::find_pattern(regex);
  return id ? std::make_unique<ScannerMatcher>(*id) : nullptr;
}

}  // namespace tokenworks
