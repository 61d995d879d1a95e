#include <catch2/catch.hpp>
#include <new>
#include <ostream>
#include <type_traits>

#include "crypto/identity.hpp"
#include "crypto/link_handshake.hpp"
#include "crypto/space_keys.hpp"
#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Copyable = std::is_copy_constructible_v<T> || std::is_copy_assignable_v<T>;
template <class T>
concept LooksLikeBytes = std::is_convertible_v<T, ByteView> ||
    std::is_convertible_v<T, std::string_view> || std::is_convertible_v<T, Bytes>;
template <class T>
constexpr bool kKeepsItsSecret = !Printable<T> && !Copyable<T> && !LooksLikeBytes<T>;

static_assert(kKeepsItsSecret<Secret<32>>);
static_assert(kKeepsItsSecret<Secret<64>>);
static_assert(kKeepsItsSecret<X25519KeyPair>);
static_assert(kKeepsItsSecret<Identity>);
static_assert(kKeepsItsSecret<LinkIdentity>);
static_assert(kKeepsItsSecret<CipherState>);
static_assert(kKeepsItsSecret<SymmetricState>);
static_assert(kKeepsItsSecret<NoiseTransport>);
static_assert(kKeepsItsSecret<LinkCipher>);
static_assert(kKeepsItsSecret<SpaceKeys>);
static_assert(std::is_nothrow_move_constructible_v<Secret<32>>);
static_assert(std::is_nothrow_move_assignable_v<Secret<32>>);

Secret<4> a_secret() { return std::move(*Secret<4>::from(Bytes{1, 2, 3, 4})); }

TEST_CASE("a secret is wiped when it is destroyed") {
  alignas(Secret<32>) std::array<unsigned char, sizeof(Secret<32>)> memory{};
  auto* secret = new (memory.data()) Secret<32>();
  std::fill(secret->writable().begin(), secret->writable().end(), std::uint8_t{0x5A});
  REQUIRE(std::count(memory.begin(), memory.end(), 0x5A) == 32);
  secret->~Secret();
  CHECK(std::count(memory.begin(), memory.end(), 0) == 32);
}

TEST_CASE("a secret that was moved from is wiped") {
  Secret<4> first = a_secret();
  Secret<4> second = std::move(first);
  CHECK(second == a_secret());
  CHECK(first == Secret<4>());
  first = std::move(second);
  CHECK(first == a_secret());
  CHECK(second == Secret<4>());
}

TEST_CASE("a secret moved to itself keeps its bytes") {
  Secret<4> secret = a_secret();
  Secret<4>& itself = secret;
  secret = std::move(itself);
  CHECK(secret == a_secret());
}

TEST_CASE("secrets differ if any byte differs") {
  for (std::size_t i = 0; i < 4; ++i) {
    Secret<4> other = a_secret();
    other.writable()[i] ^= 1;
    CHECK_FALSE(other == a_secret());
  }
}

TEST_CASE("a secret is only made from bytes of its size") {
  CHECK(Secret<4>::from(Bytes(4)));
  CHECK_FALSE(Secret<4>::from(Bytes(3)));
  CHECK_FALSE(Secret<4>::from(Bytes(5)));
}

TEST_CASE("byte strings of different size are not equal in constant time") {
  CHECK(equal_in_constant_time({}, {}));
  CHECK(equal_in_constant_time(Bytes{1, 2}, Bytes{1, 2}));
  CHECK_FALSE(equal_in_constant_time(Bytes{1, 2}, Bytes{1, 3}));
  CHECK_FALSE(equal_in_constant_time(Bytes{1, 2}, Bytes{1, 2, 3}));
}

}  // namespace
}  // namespace lanyard::crypto
