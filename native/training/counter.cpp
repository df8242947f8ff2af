#include "training/counter.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "scanner/ascii_starts.h"
#include "scanner/visit.h"
#include "training/cuts.h"
#include "training/freed_memory.h"
#include "training/sorted_runs.h"

namespace tokenworks::training {

namespace {

constexpr size_t kBlock = 1 << 19;  // bytes of text that a thread takes at a time
constexpr size_t kMostRuns = 64;   // that are read at the same time: each takes a file and a buffer

bool begins_character(uint8_t byte) { return (byte & 0xC0) != 0x80; }

}  // namespace

Counter::Counter(const CounterOptions& options)
    : options_(options), workers_(std::max(1u, options.threads)) {
  for (Worker& worker : workers_) worker.thread = std::thread([this, &worker] { work(worker); });
}

Counter::~Counter() {
  {
    const std::lock_guard lock(mutex_);
    queue_.clear();
  }
  stop();
}

void Counter::stop() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  not_empty_.notify_all();
  for (Worker& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.join();
  }
}

void Counter::enqueue(Block&& block) {
  if (block.text.empty()) return;
  block.text.resize(block.text.size() + WordTable::kPadding);
  std::unique_lock lock(mutex_);
  not_full_.wait(lock, [&] { return queue_.size() < 2 * workers_.size() || failure_; });
  if (failure_) std::rethrow_exception(failure_);
  queue_.push_back(std::move(block));
  lock.unlock();
  not_empty_.notify_one();
}

void Counter::add(std::string_view text, std::span<const uint64_t> ends) {
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  Block block;
  uint64_t begin = 0;
  for (const uint64_t end : ends) {
    while (begin < end) {
      const size_t room = kBlock - std::min(kBlock, block.text.size());
      const size_t cut = end - begin <= room   ? end - begin
                         : options_.run_words ? next_line(s + begin, end - begin, room)
                                              : next_cut(s + begin, end - begin, room);
      block.text.insert(block.text.end(), s + begin, s + begin + cut);
      block.ends.push_back(block.text.size());
      begin += cut;
      if (block.text.size() >= kBlock) enqueue(std::exchange(block, {}));
    }
  }
  enqueue(std::move(block));
}

void Counter::add_pretokens(std::string_view text, std::span<const uint64_t> spans) {
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  Block block{{s, s + text.size()}, {spans.begin(), spans.end()}, true};
  enqueue(std::move(block));
}

void Counter::add_sequences(std::span<const uint32_t> symbols, std::span<const uint64_t> starts) {
  Block block;
  block.pretokens = true;
  const auto* s = reinterpret_cast<const uint8_t*>(symbols.data());
  block.text.assign(s, s + symbols.size_bytes());
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    if (starts[i] == starts[i + 1]) continue;
    block.ends.push_back(starts[i] * sizeof(uint32_t));
    block.ends.push_back(starts[i + 1] * sizeof(uint32_t));
  }
  enqueue(std::move(block));
}

void Counter::add_counts(std::string_view text, std::span<const uint64_t> starts,
                         std::span<const uint64_t> counts) {
  wait_until_idle();
  std::vector<uint8_t> word;
  WordTable& table = workers_.front().table;
  for (size_t i = 0; i < counts.size(); ++i) {
    const size_t length = starts[i + 1] - starts[i];
    if (length == 0 || counts[i] == 0) continue;
    word.assign(length + WordTable::kPadding, 0);
    std::memcpy(word.data(), text.data() + starts[i], length);
    table.at(word.data(), length) += counts[i];
    if (options_.memory && i % 4096 == 0 && table.bytes_when_grown() > options_.memory) spill(table);
  }
}

void Counter::work(Worker& worker) {
  const uint64_t share = options_.memory / workers_.size();
  while (true) {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [&] { return !queue_.empty() || closed_; });
    if (queue_.empty()) return;
    const Block block = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    lock.unlock();
    not_full_.notify_one();
    try {
      count(worker, block);
      if (share && worker.table.bytes_when_grown() > share) spill(worker.table);
    } catch (...) {
      const std::lock_guard guard(mutex_);
      if (!failure_) failure_ = std::current_exception();
      queue_.clear();
      not_full_.notify_all();
    }
    lock.lock();
    --busy_;
    if (busy_ == 0 && queue_.empty()) idle_.notify_all();
  }
}

void Counter::count_word(Worker& worker, const uint8_t* word, size_t length) {
  if (length <= options_.longest) [[likely]] {
    ++worker.table.at(word, length);
    ++worker.statistics.pretokens;
    return;
  }
  ++worker.statistics.cut;
  while (length) {
    size_t part = std::min<size_t>(length, options_.longest);
    while (options_.pattern && !options_.run_words && part < length && part > 1 &&
           !begins_character(word[part])) {
      --part;
    }
    ++worker.table.at(word, part);
    ++worker.statistics.pretokens;
    word += part;
    length -= part;
  }
}

void Counter::count(Worker& worker, const Block& block) {
  const uint8_t* s = block.text.data();
  worker.statistics.bytes += block.text.size() - WordTable::kPadding;
  if (block.pretokens) {
    for (size_t i = 0; i + 1 < block.ends.size(); i += 2) {
      count_word(worker, s + block.ends[i], block.ends[i + 1] - block.ends[i]);
    }
    return;
  }
  scanner::visit_total(*options_.pattern, [&]<class Pattern>(Pattern) {
    size_t begin = 0;
    for (const uint64_t end : block.ends) {
      count_document<Pattern>(worker, s + begin, end - begin);
      begin = end;
    }
  });
}

