#include <catch2/catch.hpp>

#include "discovery/interface_filter.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::discovery;

bool is_near(const std::string& text) { return IpAddress::parse(text).value().is_near(); }

TEST_CASE("only private, link-local and unique local addresses may be dialled on a hint") {
  for (const char* near :
       {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.24", "169.254.7.7",
        "fe80::1", "febf::1", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1"}) {
    CAPTURE(near);
    CHECK(is_near(near));
  }
  for (const char* far :
       {"127.0.0.1", "127.255.0.1", "::1", "0.0.0.0", "::", "224.0.0.251", "239.255.255.255",
        "255.255.255.255", "ff02::fb", "8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1",
        "11.0.0.1", "100.64.0.1", "2001:db8::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"}) {
    CAPTURE(far);
    CHECK_FALSE(is_near(far));
  }
}

TEST_CASE("an address is what the dialer takes, with a scope where it means nothing without") {
  const auto text = [](const std::string& address) {
    return host_and_port(IpAddress::parse(address).value(), "eth0", 7761);
  };
  CHECK(text("10.0.0.2") == "10.0.0.2:7761");
  CHECK(text("fd00::2") == "[fd00::2]:7761");
  CHECK(text("fe80::1") == "[fe80::1%eth0]:7761");
  for (const char* address : {"10.0.0.2", "fd00::2", "fe80::1"}) {
    CHECK(address_of(text(address)) == IpAddress::parse(address));
  }
  CHECK_FALSE(address_of("pi.local:7761"));
}

TEST_CASE("addresses have 4 or 16 bytes, and an IPv4 one has one form") {
  CHECK_FALSE(IpAddress::from(Bytes(3)));
  CHECK_FALSE(IpAddress::from(Bytes(5)));
  CHECK_FALSE(IpAddress::from(Bytes{}));
  CHECK_FALSE(IpAddress::from(Bytes(17)));
  CHECK(IpAddress::parse("::ffff:10.0.0.1") == IpAddress::parse("10.0.0.1"));
  CHECK_FALSE(IpAddress::parse("fe80::1%eth0"));
  CHECK_FALSE(IpAddress::parse("localhost"));
  CHECK_FALSE(IpAddress::parse(""));
}

TEST_CASE("what containers, virtual machines and VPNs make is left out by default") {
  const InterfaceFilter filter;
  for (const char* name : {"docker0", "docker_gwbridge", "br-1234abcd", "veth3f", "virbr0",
                           "virbr0-nic", "tun0", "tap1", "wg0", "wg-home"}) {
    CAPTURE(name);
    CHECK_FALSE(filter.admits(name));
  }
  for (const char* name : {"eth0", "enp3s0", "wlan0", "wlp2s0", "br0", "bridge", "usb0", "bond0"}) {
    CAPTURE(name);
    CHECK(filter.admits(name));
  }
}

TEST_CASE("named interfaces are used whatever they are called, and no others") {
  const InterfaceFilter named({"wg0", "eth*"});
  CHECK(named.admits("wg0"));
  CHECK(named.admits("eth0"));
  CHECK(named.admits("eth12"));
  CHECK_FALSE(named.admits("wg1"));
  CHECK_FALSE(named.admits("wlan0"));
  const InterfaceFilter both({"auto", "wg0"});
  CHECK(both.admits("wg0"));
  CHECK(both.admits("wlan0"));
  CHECK_FALSE(both.admits("docker0"));
  CHECK_FALSE(InterfaceFilter(std::vector<std::string>{}).admits("eth0"));
}

TEST_CASE("a star stands for any characters, and nothing else is special") {
  struct Row {
    const char* name;
    const char* pattern;
    bool matches;
  };
  for (const Row& row : {Row{"eth0", "eth0", true},
                         {"eth0", "eth", false},
                         {"eth", "eth0", false},
                         {"eth0", "*", true},
                         {"", "*", true},
                         {"", "", true},
                         {"a", "", false},
                         {"abcabc", "*bc", true},
                         {"abcabd", "*bc", false},
                         {"aXbXc", "a*b*c", true},
                         {"a.b", "a?b", false},
                         {"aaaa", "*a*a*a", true},
                         {"aa", "*a*a*a", false}}) {
    CAPTURE(row.name, row.pattern);
    CHECK(matches_pattern(row.name, row.pattern) == row.matches);
  }
}

}  // namespace
