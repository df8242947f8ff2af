// Extended grapheme clusters (Unicode Standard Annex 29).
#pragma once

#include <cstddef>
#include <string_view>

namespace tokenworks::unicode {

// End of the cluster that begins at `from` (from < text.size()).
size_t grapheme_end(std::string_view text, size_t from);

}  // namespace tokenworks::unicode
