// Each room of the native core registers its own classes with the Python module.
#pragma once

#include <nanobind/nanobind.h>

namespace tokenworks {

void bind_encoder(nanobind::module_& m);
void bind_laying(nanobind::module_& m);
void bind_loading(nanobind::module_& m);
void bind_models(nanobind::module_& m);
void bind_pipeline(nanobind::module_& m);
void bind_scanner(nanobind::module_& m);
void bind_counter(nanobind::module_& m);
void bind_merger(nanobind::module_& m);
void bind_superwords(nanobind::module_& m);
void bind_replay(nanobind::module_& m);

}  // namespace tokenworks
