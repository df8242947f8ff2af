#include "training/sorted_runs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tokenworks::training {

namespace {

constexpr size_t kBuffer = 1 << 18;

struct Word {
  const uint8_t* bytes;
  size_t length;
  uint64_t count;
};

int compare(const uint8_t* a, size_t a_length, const uint8_t* b, size_t b_length) {
  const int order = std::memcmp(a, b, std::min(a_length, b_length));
  return order ? order : (a_length > b_length) - (a_length < b_length);
}

class RunReader {
 public:
  explicit RunReader(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
    if (!file_) fail(std::strerror(errno));
    std::setvbuf(file_, nullptr, _IOFBF, kBuffer);
  }
  RunReader(const RunReader&) = delete;
  RunReader& operator=(const RunReader&) = delete;
  ~RunReader() {
    if (file_) std::fclose(file_);
  }

  bool advance() {
    uint32_t length;
    if (std::fread(&length, sizeof length, 1, file_) != 1) {
      if (std::ferror(file_)) fail(std::strerror(errno));
      return false;
    }
    word.resize(length);
    if (std::fread(&count, sizeof count, 1, file_) != 1 ||
        std::fread(word.data(), 1, length, file_) != length) {
      fail("the file ends within a word; it was cut short");
    }
    return true;
  }

  std::vector<uint8_t> word;
  uint64_t count = 0;

 private:
  [[noreturn]] void fail(const char* reason) { throw RunError{path_, reason, false}; }

  std::string path_;
  std::FILE* file_;
};

}  // namespace

RunWriter::RunWriter(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb")) {
  if (!file_) fail();
  std::setvbuf(file_, nullptr, _IOFBF, kBuffer);
}

RunWriter::~RunWriter() {
  if (file_) std::fclose(file_);
}

void RunWriter::put(const uint8_t* word, size_t length, uint64_t count) {
  const auto short_length = static_cast<uint32_t>(length);
  if (std::fwrite(&short_length, sizeof short_length, 1, file_) != 1 ||
      std::fwrite(&count, sizeof count, 1, file_) != 1 ||
      std::fwrite(word, 1, length, file_) != length) {
    fail();
  }
  written_ += sizeof short_length + sizeof count + length;
}

uint64_t RunWriter::close() {
  std::FILE* file = std::exchange(file_, nullptr);
  if (std::fclose(file) != 0) fail();
  return written_;
}

void RunWriter::fail() {
  const std::string reason = std::strerror(errno);
  if (file_) std::fclose(std::exchange(file_, nullptr));
  std::remove(path_.c_str());
  throw RunError{path_, reason, true};
}

void in_order(const WordTable& table, const CountedWord& visit) {
  std::vector<Word> words;
  words.reserve(table.size());
  table.each([&](const uint8_t* word, size_t length, uint64_t count) {
    words.push_back({word, length, count});
  });
  std::sort(words.begin(), words.end(), [](const Word& a, const Word& b) {
    return compare(a.bytes, a.length, b.bytes, b.length) < 0;
  });
  for (const Word& word : words) visit(word.bytes, word.length, word.count);
}

uint64_t write_run(const WordTable& table, const std::string& path) {
  RunWriter writer(path);
  in_order(table, [&](const uint8_t* word, size_t length, uint64_t count) {
    writer.put(word, length, count);
  });
  return writer.close();
}

void merge_runs(std::span<const std::string> paths, const CountedWord& visit) {
  std::vector<std::unique_ptr<RunReader>> heap;
  const auto later = [](const std::unique_ptr<RunReader>& a, const std::unique_ptr<RunReader>& b) {
    return compare(a->word.data(), a->word.size(), b->word.data(), b->word.size()) > 0;
  };
  for (const std::string& path : paths) {
    auto reader = std::make_unique<RunReader>(path);
    if (reader->advance()) heap.push_back(std::move(reader));
  }
  std::make_heap(heap.begin(), heap.end(), later);
  std::vector<uint8_t> word;
  uint64_t count = 0;
  const auto hand_out = [&] {
    if (count) {
      const size_t length = word.size();
      word.resize(length + WordTable::kPadding);
      visit(word.data(), length, count);
    }
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    RunReader& first = *heap.back();
    if (count && word.size() == first.word.size() &&
        std::equal(word.begin(), word.end(), first.word.begin())) {
      count += first.count;
    } else {
      hand_out();
      word = first.word;
      count = first.count;
    }
    if (first.advance()) {
      std::push_heap(heap.begin(), heap.end(), later);
    } else {
      heap.pop_back();
    }
  }
  hand_out();
}

}  // namespace tokenworks::training
