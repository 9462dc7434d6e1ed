#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangctl page, and what [http] control lets a browser do over TCP."""
import json
import socket
import subprocess
import urllib.parse

from openapi import TcpConnection
from station import GANGCTL, PATIENCE, Station, run_tests


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Bench(Station):
    """With the dashboard's listener, and the `control` of the configuration."""

    def __init__(self, control):
        self.port = free_port()
        super().__init__(http_lines=f"control = {control}\n", start=False)
        self.sections["http"] = self.sections["http"].replace("listen = none", f"listen = 127.0.0.1:{self.port}")
        self.write_config()
        self.start()

    def ask(self, method, target, **headers):
        """(status, body, cookie that was set) of a browser's request."""
        connection = TcpConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, target, headers={name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return response.status, response.read().decode(), (response.getheader("Set-Cookie") or "").split(";")[0]
        finally:
            connection.close()

    def hold(self, cookie=""):  # pylint: disable=arguments-renamed
        status, body, _ = self.ask("POST", "/api/v1/hold?seconds=1", X_Gangd="1", Content_Length="0", Cookie=cookie)
        return status, json.loads(body)


def page(station, *options, code=0):
    process = subprocess.run([GANGCTL, "page", "--socket", station.socket, *options], capture_output=True, text=True,
                             timeout=PATIENCE, check=False)
    assert process.returncode == code, process
    return process.stderr if code else process.stdout


def test_each_way():
    for control, status, word in (("yes", 202, ""), ("no", 403, "gangctl"), ("token", 403, "gangctl page")):
        with Bench(control) as station:
            answer, body = station.hold()
            assert answer == status and word in body.get("error", ""), (control, answer, body)
            shown = json.loads(station.ask("GET", "/api/v1/status")[1])
            assert shown["control"] == (status == 202), shown
            assert word in (shown["control_reason"] or ""), shown
            assert station.status()["control"] is True
            Station.hold(station, 0)  # the Unix socket takes commands in any case
            address = page(station).strip()
            assert address.startswith(f"http://127.0.0.1:{station.port}/"), address
            assert ("?key=" in address) == (control == "token"), address
            assert json.loads(page(station, "--json"))["url"].startswith("http://")


def test_the_address_gives_the_right_to_command():
    with Bench("token") as station:
        target = urllib.parse.urlsplit(page(station).strip())
        status, _, cookie = station.ask("GET", f"{target.path}?{target.query}")
        assert status == 303 and cookie, (status, cookie)
        assert station.ask("GET", f"{target.path}?{target.query}")[0] == 403
        assert station.hold(cookie) == (202, {"held": True})
        assert json.loads(station.ask("GET", "/api/v1/status", Cookie=cookie)[1])["control"] is True
        station.stop()
        station.start()
        assert station.hold(cookie)[0] == 403


def test_without_a_dashboard():
    with Station() as station:
        assert "no dashboard" in page(station, code=1)


run_tests(globals())
