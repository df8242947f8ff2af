// Arrays of NumPy, made through its own C interface: for a short text, making the array is much of the work.
//
// Included by one source file, which calls import_arrays() before anything else here.
#pragma once

#include <nanobind/nanobind.h>

#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "encoder/large_array.h"

namespace tokenworks {

inline void import_arrays() {
  if (_import_array() < 0) nanobind::raise_python_error();
}

// A copy of `ids[0, n)`.
inline nanobind::object copy_to_array(const uint32_t* ids, size_t n) {
  npy_intp length = static_cast<npy_intp>(n);
  nanobind::object made = nanobind::steal(PyArray_SimpleNew(1, &length, NPY_UINT32));
  if (!made.is_valid()) nanobind::raise_python_error();
  if (n) std::memcpy(PyArray_DATA(reinterpret_cast<PyArrayObject*>(made.ptr())), ids, n * sizeof(uint32_t));
  return made;
}

// An array of this shape over `data`, whose memory `owner` gives back.
template <size_t kDimensions>
nanobind::object array_over(void* data, int type, npy_intp (&&shape)[kDimensions], nanobind::capsule owner) {
  nanobind::object made = nanobind::steal(PyArray_SimpleNewFromData(kDimensions, shape, type, data));
  if (!made.is_valid()) nanobind::raise_python_error();
  auto* array = reinterpret_cast<PyArrayObject*>(made.ptr());
  if (PyArray_SetBaseObject(array, owner.release().ptr()) < 0) nanobind::raise_python_error();
  return made;
}

inline nanobind::object to_array(LargeArray data, size_t n) {
  uint32_t* raw = data.release();
  nanobind::capsule owner(raw, [](void* p) noexcept { FreeArray()(static_cast<uint32_t*>(p)); });
  return array_over(raw, NPY_UINT32, {static_cast<npy_intp>(n)}, std::move(owner));
}

}  // namespace tokenworks
