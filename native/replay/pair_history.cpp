#include "replay/pair_history.h"

#include <algorithm>

namespace tokenworks::replay {

namespace {

struct Candidate {
  double count;  // at least what it is now: counts fall after a pair is born
  uint32_t pair;
  bool operator<(const Candidate& other) const { return count < other.count; }
};

class Queue {
 public:
  void add_unordered(Candidate c) { heap_.push_back(c); }
  void order() { std::make_heap(heap_.begin(), heap_.end()); }
  void push(Candidate c) {
    heap_.push_back(c);
    std::push_heap(heap_.begin(), heap_.end());
  }
  Candidate pop() {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate top = heap_.back();
    heap_.pop_back();
    return top;
  }
  bool empty() const { return heap_.empty(); }
  double top() const { return heap_.front().count; }

 private:
  std::vector<Candidate> heap_;
};

}  // namespace

PairHistory::PairHistory(const PairLog& log)
    : log_(log), starts_(log.pairs.size() + 1, 0), merged_at_(log.pairs.size(), kNoPair) {
  for (uint32_t step = 0; step < log_.steps(); ++step) {
    if (log_.merged[step] != kNoPair) merged_at_[log_.merged[step]] = step;
  }
  for (const PairLog::Entry& e : log_.entries) {
    ++starts_[e.lost + 1];
    ++starts_[e.gained + 1];
  }
  for (size_t p = 0; p + 1 < starts_.size(); ++p) starts_[p + 1] += starts_[p];
  entries_.resize(starts_.back());
  std::vector<uint64_t> next(starts_.begin(), starts_.end() - 1);
  for (size_t i = 0; i < log_.entries.size(); ++i) {
    entries_[next[log_.entries[i].lost]++] = static_cast<uint32_t>(i);
    entries_[next[log_.entries[i].gained]++] = static_cast<uint32_t>(i);
  }
}

std::vector<Rival> PairHistory::rivals(const Search& search,
                                       const std::unordered_set<uint64_t>& known) const {
  const std::span<const double> weight = search.group_weights;
  std::vector<double> counts(log_.pairs.size(), 0.0);
  std::vector<uint32_t> seen_in(log_.pairs.size(), kNoPair);  // the last step that set the pair aside
  Queue queue;
  const auto standing = [&](uint32_t pair) { return counts[pair] - search.pair_allowance[pair]; };
  for (uint32_t pair = 0; pair + 1 < log_.first_starts.size(); ++pair) {
    double count = 0;
    for (uint64_t i = log_.first_starts[pair]; i < log_.first_starts[pair + 1]; ++i) {
      count += weight[log_.first_groups[i]] * log_.first_counts[i];
    }
    counts[pair] = count;
    if (standing(pair) > 0) queue.add_unordered({standing(pair), pair});
  }
  queue.order();
  std::vector<Rival> found;
  std::vector<Candidate> aside;
  for (uint32_t step = 0; step < log_.steps(); ++step) {
    const uint32_t merged = log_.merged[step];
    if (merged != kNoPair && search.asked[step]) {
      const double bound = counts[merged] + search.allowance[step] + search.tolerance;
      size_t here = 0;
      aside.clear();
      while (here < search.per_step && !queue.empty() && queue.top() > bound) {
        const Candidate top = queue.pop();
        const double now = standing(top.pair);
        if (now <= 0 || seen_in[top.pair] == step) continue;  // gone, or queued twice
        if (now <= bound) {
          queue.push({now, top.pair});
          continue;
        }
        seen_in[top.pair] = step;
        aside.push_back({now, top.pair});
        if (top.pair == merged || known.contains(key(step, top.pair))) continue;
        found.push_back({step, top.pair});
        ++here;
      }
      for (const Candidate& c : aside) queue.push(c);
      if (found.size() >= search.enough) break;
    }
    const uint64_t begin = log_.step_starts[step], end = log_.step_starts[step + 1];
    for (uint64_t i = begin; i < end; ++i) {
      const PairLog::Entry& e = log_.entries[i];
      double sum = 0;
      const uint64_t last = log_.end_of(i);
      for (uint64_t w = e.begin; w < last; ++w) sum += weight[log_.groups[w]] * log_.weights[w];
      counts[e.lost] -= sum;
      counts[e.gained] += sum;
    }
    for (uint64_t i = begin; i < end; ++i) {
      const uint32_t pair = log_.entries[i].gained;
      if (standing(pair) > 0) queue.push({standing(pair), pair});
    }
    if (merged != kNoPair) counts[merged] = 0;  // nothing is left of it, rounding aside
  }
  return found;
}

void PairHistory::add_counts(size_t step, uint32_t pair, double sign, std::span<const double> factors,
                             std::span<const uint32_t> column_of, double* out) const {
  if (step > merged_at_[pair]) return;
  if (pair + size_t{1} < log_.first_starts.size()) {
    for (uint64_t i = log_.first_starts[pair]; i < log_.first_starts[pair + 1]; ++i) {
      const uint16_t group = log_.first_groups[i];
      out[column_of[group]] += sign * factors[group] * log_.first_counts[i];
    }
  }
  const uint64_t limit = log_.step_starts[step];
  for (uint64_t at = starts_[pair]; at < starts_[pair + 1] && entries_[at] < limit; ++at) {
    const PairLog::Entry& e = log_.entries[entries_[at]];
    const double change = e.gained == pair ? sign : -sign;
    const uint64_t last = log_.end_of(entries_[at]);
    for (uint64_t w = e.begin; w < last; ++w) {
      const uint16_t group = log_.groups[w];
      out[column_of[group]] += change * factors[group] * log_.weights[w];
    }
  }
}

}  // namespace tokenworks::replay
