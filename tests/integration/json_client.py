"""What clients of foreign servers have in common: JSON over HTTP, and refusals."""

import http.client
import json

from lanyard_process import ANSWER_WITHIN_S
from rangerplex_client import Refused


class JsonClient:
    """`token`: of a user, if the app has one; `origin`: of its page, if it is one."""

    def __init__(self, port: int, token: str | None = None, *, origin: str | None = None,
                 **headers: str):
        self.port, self.token = port, token
        self.headers = {"Host": f"localhost:{port}", **headers}
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"
        if origin:
            self.headers["Origin"] = origin

    def ask(self, method: str, path: str, body: bytes | None = None, **headers):
        """Status and the body's bytes."""
        sent = dict(self.headers)
        if body is not None:
            sent["Content-Type"] = "application/json"
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN_S)
        try:
            link.request(method, path, body=body, headers={**sent, **headers})
            heard = link.getresponse()
            return heard.status, heard.read()
        finally:
            link.close()

    def call(self, method: str, path: str, value=None):
        body = None if value is None else json.dumps(value).encode()
        status, text = self.ask(method, path, body)
        if not 200 <= status < 300:
            raise Refused(status, text.decode())
        return json.loads(text)
