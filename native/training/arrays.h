// Arrays between Python and the native code.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace tokenworks {

template <class T>
using Input = nanobind::ndarray<const T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

template <class T>
std::span<const T> view(const Input<T>& array) {
  return {array.data(), array.size()};
}

// A numpy array that owns the values.
template <class T>
auto give(std::vector<T>&& values, std::initializer_list<size_t> shape) {
  auto* kept = new std::vector<T>(std::move(values));
  nanobind::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nanobind::ndarray<nanobind::numpy, T>(kept->data(), shape, owner);
}
template <class T>
auto give(std::vector<T>&& values) {
  const size_t size = values.size();
  return give(std::move(values), {size});
}

}  // namespace tokenworks
