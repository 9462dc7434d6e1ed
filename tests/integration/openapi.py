# SPDX-License-Identifier: MIT
"""docs/openapi.yaml as a referee: connections to gangd whose every answer is validated against it.

    connection = UnixConnection(path)       # or TcpConnection(host, port): a http.client.HTTPConnection
    connection.request("GET", "/api/v1/status")
    connection.getresponse().read()         # AssertionError if the document describes another answer

The status, the required headers and the content type are checked when the answer begins; a body when it is read whole; each
event of an event stream when its last line is read. API.check_raw() does the same with the bytes of an answer.
"""
import csv
import functools
import http.client
import io
import json
import os
import re
import socket

import jsonschema
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENT = os.path.join(ROOT, "docs/openapi.yaml")


def unique(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"an object has a member twice: {names}"
    return dict(pairs)


def leaves(errors):
    for error in errors:
        yield from leaves(error.context) if error.context else [error]


class Document:
    def __init__(self, text):
        self.root = yaml.safe_load(text)

    @functools.lru_cache(maxsize=None)
    def validator(self, schema):
        """Of a schema in JSON; its references lead into the document."""
        return jsonschema.Draft202012Validator({**json.loads(schema), "components": self.root["components"]})

    def check(self, schema, value, what):
        errors = list(self.validator(json.dumps(schema)).iter_errors(value))
        if errors:
            # Of several alternatives each tells what it misses; the shortest sentences are those about one member.
            told = sorted({f"{error.json_path}: {error.message}" for error in leaves(errors)}, key=len)
            raise AssertionError(f"{what}: not as in docs/openapi.yaml: {'; '.join(told[:4])}"[:1000])

    def resolve(self, node):
        while "$ref" in node:
            value = self.root
            for key in node["$ref"].lstrip("#/").split("/"):
                value = value[key]
            node = value
        return node

    def operation(self, method, target):
        """(path of the document, operation), or (None, None)."""
        path = target.split("?")[0]
        for template, item in self.root["paths"].items():
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
                operation = item.get("get" if method == "HEAD" else method.lower())
                if operation:
                    return template, operation
        return None, None

    def check_head(self, method, target, status, headers):
        """Returns what the document says of the body: the media type object; {} where there is none."""
        what = f"{method} {target[:200]}: {status}"
        _, operation = self.operation(method, target)
        responses = operation["responses"] if operation else self.root["x-other-requests"]
        assert str(status) in responses, f"{what}: not described in docs/openapi.yaml"
        response = self.resolve(responses[str(status)])
        for name, header in response.get("headers", {}).items():
            assert headers.get(name) is not None or not header["required"], f"{what}: no header {name}"
            self.check(header["schema"], headers.get(name), f"{what}: header {name}")
        kind = (headers.get("Content-Type") or "").split(";")[0]
        if kind == "" and response.get("x-untyped"):
            return {}
        assert kind in response.get("content", {}), f"{what}: content type \"{kind}\" is not described"
        return dict(response["content"][kind], what=what, kind=kind, method=method)

    def check_body(self, media, body):
        if not media:
            return
        if media["method"] == "HEAD":
            assert body == b"", f"{media['what']}: a body"
            return
        value = body if media["kind"].startswith("image/") else body.decode()
        if media["kind"] == "application/json":
            value = json.loads(value, object_pairs_hook=unique)
        elif not isinstance(value, str):
            return
        self.check(media["schema"], value, media["what"])
        if "x-lines" in media:
            for line in value.splitlines():
                self.check(media["x-lines"], json.loads(line, object_pairs_hook=unique), media["what"])
        if "x-columns" in media:
            rows = list(csv.reader(io.StringIO(value)))
            assert rows[0] == media["x-columns"], f"{media['what']}: {rows[0]}"
            assert all(len(row) == len(rows[0]) for row in rows), media["what"]

    def check_event(self, media, name, data):
        assert name in media["x-events"], f"event {name} is not described in docs/openapi.yaml"
        self.check(media["x-events"][name], json.loads(data, object_pairs_hook=unique), f"event {name}")

    def check_raw(self, method, target, answer):
        """The bytes of a whole answer, as they came from a socket."""
        class Bytes:
            @staticmethod
            def makefile(*_):
                return io.BytesIO(answer)
        response = http.client.HTTPResponse(Bytes, method=method)
        response.begin()
        self.check_body(self.check_head(method, target, response.status, response.headers), response.read())


with open(DOCUMENT, encoding="utf-8") as file:
    API = Document(file.read())


class Answer(http.client.HTTPResponse):
    media = None  # until check() was called
    event = None

    def check(self, method, target):
        self.media = API.check_head(method, target, self.status, self.headers)
        self.event = {}

    def read(self, amt=None):
        body = super().read(amt)
        if amt is None and self.media:
            API.check_body(self.media, body)
        return body

    def readline(self, limit=-1):
        line = super().readline(limit)
        if self.media and "x-events" in self.media:
            self.take_line(line.decode().rstrip("\n"))
        return line

    def take_line(self, line):
        if line == "" and "event" in self.event:
            API.check_event(self.media, self.event["event"], self.event["data"])
        if line == "":
            self.event = {}
        name, _, value = line.partition(": ")
        assert name in ("", ":", "id", "event", "data", "retry"), f"a line that is none of an event stream: {line}"
        self.event[name] = value


class TcpConnection(http.client.HTTPConnection):
    response_class = Answer

    def putrequest(self, method, url, *arguments, **options):
        self.asked = method, url  # pylint: disable=attribute-defined-outside-init
        super().putrequest(method, url, *arguments, **options)

    def getresponse(self):
        answer = super().getresponse()
        answer.check(*self.asked)
        return answer


class UnixConnection(TcpConnection):
    def __init__(self, path, timeout=None):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)
