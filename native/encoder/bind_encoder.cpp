#include "bind.h"

namespace nb = nanobind;

namespace tokenworks {

void bind_encoder(nb::module_&) {}

}  // namespace tokenworks
