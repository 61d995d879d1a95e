#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/chance.hpp"

/// Runs a fuzz target without libFuzzer: over every file of the folders given, and over some
/// thousand spoiled copies of them, the same at each run. Exit code 2 if there is no file.

namespace {

using lanyard::Bytes;

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::vector<std::filesystem::path> files_of(int count, char** folders) {
  std::vector<std::filesystem::path> out;
  for (int i = 1; i < count; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(folders[i]))
      out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

void spoil(lanyard::support::Chance& chance, Bytes& input) {
  for (std::size_t i = chance.below(4) + 1; i > 0 && !input.empty(); --i) {
    const auto at = static_cast<std::ptrdiff_t>(chance.below(input.size()));
    switch (chance.below(4)) {
      case 0: input[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(chance.next()); break;
      case 1:
        input[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1 << chance.below(8));
        break;
      case 2: input.erase(input.begin() + at); break;
      default: input.insert(input.begin() + at, static_cast<std::uint8_t>(chance.next()));
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  constexpr int kSpoiledCopies = 500;
  lanyard::support::Chance chance(2026);
  const auto files = files_of(count, arguments);
  for (const auto& file : files) {
    const Bytes input = read(file);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    for (int i = 0; i < kSpoiledCopies; ++i) {
      Bytes spoiled = input;
      spoil(chance, spoiled);
      LLVMFuzzerTestOneInput(spoiled.data(), spoiled.size());
    }
  }
  std::cout << files.size() << " files and " << files.size() * kSpoiledCopies
            << " spoiled copies\n";
  return files.empty() ? 2 : 0;
}
