"""What a network between two hosts takes, without an agent: bytes there and back over TCP.

    echo.py serve ADDRESS                   sends back what it reads, until it is ended; prints
                                            the port that it was given
    echo.py ask ADDRESS PORT BYTES COUNT    prints what each of COUNT round trips took, in seconds
"""
import json
import socket
import sys
import time


def serve(address: str) -> None:
    listener = socket.create_server((address, 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        peer, _ = listener.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while got := peer.recv(1 << 16):
            peer.sendall(got)


def ask(address: str, port: int, size: int, count: int) -> None:
    sent, took = b"x" * size, []
    with socket.create_connection((address, port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            started = time.perf_counter()
            link.sendall(sent)
            came = 0
            while came < size:
                came += len(link.recv(1 << 16))
            took.append(time.perf_counter() - started)
    print(json.dumps(took))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        ask(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
