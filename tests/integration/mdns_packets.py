"""mDNS packets byte by byte (RFC 1035, RFC 6762), for what no honest responder sends.

As a program, on a host of the lab: sends what it reads, one packet in hexadecimal a line, to the
group of mDNS; `flood COUNT SECONDS` sends the last packets that many times, spread over the time;
each line is answered with `ok`.
"""

import socket
import struct
import sys
import time

GROUP, PORT = "224.0.0.251", 5353
A, PTR, TXT, SRV = 1, 12, 16, 33
SERVICE = (b"_lanyard", b"_tcp", b"local")
GOOD_TEXT = b"\x05v=1-1"


def encoded(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(labels, kind, data, ttl=120, flush=True):
    """A record of class IN; `flush`: it replaces all that were said before."""
    flush = flush and kind != PTR
    return encoded(labels) + struct.pack("!HHIH", kind, 0x8001 if flush else 1, ttl,
                                         len(data)) + data


def response(*records):
    return struct.pack("!HHHHHH", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def service(instance, address, port=7761, text=GOOD_TEXT, host=b"eve-host", ttl=120):
    """One whole service. `text` None: without a TXT record."""
    name, target = (instance, *SERVICE), (host, b"local")
    records = [record(SERVICE, PTR, encoded(name), ttl),
               record(name, SRV, struct.pack("!HHH", 0, 0, port) + encoded(target), ttl),
               record(target, A, socket.inet_aton(address), ttl)]
    if text is not None:
        records.append(record(name, TXT, text, ttl))
    return response(*records)


def open_sender(interface_address):
    """With the port and hop limit that mDNS wants."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                      socket.inet_aton(interface_address))
    sender.bind(("", PORT))
    return sender


def main(interface_address):
    sender = open_sender(interface_address)
    packets = []
    for line in sys.stdin:
        words = line.split()
        if words[0] == "flood":
            count, seconds = int(words[1]), float(words[2])
            begin = time.monotonic()
            for i in range(count):
                sender.sendto(packets[i % len(packets)], (GROUP, PORT))
                ahead = begin + seconds * i / count - time.monotonic()
                if ahead > 0:
                    time.sleep(ahead)
            packets.clear()
        else:
            packets.append(bytes.fromhex(words[0]))
            if words[1:] != ["later"]:
                sender.sendto(packets[-1], (GROUP, PORT))
        print("ok", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
