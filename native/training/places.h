// Lists of positions, one for each candidate, in storage that is reused.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace tokenworks::training {

// A list is made in its full size, filled once and freed once. Sizes are rounded up to a few classes;
// freed blocks of a class are handed out again.
class Places {
 public:
  uint32_t make(uint32_t size) {
    uint32_t number;
    if (free_numbers_.empty()) {
      number = static_cast<uint32_t>(lists_.size());
      lists_.push_back({});
    } else {
      number = free_numbers_.back();
      free_numbers_.pop_back();
    }
    lists_[number] = {take(size), size};
    return number;
  }
  std::span<uint32_t> operator[](uint32_t number) {
    return {lists_[number].data, lists_[number].size};
  }
  void free(uint32_t number) {
    List& list = lists_[number];
    if (list.size) {
      if (list.size > kLargest) {
        delete[] list.data;
        large_ -= list.size * sizeof(uint32_t);
      } else {
        free_blocks_[class_of(list.size)].push_back(list.data);
      }
    }
    list = {};
    free_numbers_.push_back(number);
  }

  // Bytes taken from the system.
  uint64_t bytes() const {
    return large_ + chunks_.size() * kChunk * sizeof(uint32_t) + lists_.size() * sizeof(List);
  }

  Places() = default;
  Places(const Places&) = delete;
  Places& operator=(Places&& other) noexcept {
    std::swap(lists_, other.lists_);
    std::swap(free_numbers_, other.free_numbers_);
    std::swap(free_blocks_, other.free_blocks_);
    std::swap(chunks_, other.chunks_);
    std::swap(next_, other.next_);
    std::swap(left_, other.left_);
    std::swap(large_, other.large_);
    return *this;
  }
  ~Places() {
    for (const List& list : lists_) {
      if (list.size > kLargest) delete[] list.data;
    }
  }

 private:
  struct List {
    uint32_t* data = nullptr;
    uint32_t size = 0;
  };
  static constexpr uint32_t kLargest = 1024;        // positions; longer lists are allocated alone
  static constexpr size_t kChunk = size_t{1} << 18;  // positions
  static constexpr unsigned kClasses = 24;

  // 1, 2, 3, 4, 6, 8, 12, 16, ... 1024
  static unsigned class_of(uint32_t size) {
    unsigned k = 0;
    while (size_of(k) < size) ++k;
    return k;
  }
  static constexpr uint32_t size_of(unsigned k) {
    return k == 0 ? 1 : (k % 2 ? 2u : 3u) << ((k - 1) / 2);
  }

  uint32_t* take(uint32_t size) {
    if (size == 0) return nullptr;
    if (size > kLargest) {
      large_ += size * sizeof(uint32_t);
      return new uint32_t[size];
    }
    const unsigned k = class_of(size);
    if (!free_blocks_[k].empty()) {
      uint32_t* block = free_blocks_[k].back();
      free_blocks_[k].pop_back();
      return block;
    }
    if (left_ < size_of(k)) {
      chunks_.push_back(std::make_unique_for_overwrite<uint32_t[]>(kChunk));
      next_ = chunks_.back().get();
      left_ = kChunk;
    }
    uint32_t* block = next_;
    next_ += size_of(k);
    left_ -= size_of(k);
    return block;
  }

  std::vector<List> lists_;
  std::vector<uint32_t> free_numbers_;
  std::vector<uint32_t*> free_blocks_[kClasses];
  std::vector<std::unique_ptr<uint32_t[]>> chunks_;
  uint32_t* next_ = nullptr;
  size_t left_ = 0;
  uint64_t large_ = 0;  // bytes of lists that are allocated alone
};

}  // namespace tokenworks::training
