#include "bind.h"

NB_MODULE(_native, m) {
  m.doc() = "The hot loops of tokenworks: scanning, encoding, counting and merging.";
  tokenworks::bind_encoder(m);
  tokenworks::bind_laying(m);
  tokenworks::bind_loading(m);
  tokenworks::bind_models(m);
  tokenworks::bind_pipeline(m);
  tokenworks::bind_scanner(m);
  tokenworks::bind_counter(m);
  tokenworks::bind_merger(m);
  tokenworks::bind_superwords(m);
  tokenworks::bind_replay(m);
}
