// Documents in, distinct pretokens with counts out: threads, and a bound on memory.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "scanner/scanner.h"
#include "training/sorted_runs.h"
#include "training/word_table.h"

namespace tokenworks::training {

struct CounterOptions {
  std::optional<scanner::PatternId> pattern;  // none: documents come with their pretokens
  unsigned threads = 1;
  uint64_t memory = 0;       // bytes for all tables together; 0 is no bound
  std::string run_prefix;    // of the files for what does not fit
  uint64_t longest = 65536;  // bytes; longer pretokens are counted in parts of this length
  // Given, maximal runs of two or more of these words (whole pretokens) are counted instead, each as
  // the sequence of their values, four bytes a value.
  std::shared_ptr<const WordTable> run_words;
};

struct CounterStatistics {
  uint64_t bytes = 0;
  uint64_t pretokens = 0;
  uint64_t cut = 0;  // pretokens that were longer than the bound
  uint64_t spilled_bytes = 0;
};

// What a table of counts holds, by count: the size of the words seen once, twice, ...
struct CountHistogram {
  static constexpr size_t kClasses = 1024;  // the last one takes all higher counts
  std::vector<uint64_t> words = std::vector<uint64_t>(kClasses);
  std::vector<uint64_t> bytes = std::vector<uint64_t>(kClasses);

  void add(size_t length, uint64_t count) {
    const size_t c = count < kClasses ? count : kClasses - 1;
    ++words[c];
    bytes[c] += length;
  }
};

class Counter {
 public:
  explicit Counter(const CounterOptions& options);
  ~Counter();
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  // Documents end to end, valid UTF-8. Waits while the threads are behind.
  void add(std::string_view text, std::span<const uint64_t> ends);
  // The same with the pretokens given: [begin, end) of each, in order.
  void add_pretokens(std::string_view text, std::span<const uint64_t> spans);
  // Sequences of symbols in place of text: [starts[i], starts[i + 1]) of each.
  void add_sequences(std::span<const uint32_t> symbols, std::span<const uint64_t> starts);
  // Words counted elsewhere.
  void add_counts(std::string_view text, std::span<const uint64_t> starts,
                  std::span<const uint64_t> counts);

  // Moves everything counted so far to disk, for a checkpoint; returns all runs.
  const std::vector<std::string>& flush();
  // Counts that an earlier process flushed.
  void adopt(std::string path) { runs_.push_back(std::move(path)); }

  // No more documents: brings all counts together and says what they hold. `keep` leaves the runs on disk
  // that the merged one replaces, for the caller to remove once it has noted that one.
  CountHistogram finish(bool keep = false);
  // After finish(): gives the memory of the counts back; those on disk stay.
  void forget() {
    for (Worker& worker : workers_) worker.table = WordTable();
  }
  // After finish(): what it said.
  const CountHistogram& held() const { return held_; }
  // After finish(): hands out every word seen at least this often.
  void each(uint64_t least, const CountedWord& visit) const;
  // The same in the order of their bytes.
  void each_in_order(uint64_t least, const CountedWord& visit) const;

  CounterStatistics statistics();
  const std::vector<std::string>& runs() const { return runs_; }

 private:
  struct Block {
    std::vector<uint8_t> text;    // with padding
    std::vector<uint64_t> ends;   // of documents; or begin and end of every pretoken
    bool pretokens = false;
  };
  struct alignas(128) Worker {
    WordTable table;
    CounterStatistics statistics;
    std::vector<uint32_t> run;
    std::thread thread;
  };

  void enqueue(Block&& block);
  void work(Worker& worker);
  void count(Worker& worker, const Block& block);
  void count_word(Worker& worker, const uint8_t* word, size_t length);
  void count_run(Worker& worker);
  template <class Pattern>
  void count_document(Worker& worker, const uint8_t* document, size_t n);
  void spill(WordTable& table);
  std::string merge(const std::vector<std::string>& runs, const std::string& name, bool keep,
                    CountHistogram* histogram);
  void wait_until_idle();
  void stop();

  CounterOptions options_;
  std::mutex mutex_;
  std::condition_variable not_full_, not_empty_, idle_;
  std::deque<Block> queue_;
  unsigned busy_ = 0;
  bool closed_ = false;
  std::exception_ptr failure_;
  std::vector<Worker> workers_;
  std::vector<std::string> runs_;
  uint64_t next_run_ = 0;
  uint64_t spilled_bytes_ = 0;
  CountHistogram held_;
};

}  // namespace tokenworks::training
