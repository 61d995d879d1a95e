#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "crypto/sodium.hpp"
#include "replication/ports.hpp"
#include "replication/types/check.hpp"

/// What the tests of crypto/ share: chance that repeats, vectors, folders.
namespace lanyard::crypto {

inline const bool kSodiumIsReady = init().has_value();

/// Different bytes at each call and the same in every run. Two of different names never agree.
class RepeatableRng final : public Rng {
 public:
  explicit RepeatableRng(std::string_view name = "chance") : name_(to_bytes(as_bytes(name))) {}
  void fill(std::span<std::uint8_t> out) override {
    std::size_t used = Hash::kSize;
    Hash block;
    for (std::uint8_t& byte : out) {
      if (used == Hash::kSize) {
        const auto number = as_bytes(std::string_view(reinterpret_cast<const char*>(&calls_), 8));
        block = SodiumHasher().hash({name_, number});
        ++calls_;
        used = 0;
      }
      byte = block.bytes[used++];
    }
  }

 private:
  Bytes name_;
  std::uint64_t calls_ = 0;
};

/// Gives the bytes of a test vector, once.
class ScriptedRng final : public Rng {
 public:
  explicit ScriptedRng(Bytes script) : script_(std::move(script)) {}
  void fill(std::span<std::uint8_t> out) override {
    LANYARD_CHECK(out.size() <= script_.size(), "the script of this test is too short");
    std::copy_n(script_.begin(), out.size(), out.begin());
    script_.erase(script_.begin(), script_.begin() + static_cast<std::ptrdiff_t>(out.size()));
  }

 private:
  Bytes script_;
};

inline nlohmann::json vectors(const std::string& name) {
  std::ifstream file(std::string(LANYARD_TEST_FOLDER) + "/vectors/" + name);
  return nlohmann::json::parse(file);
}

inline Bytes bytes_at(const nlohmann::json& object, const char* member) {
  return from_hex(object.at(member).get<std::string>()).value();
}

/// A folder of its own, gone when this is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "lanyard-test-XXXXXX").string();
    LANYARD_CHECK(::mkdtemp(name.data()) != nullptr, "tests need a folder for temporary files");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The code of a result that should have failed.
template <class T>
[[nodiscard]] std::error_code code_of(const Result<T>& result) {
  return result ? std::error_code() : result.error().code;
}

/// The same bytes with one bit flipped.
[[nodiscard]] inline Bytes flipped(ByteView bytes, std::size_t at, unsigned bit = 0) {
  Bytes changed = to_bytes(bytes);
  changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1U << bit);
  return changed;
}

}  // namespace lanyard::crypto
