#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/openapi.yaml describes every resource and parameter, and its schemas are strict: no member of an answer can go,
come, or change its type or name unnoticed."""
import copy
import json
import re

import jsonschema

from openapi import API, UnixConnection
from station import PATIENCE, SLOW, Station, run_tests

METHODS = {"get": "GET, HEAD", "post": "POST"}


def refuses(schema, value):
    try:
        API.check(schema, value, "mutant")
    except AssertionError:
        return True
    return False


def places(value, path=()):
    """The paths of all members of objects."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, path + (index,))
    elif isinstance(value, dict):
        for name, member in value.items():
            yield path + (name,)
            yield from places(member, path + (name,))


def parent_of(value, path):
    for step in path[:-1]:
        value = value[step]
    return value


def mutants(value):
    """(description, another value) that must be refused."""
    for path in places(value):
        name = path[-1]
        for kind in ("goes", "is renamed", "has another type", "gets a neighbour"):
            mutant = copy.deepcopy(value)
            parent = parent_of(mutant, path)
            if kind in ("goes", "is renamed"):
                parent[name + "_"] = parent.pop(name)
            if kind == "goes":
                del parent[name + "_"]
            if kind == "has another type":
                parent[name] = [[parent[name]]]
            if kind == "gets a neighbour":
                parent[name + "_new"] = parent[name]
            yield f"{'.'.join(map(str, path))} {kind}", mutant


def must_be_strict(schema, value):
    assert not refuses(schema, value), (schema, value)
    count = 0
    for description, mutant in mutants(value):
        assert refuses(schema, mutant), (schema, description)
        count += 1
    return count


def schema_of(target):
    media = API.check_head("GET", target, 200, {"Content-Type": "application/json"})
    return media["schema"]


def test_the_schemas_are_strict():
    with Station(boards=1, flashing=SLOW, slots="[slot B2]\npath = nowhere\n") as station:
        station.wait_writing(1)
        running = station.status()
        assert must_be_strict(schema_of("/api/v1/status"), running) > 200
        station.wait(1, "pass")
        for target in ("/api/v1/status", "/api/v1/slots", "/api/v1/attempts", "/api/v1/units", "/api/v1/attempts/1",
                       "/api/v1/"):
            assert must_be_strict(schema_of(target), station.get(target.replace("/api/v1/", ""))) >= 4, target


def event_schemas():
    _, operation = API.operation("GET", "/api/v1/events")
    return operation["responses"]["200"]["content"]["text/event-stream"]["x-events"]


def test_the_schemas_of_events_are_strict():
    with Station() as station:
        connection = UnixConnection(station.socket, PATIENCE)
        connection.request("GET", "/api/v1/events")
        stream = connection.getresponse()
        # A slot is gone only minutes after it was emptied (test_publish.c has the event).
        seen, event = {"slot-gone": {"slot": "1-1.1"}}, {}
        station.plug(1)
        while set(seen) < set(event_schemas()):
            line = stream.readline().decode().rstrip("\n")
            name, _, value = line.partition(": ")
            event[name] = value
            if line == "" and "event" in event:
                seen[event["event"]] = json.loads(event["data"])
            event = event if line else {}
        connection.close()
        for name, data in seen.items():
            assert must_be_strict(event_schemas()[name], data) >= 4, name
        assert refuses(event_schemas()["slot"], seen["snapshot"])


def test_every_resource_is_described():
    with Station() as station:
        index = {r["path"]: r["methods"] for r in station.get("")["resources"]}
        described = {path: METHODS[method] for path, item in API.root["paths"].items() for method in item
                     if path.startswith("/api/")}
        assert index == described, (index, described)


def test_every_parameter_is_described():
    for resource in ("attempts", "units"):
        with Station() as station:
            status, body = station.request("GET", f"/api/v1/{resource}?colour=red")
            names = re.search(r"there are (.*)", json.loads(body)["error"])[1].split(", ")
            _, operation = API.operation("GET", "/api/v1/" + resource)
            described = [API.resolve(parameter)["name"] for parameter in operation["parameters"]]
            assert status == 400 and set(names) == set(described), (names, described)


def test_an_answer_that_is_not_described_is_refused():
    with Station() as station:
        for method, target in (("GET", "/api/v1/other"), ("GET", "/api/v1/status/x"), ("PUT", "/api/v1/status"),
                               ("GET", "/api/v1/hold")):
            for status in (200, 202, 204, 418):
                try:
                    API.check_head(method, target, status, {"Content-Type": "application/json"})
                except AssertionError:
                    continue
                raise AssertionError(f"{method} {target}: {status} is accepted")
        for method, target, status in (("GET", "/api/v1/other", 404), ("PUT", "/api/v1/status", 405), ("HEAD", "/", 200),
                                       ("HEAD", "/api/v1/units?format=csv", 200), ("GET", "/tile.js", 200),
                                       ("GET", "/api/v1/attempts/7", 404), ("POST", "/api/v1/status", 405),
                                       ("GET", "/api/v1/attempts?format=%", 400), ("GET", "/api/v1/units?format=ndjson", 200)):
            answer = station.request(method, target)
            assert answer[0] == status, (method, target, answer)


def test_the_document_is_sound():
    """As far as JSON Schema goes; make test-peers has the referee for the rest."""
    for name, schema in API.root["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert "object" != schema.get("type") or name.endswith("Fields") or schema["additionalProperties"] is False, name

    def references(node):
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
            node = list(node.values())
        for child in node if isinstance(node, list) else []:
            yield from references(child)

    used = set(references(API.root))
    for reference in used:
        API.resolve({"$ref": reference})
    for kind in ("schemas", "responses", "parameters"):
        unused = {f"#/components/{kind}/{name}" for name in API.root["components"][kind]} - used
        assert not unused, unused


run_tests(globals())
