#include <catch2/catch.hpp>

#include <algorithm>

#include "replication/oplog/forgetting.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

namespace lanyard::oplog {
namespace {

using Devices = std::set<DeviceId>;

struct Four {
  Device phone{1};
  Device pi{2};
  Device laptop{3};
  Device desktop{4};
  std::vector<Forgetting> words;

  void says(const Device& author, const Device& of, bool is_forgotten, std::int64_t at) {
    std::erase_if(words, [&](const Forgetting& each) {
      return each.author == author.id() && each.device == of.id();
    });
    words.push_back(make_forgetting(of.id(), is_forgotten, at, author.identity));
  }
  /// As the phone sees it, whatever the order in which it heard it all.
  [[nodiscard]] Devices forgotten() const {
    return forgotten({pi.id(), laptop.id(), desktop.id()});
  }
  [[nodiscard]] Devices forgotten(const Devices& trusted) const {
    std::vector<Forgetting> some = words;
    std::sort(some.begin(), some.end(), [](const auto& left, const auto& right) {
      return std::tie(left.device, left.author) < std::tie(right.device, right.author);
    });
    const Devices first = forgotten_devices(some, phone.id(), trusted);
    do {
      CHECK(forgotten_devices(some, phone.id(), trusted) == first);
    } while (
        std::next_permutation(some.begin(), some.end(), [](const auto& left, const auto& right) {
          return std::tie(left.device, left.author) < std::tie(right.device, right.author);
        }));
    return first;
  }
};

}  // namespace

TEST_CASE("a device that another one of the person has forgotten is forgotten") {
  Four all;
  all.says(all.pi, all.laptop, true, 100);
  CHECK(all.forgotten() == Devices{all.laptop.id()});
}

TEST_CASE("what a stranger says of a device counts for nothing") {
  Four all;
  all.says(all.desktop, all.laptop, true, 100);
  CHECK(all.forgotten({all.pi.id(), all.laptop.id()}).empty());
}

TEST_CASE("what a forgotten device says counts for nothing, whenever it says it") {
  Four all;
  all.says(all.pi, all.laptop, true, 100);
  all.says(all.laptop, all.desktop, true, 50);
  CHECK(all.forgotten() == Devices{all.laptop.id()});
  all.says(all.laptop, all.laptop, false, 200);
  CHECK(all.forgotten() == Devices{all.laptop.id()});
}

TEST_CASE("two devices that forget each other are both forgotten until a person decides") {
  Four all;
  all.says(all.pi, all.laptop, true, 100);
  all.says(all.laptop, all.pi, true, 50);
  CHECK(all.forgotten() == Devices{all.laptop.id(), all.pi.id()});
  SECTION("here") {
    all.says(all.phone, all.laptop, true, 10);
    CHECK(all.forgotten() == Devices{all.laptop.id()});
  }
  SECTION("here, by pairing again") {
    all.says(all.phone, all.pi, false, 101);
    CHECK(all.forgotten() == Devices{all.laptop.id()});
  }
  SECTION("on another one") {
    all.says(all.desktop, all.laptop, true, 10);
    CHECK(all.forgotten() == Devices{all.laptop.id()});
  }
}

TEST_CASE("a device that was paired again is known again, everywhere") {
  Four all;
  all.says(all.pi, all.laptop, true, 100);
  all.says(all.desktop, all.laptop, true, 100);
  SECTION("by one of those that had forgotten it") {
    all.says(all.pi, all.laptop, false, 101);
    CHECK(all.forgotten().empty());
  }
  SECTION("by this device") {
    all.says(all.phone, all.laptop, false, 101);
    CHECK(all.forgotten().empty());
  }
  SECTION("and forgotten again") {
    all.says(all.pi, all.laptop, false, 101);
    all.says(all.desktop, all.laptop, true, 102);
    CHECK(all.forgotten() == Devices{all.laptop.id()});
  }
}

TEST_CASE("nobody makes a device forget itself") {
  Four all;
  all.says(all.pi, all.phone, true, 100);
  CHECK(all.forgotten().empty());
}

TEST_CASE("each part of a word is signed") {
  const Device pi(2);
  const Device laptop(3);
  const Forgetting word = make_forgetting(laptop.id(), true, 100, pi.identity);
  CHECK(is_signed(word, verifier()));
  Forgetting other = word;
  SECTION("the device") { other.device = pi.id(); }
  SECTION("the author") { other.author = laptop.id(); }
  SECTION("the time") { other.at_ms = 101; }
  SECTION("what is said") { other.is_forgotten = false; }
  SECTION("the signature") { other.signature.bytes[0] ^= 1; }
  CHECK_FALSE(is_signed(other, verifier()));
}

}  // namespace lanyard::oplog
