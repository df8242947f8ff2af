// Runs a libFuzzer target without libFuzzer: random and mutated inputs for a number of seconds.
// Knows the options that the CI uses, and ignores the others: -max_total_time=N, -seed=N. Files named
// on the command line are run once each, which is how a crash is replayed.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Input = std::vector<uint8_t>;

// Pieces on which tokenizers differ: letters of several scripts, spaces, contractions, marks, ends.
const char* const kPieces[] = {
    "a", "B", "z", "0", "7", " ", "  ", "\n", "\r\n", "\t", "'s", "'LL", "'", "the ", "Hello", "1234",
    "\xC3\xA9", "e\xCC\x81", "\xC2\xA0", "\xE3\x80\x80", "\xE4\xB8\xAD\xE6\x96\x87", "\xD9\x85",
    "\xE0\xA4\x95\xE0\xA5\x8D", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", "\xE2\x81\x87",
    "<|endoftext|>", "<s>", "/", "//", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF", "\xC2\x85", "\xE2\x80\xA8",
    "\xD9\xA3", "\xC2\xB2", "_", "-", ".", "!?", "\x00", "\x7F", "\xED\xA0\x80", "\xC0\x80", "\xFF",
};

Input make(std::mt19937_64& random, const std::vector<Input>& kept) {
  Input out;
  if (!kept.empty() && random() % 2 == 0) out = kept[random() % kept.size()];
  const size_t edits = 1 + random() % 12;
  for (size_t i = 0; i < edits; ++i) {
    const size_t at = out.empty() ? 0 : random() % (out.size() + 1);
    switch (random() % 5) {
      case 0: {  // a byte
        out.insert(out.begin() + static_cast<ptrdiff_t>(at), static_cast<uint8_t>(random()));
        break;
      }
      case 1: {  // a flipped bit
        if (!out.empty()) out[at % out.size()] ^= static_cast<uint8_t>(1u << (random() % 8));
        break;
      }
      case 2: {  // a stretch removed
        if (!out.empty()) {
          const size_t begin = at % out.size();
          const size_t length = 1 + random() % (out.size() - begin);
          out.erase(out.begin() + static_cast<ptrdiff_t>(begin),
                    out.begin() + static_cast<ptrdiff_t>(begin + length));
        }
        break;
      }
      default: {  // a piece, sometimes many times
        const char* piece = kPieces[random() % std::size(kPieces)];
        const size_t length = piece[0] == 0 ? 1 : std::strlen(piece);
        const size_t times = random() % 8 == 0 ? 1 + random() % 64 : 1;
        for (size_t k = 0; k < times; ++k) {
          out.insert(out.begin() + static_cast<ptrdiff_t>(at), piece, piece + length);
        }
      }
    }
  }
  if (out.size() > 4096) out.resize(4096);
  return out;
}

Input current;

// A crash leaves the input that caused it.
void save_current() {
  std::FILE* file = std::fopen("crash-input", "wb");
  if (file == nullptr) return;
  std::fwrite(current.data(), 1, current.size(), file);
  std::fclose(file);
  std::fprintf(stderr, "the input is in crash-input (%zu bytes)\n", current.size());
}

void on_abort(int) { save_current(); }

}  // namespace

int main(int argc, char** argv) {
  double seconds = 10;
  uint64_t seed = std::random_device{}();
  bool replayed = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("-max_total_time=", 0) == 0) {
      seconds = std::atof(argument.c_str() + 16);
    } else if (argument.rfind("-seed=", 0) == 0) {
      seed = std::strtoull(argument.c_str() + 6, nullptr, 10);
    } else if (argument.rfind("-", 0) != 0) {
      std::ifstream file(argument, std::ios::binary);
      const Input input((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      LLVMFuzzerTestOneInput(input.data(), input.size());
      replayed = true;
    }
  }
  if (replayed) return 0;
  __sanitizer_set_death_callback(save_current);
  std::signal(SIGABRT, on_abort);
  std::mt19937_64 random(seed);
  std::vector<Input> kept;
  const auto start = std::chrono::steady_clock::now();
  uint64_t runs = 0;
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  while (elapsed() < seconds) {
    current = make(random, kept);
    LLVMFuzzerTestOneInput(current.data(), current.size());
    if (kept.size() < 256) {
      kept.push_back(current);
    } else if (random() % 16 == 0) {
      kept[random() % kept.size()] = current;
    }
    ++runs;
  }
  std::printf("%s: %llu inputs in %.0f s, seed %llu, no failure\n", argv[0],
              static_cast<unsigned long long>(runs), elapsed(), static_cast<unsigned long long>(seed));
  return 0;
}
