// What one thread needs while it encodes: caches and scratch space, kept from call to call.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "bpe/merging.h"
#include "bpe/pretoken_cache.h"
#include "encoder/found.h"
#include "encoder/large_array.h"
#include "encoder/text_buffer.h"
#include "pipeline/pipeline.h"

namespace tokenworks {

// A growing array of ids that leaves room for unconditional short stores.
class IdBuffer {
 public:
  static constexpr size_t kSlack = 4;

  // Room for `more` ids and the slack.
  void ensure(size_t more) {
    if (size_ + more + kSlack > capacity_) [[unlikely]] grow(more);
  }
  uint32_t* end() { return data_.get() + size_; }
  const uint32_t* data() const { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  void advance(size_t n) { size_ += n; }
  void clear() { size_ = 0; }
  // Gives the array away, without much of what it does not use.
  LargeArray take() {
    if (capacity_ > 2 * size_) {
      if (void* smaller = std::realloc(data_.get(), (size_ + 1) * sizeof(uint32_t))) {
        (void)data_.release();
        data_.reset(static_cast<uint32_t*>(smaller));
      }
    }
    size_ = capacity_ = 0;
    return std::move(data_);
  }
  void append(const uint32_t* ids, size_t n) {
    ensure(n);
    if (n) std::memcpy(end(), ids, n * sizeof(uint32_t));
    size_ += n;
  }

 private:
  void grow(size_t more) {
    const size_t wanted = std::max<size_t>(size_ + more + kSlack, capacity_ * 2 + 4096);
    LargeArray bigger = new_large_array(wanted);
    if (size_) std::memcpy(bigger.get(), data_.get(), size_ * sizeof(uint32_t));
    data_ = std::move(bigger);
    capacity_ = wanted;
  }

  LargeArray data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

struct Workspace {
  Workspace() = default;
  explicit Workspace(const PretokenCache& seed) : cache(seed) {}

  PretokenCache cache;
  MergeScratch scratch;
  std::vector<uint32_t> merged;
  std::vector<uint32_t> part;
  std::vector<MergeJob> jobs;
  std::vector<uint32_t> symbols;
  std::vector<Gap> gaps;
  std::array<uint16_t, 1024> waiting{};  // by hash, where a pretoken may stand among those of a batch that wait
  std::vector<uint32_t> spelled;
  std::vector<Piece> parts;
  TextBuffer text;
  IdBuffer ids;

  // Before it is laid aside: an unusually long text leaves no large buffers behind.
  void trim() {
    text.trim();
    for (std::vector<uint32_t>* v : {&merged, &part, &spelled, &symbols}) release(*v);
    release(jobs);
    release(gaps);
    if (ids.capacity() > kMostKept) ids = IdBuffer();
  }

 private:
  static constexpr size_t kMostKept = size_t{1} << 22;

  template <class T>
  static void release(std::vector<T>& v) {
    if (v.capacity() > kMostKept) std::vector<T>().swap(v);
  }
};

// Workspaces at rest. Lock-free, so that a child process forked at any moment can use it.
class WorkspacePool {
 public:
  class Lease {
   public:
    Lease(WorkspacePool& pool, std::unique_ptr<Workspace> workspace)
        : pool_(pool), workspace_(std::move(workspace)) {}
    ~Lease() { pool_.give_back(std::move(workspace_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Workspace& operator*() { return *workspace_; }
    Workspace* operator->() { return workspace_.get(); }

   private:
    WorkspacePool& pool_;
    std::unique_ptr<Workspace> workspace_;
  };

  // New workspaces begin with the pretokens of `seed`, if there is one.
  explicit WorkspacePool(std::unique_ptr<const PretokenCache> seed) : seed_(std::move(seed)) {}
  ~WorkspacePool() {
    for (auto& slot : resting_) delete slot.load();
  }
  WorkspacePool(const WorkspacePool&) = delete;
  WorkspacePool& operator=(const WorkspacePool&) = delete;

  Lease borrow() {
    for (auto& slot : resting_) {
      if (Workspace* w = slot.exchange(nullptr, std::memory_order_acquire)) {
        return Lease(*this, std::unique_ptr<Workspace>(w));
      }
    }
    return Lease(*this, seed_ ? std::make_unique<Workspace>(*seed_) : std::make_unique<Workspace>());
  }

 private:
  void give_back(std::unique_ptr<Workspace> workspace) {
    workspace->trim();
    for (auto& slot : resting_) {
      Workspace* empty = nullptr;
      if (slot.compare_exchange_strong(empty, workspace.get(), std::memory_order_release)) {
        (void)workspace.release();
        return;
      }
    }
  }

  std::unique_ptr<const PretokenCache> seed_;
  std::array<std::atomic<Workspace*>, 16> resting_{};
};

}  // namespace tokenworks
