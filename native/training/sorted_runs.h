// Counted words on disk: runs in the order of the words' bytes, written once and merged by reading.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <string>

#include "training/word_table.h"

namespace tokenworks::training {

// A word, how often it was seen, and padding after it.
using CountedWord = std::function<void(const uint8_t* word, size_t length, uint64_t count)>;

// Thrown with errno's text when a run cannot be written or read.
struct RunError {
  std::string path;
  std::string reason;
  bool writing;
};

class RunWriter {
 public:
  explicit RunWriter(const std::string& path);
  void put(const uint8_t* word, size_t length, uint64_t count);
  uint64_t close();  // bytes written
  ~RunWriter();

 private:
  [[noreturn]] void fail();

  std::string path_;
  std::FILE* file_;
  uint64_t written_ = 0;
};

// Hands out the words of a table in the order of their bytes.
void in_order(const WordTable& table, const CountedWord& visit);

// Writes the words of a table as one run; returns its size in bytes.
uint64_t write_run(const WordTable& table, const std::string& path);

// Hands out each distinct word of all runs, in order, with the sum of its counts.
void merge_runs(std::span<const std::string> paths, const CountedWord& visit);

}  // namespace tokenworks::training
