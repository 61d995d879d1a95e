"""A WebSocket client by hand (RFC 6455): says also what no library would.

    with Line(port) as line:               connected and upgraded, or ConnectionError
        line.text({"type": "auth", ...})   a masked text message of JSON
        line.heard("status")               the next message of that type; others are kept
"""
from __future__ import annotations

import base64
import json
import os
import socket
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
ANSWER_WITHIN_S = 120


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0,
          masked: bool = True, length: int | None = None, wide: int = 0) -> bytes:
    """`length`: one that lies. `wide`: 2 or 8 bytes of length where fewer would do."""
    size = len(payload) if length is None else length
    out = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if wide == 8 or size > 0xFFFF:
        out += bytes([mask_bit | 127]) + struct.pack("!Q", size)
    elif wide == 2 or size > 125:
        out += bytes([mask_bit | 126]) + struct.pack("!H", size)
    else:
        out += bytes([mask_bit | size])
    if not masked:
        return out + payload
    key = os.urandom(4)
    stream = (key * (len(payload) // 4 + 1))[:len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return out + key + mixed.to_bytes(len(payload), "big")


class Line:
    def __init__(self, port: int, path: str = "/v1/live", *, origin: str | None = None,
                 headers: dict[str, str | None] | None = None, receive_buffer: int | None = None,
                 address: str = "127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(ANSWER_WITHIN_S)
        self.socket.connect((address, port))
        self.kept: list[dict] = []
        self.buffer = b""
        host = f"[{address}]" if ":" in address else address
        fields = {"Host": f"{host}:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
                  "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
                  "Sec-WebSocket-Version": "13"}
        if origin:
            fields["Origin"] = origin
        fields.update(headers or {})
        head = f"GET {path} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields.items()
                        if value is not None)
        self.socket.sendall(head.encode() + b"\r\n")
        while b"\r\n\r\n" not in self.buffer:
            piece = self.receive()
            if not piece:
                break
            self.buffer += piece
        self.head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.status = int(self.head[9:12] or b"0")
        if self.status != 101:
            self.close()
            raise ConnectionError(f"no upgrade: {self.head!r}")

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *ignored) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def text(self, message: dict | str) -> None:
        if not isinstance(message, str):
            message = json.dumps(message, ensure_ascii=False)
        self.raw(frame(TEXT, message.encode()))

    def receive(self) -> bytes:
        """What comes next; nothing once the agent has closed."""
        return self.socket.recv(65536)

    def _take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            piece = self.receive()
            if not piece:
                raise ConnectionError("the agent closed the connection")
            self.buffer += piece
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def frame(self) -> tuple[int, bytes]:
        """The next frame as it comes: its opcode (with FIN and reserved bits) and payload."""
        first, second = self._take(2)
        assert not second & 0x80, "a server does not mask"
        size = second
        if size == 126:
            size, = struct.unpack("!H", self._take(2))
        elif size == 127:
            size, = struct.unpack("!Q", self._take(8))
        return first, self._take(size)

    def message(self) -> dict:
        """The next text message; pings are answered. ConnectionError with the code at a close."""
        whole = bytearray()
        while True:
            first, payload = self.frame()
            opcode = first & 0x0F
            if opcode == PING:
                self.raw(frame(PONG, payload))
            elif opcode == CLOSE:
                raise Closed(payload)
            elif opcode in (TEXT, CONTINUATION):
                whole += payload
                if first & 0x80:
                    return json.loads(whole)

    def heard(self, kind: str, **members) -> dict:
        """The next message of that type that has these members; those between are kept."""
        def fits(message: dict) -> bool:
            return message["type"] == kind and all(
                message.get(name) == value for name, value in members.items())
        for message in self.kept:
            if fits(message):
                self.kept.remove(message)
                return message
        while True:
            message = self.message()
            if fits(message):
                return message
            self.kept.append(message)

    def sign_in(self, token: str) -> "Line":
        self.text({"type": "auth", "token": token})
        self.heard("status")
        return self

    def closed(self) -> int:
        """How it ends: the close code, 1005 for none, 1006 without a close."""
        try:
            while True:
                self.message()
        except Closed as end:
            return end.code
        except OSError:
            return 1006


class Closed(ConnectionError):
    def __init__(self, payload: bytes):
        self.code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
        self.reason = payload[2:].decode()
        super().__init__(f"closed with {self.code} {self.reason}")
