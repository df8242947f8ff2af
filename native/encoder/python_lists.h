// Python lists of ids. The numbers are made once and shared by all lists, as Python does with small ones.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tokenworks {

// Keeps Python's collector from reading lists again and again while more are made. Needs the interpreter's lock, and
// no other code may run meanwhile.
class CollectorPaused {
 public:
  CollectorPaused() : was_on_(PyGC_Disable()) {}
  ~CollectorPaused() {
    if (was_on_) PyGC_Enable();
  }
  CollectorPaused(const CollectorPaused&) = delete;
  CollectorPaused& operator=(const CollectorPaused&) = delete;

 private:
  bool was_on_;
};

// Needs the interpreter's lock. Numbers are never given back: they are those of the largest vocabulary in use.
class SharedNumbers {
 public:
  static SharedNumbers& all() {
    static SharedNumbers* const shared = new SharedNumbers();  // outlives the interpreter
    return *shared;
  }

  // `usual`: ids are below it as a rule.
  nanobind::object list(const uint32_t* ids, size_t n, size_t usual) {
    nanobind::object made = nanobind::steal(PyList_New(static_cast<Py_ssize_t>(n)));
    if (!made.is_valid()) nanobind::raise_python_error();
    if (usual > numbers_.size()) grow(std::min(usual, kMost));
    for (size_t i = 0; i < n; ++i) {
      PyObject* const number = ids[i] < numbers_.size() ? numbers_[ids[i]] : nullptr;
      PyObject* const item = number ? Py_NewRef(number) : PyLong_FromUnsignedLong(ids[i]);
      if (!item) nanobind::raise_python_error();
      PyList_SET_ITEM(made.ptr(), static_cast<Py_ssize_t>(i), item);
    }
    return made;
  }

 private:
  static constexpr size_t kMost = 1 << 20;

  void grow(size_t size) {
    if (size <= numbers_.size()) return;
    numbers_.reserve(size);
    while (numbers_.size() < size) {
      PyObject* const number = PyLong_FromSize_t(numbers_.size());
      if (!number) nanobind::raise_python_error();
      numbers_.push_back(number);
    }
  }

  std::vector<PyObject*> numbers_;
};

}  // namespace tokenworks
