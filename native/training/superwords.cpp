#include "training/superwords.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "scanner/visit.h"

namespace tokenworks::training {

SuperwordJoiner::SuperwordJoiner(std::optional<scanner::PatternId> pattern,
                                 std::vector<uint32_t> lengths, const std::vector<bool>& eligible,
                                 const std::vector<bool>& special,
                                 std::span<const SuperwordMerge> merges)
    : pattern_(pattern), lengths_(std::move(lengths)), kinds_(lengths_.size()), rules_(merges.size()) {
  for (size_t id = 0; id < kinds_.size(); ++id) {
    kinds_[id] = special[id] ? kSpecial : eligible[id] ? kEligible : kPlain;
  }
  uint32_t rank = 0;
  for (const SuperwordMerge& m : merges) rules_[pair_key(m.left, m.right)] = {++rank, m.token};
}

// Applies the merges to a run, best rank first and leftmost among equals.
void SuperwordJoiner::flush(std::span<const uint32_t> run, uint32_t first, Joined& out) const {
  const auto size = static_cast<uint32_t>(run.size());
  bool any = false;
  for (uint32_t i = 0; i + 1 < size && !any; ++i) any = rule(run[i], run[i + 1]) != nullptr;
  if (!any) {
    for (uint32_t i = 0; i < size; ++i) {
      out.ids.push_back(run[i]);
      out.firsts.push_back(first + i);
    }
    return;
  }
  struct Place {
    uint32_t id, before, after;
  };
  struct Step {
    uint32_t rank, at, left, right;
    bool operator>(const Step& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  constexpr uint32_t kNone = 0xFFFFFFFFu;
  std::vector<Place> places(size);
  std::priority_queue<Step, std::vector<Step>, std::greater<>> steps;
  const auto consider = [&](uint32_t at) {
    const uint32_t next = places[at].after;
    if (next == kNone) return;
    if (const Rule* found = rule(places[at].id, places[next].id)) {
      steps.push({found->rank, at, places[at].id, places[next].id});
    }
  };
  for (uint32_t i = 0; i < size; ++i) {
    places[i] = {run[i], i ? i - 1 : kNone, i + 1 < size ? i + 1 : kNone};
  }
  for (uint32_t i = 0; i + 1 < size; ++i) consider(i);
  while (!steps.empty()) {
    const Step step = steps.top();
    steps.pop();
    Place& left = places[step.at];
    if (left.id != step.left || left.after == kNone) continue;  // merged meanwhile
    Place& right = places[left.after];
    if (right.id != step.right) continue;
    left.id = rule(step.left, step.right)->token;
    right.id = kNone;
    left.after = right.after;
    if (left.after != kNone) places[left.after].before = step.at;
    if (left.before != kNone) consider(left.before);
    consider(step.at);
  }
  for (uint32_t i = 0; i != kNone; i = places[i].after) {
    out.ids.push_back(places[i].id);
    out.firsts.push_back(first + i);
  }
}

bool SuperwordJoiner::join(std::string_view text, std::span<const uint32_t> ids,
                           std::span<const uint64_t> ends, Joined& out) const {
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  size_t begin = 0;      // of the token at `i`, in the text
  size_t run = 0;        // first token of the current run; it reaches to `i`
  size_t pretoken = 0;   // into `ends`
  const auto join_segment = [&](size_t& i, size_t segment_end, auto&& next_end) {
    while (begin < segment_end) {
      const size_t end = next_end(begin, segment_end);
      const size_t first = i;
      size_t reached = begin;
      while (reached < end && i < ids.size()) reached += lengths_[ids[i++]];
      if (reached != end) return false;
      if (i != first + 1 || kinds_[ids[first]] != kEligible) {
        flush(ids.subspan(run, first - run), static_cast<uint32_t>(run), out);
        for (size_t k = first; k < i; ++k) {
          out.ids.push_back(ids[k]);
          out.firsts.push_back(static_cast<uint32_t>(k));
        }
        run = i;
      }
      begin = end;
    }
    return true;
  };
  for (const uint32_t id : ids) {
    if (id >= lengths_.size()) return false;
  }
  for (size_t i = 0; i < ids.size();) {
    size_t segment_end = begin, j = i;
    for (; j < ids.size() && kinds_[ids[j]] != kSpecial; ++j) segment_end += lengths_[ids[j]];
    if (segment_end > text.size()) return false;
    bool spelled = true;
    if (pattern_) {
      scanner::visit_total(*pattern_, [&]<class Pattern>(Pattern) {
        const size_t from = begin;
        spelled = join_segment(i, segment_end, [&](size_t at, size_t end) {
          return from + Pattern::next(s + from, end - from, at - from);
        });
      });
    } else {
      spelled = join_segment(i, segment_end, [&](size_t at, size_t end) {
        while (pretoken < ends.size() && ends[pretoken] <= at) ++pretoken;
        return pretoken < ends.size() ? std::min<size_t>(ends[pretoken], end) : end;
      });
    }
    if (!spelled) return false;
    flush(ids.subspan(run, i - run), static_cast<uint32_t>(run), out);
    run = i;
    if (i < ids.size()) {  // a special token
      out.ids.push_back(ids[i]);
      out.firsts.push_back(static_cast<uint32_t>(i));
      begin += lengths_[ids[i]];
      run = ++i;
    }
  }
  return begin == text.size();
}

}  // namespace tokenworks::training