template <class Pattern>
void Counter::count_document(Worker& worker, const uint8_t* document, size_t n) {
  const WordTable* run_words = options_.run_words.get();
  if (!run_words) {
    scanner::scan<Pattern>(document, n, [&](size_t begin, size_t end) {
      count_word(worker, document + begin, end - begin);
    });
    return;
  }
  scanner::scan<Pattern>(document, n, [&](size_t begin, size_t end) {
    if (const uint64_t* value = run_words->find(document + begin, end - begin)) {
      worker.run.push_back(static_cast<uint32_t>(*value));
    } else {
      count_run(worker);
    }
  });
  count_run(worker);
}

void Counter::count_run(Worker& worker) {
  const size_t length = worker.run.size() * sizeof(uint32_t);
  if (worker.run.size() > 1) {
    worker.run.insert(worker.run.end(), WordTable::kPadding / sizeof(uint32_t), 0);
    count_word(worker, reinterpret_cast<const uint8_t*>(worker.run.data()), length);
  }
  worker.run.clear();
}

void Counter::spill(WordTable& table) {
  std::string path;
  {
    const std::lock_guard lock(mutex_);
    path = options_.run_prefix + std::to_string(next_run_++) + ".run";
  }
  const uint64_t bytes = write_run(table, path);
  table = WordTable();
  const std::lock_guard lock(mutex_);
  runs_.push_back(path);
  spilled_bytes_ += bytes;
}

void Counter::wait_until_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return busy_ == 0 && queue_.empty(); });
  if (failure_) std::rethrow_exception(failure_);
}

const std::vector<std::string>& Counter::flush() {
  wait_until_idle();
  for (Worker& worker : workers_) {
    if (worker.table.size()) spill(worker.table);
  }
  return runs_;
}

// Writes several runs as one, removes them unless they are kept, and gives its name.
std::string Counter::merge(const std::vector<std::string>& runs, const std::string& name, bool keep,
                           CountHistogram* histogram) {
  std::string path = options_.run_prefix + name;
  RunWriter writer(path);
  merge_runs(runs, [&](const uint8_t* word, size_t length, uint64_t count) {
    writer.put(word, length, count);
    if (histogram) histogram->add(length, count);
  });
  spilled_bytes_ += writer.close();
  if (!keep) {
    for (const std::string& run : runs) std::remove(run.c_str());
  }
  return path;
}

CountHistogram Counter::finish(bool keep) {
  wait_until_idle();
  stop();
  CountHistogram histogram;
  if (!runs_.empty()) {
    flush();
    while (runs_.size() > kMostRuns) {
      // the oldest ones, so that all take part alike
      const std::vector<std::string> oldest(runs_.begin(), runs_.begin() + kMostRuns);
      runs_.erase(runs_.begin(), runs_.begin() + kMostRuns);
      runs_.push_back(merge(oldest, std::to_string(next_run_++) + ".run", keep, nullptr));
    }
    if (runs_.size() == 1) {
      merge_runs(runs_, [&](const uint8_t*, size_t length, uint64_t count) { histogram.add(length, count); });
      return held_ = histogram;
    }
    runs_ = {merge(runs_, "merged.run", keep, &histogram)};
    return_freed_memory();
    return held_ = histogram;
  }
  WordTable& all = std::max_element(workers_.begin(), workers_.end(), [](const auto& a, const auto& b) {
                     return a.table.size() < b.table.size();
                   })->table;
  for (Worker& worker : workers_) {
    if (&worker.table == &all) continue;
    worker.table.each([&](const uint8_t* word, size_t n, uint64_t count) { all.at(word, n) += count; });
    worker.table = WordTable();
  }
  if (&all != &workers_.front().table) std::swap(all, workers_.front().table);
  workers_.front().table.each(
      [&](const uint8_t*, size_t length, uint64_t count) { histogram.add(length, count); });
  return held_ = histogram;
}

void Counter::each(uint64_t least, const CountedWord& visit) const {
  if (!runs_.empty()) {
    merge_runs(runs_, [&](const uint8_t* word, size_t length, uint64_t count) {
      if (count >= least) visit(word, length, count);
    });
    return;
  }
  workers_.front().table.each([&](const uint8_t* word, size_t length, uint64_t count) {
    if (count >= least) visit(word, length, count);
  });
}

void Counter::each_in_order(uint64_t least, const CountedWord& visit) const {
  if (!runs_.empty()) return each(least, visit);
  in_order(workers_.front().table, [&](const uint8_t* word, size_t length, uint64_t count) {
    if (count >= least) visit(word, length, count);
  });
}

CounterStatistics Counter::statistics() {
  wait_until_idle();
  CounterStatistics all;
  for (const Worker& worker : workers_) {
    all.bytes += worker.statistics.bytes;
    all.pretokens += worker.statistics.pretokens;
    all.cut += worker.statistics.cut;
  }
  all.spilled_bytes = spilled_bytes_;
  return all;
}

}  // namespace tokenworks::training
