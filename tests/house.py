#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that dependencies run downward only: between rooms, between the folders of a room, and inside a folder.

    make FLAVOR=release all && tests/house.py

A module is a .c (or .S) and the .h of the same name; a header alone is a module, too. Module A depends on module B when
a file of A includes a header of B, or when an object of A needs a global symbol that an object of B defines. Includes
are read from the tracked sources (from all files, where there is no git), symbols from the release build's objects.

Each violation is one line; the exit status is 1 if there is any.
"""
import argparse
import collections
import os
import re
import subprocess
import sys

# --- The rules

# `uses`: the rooms, folders and modules of other rooms that a room may depend on.
# `folders`: all its folders, from the lowest to the highest; each may use those before it. A room without this list may
#     have any folders, as long as these make no circle.
# `modules`: whether the modules inside each folder are checked for circles, too.
# `objects`: whether the release build makes an object of each of its sources.
Room = collections.namedtuple("Room", "uses folders modules objects", defaults=((), False, False))

EVERYTHING = ("proto", "stub", "daemon", "tools", "tests")

ROOMS = {
    # The conversation with the chip: depends on no other room and on no operating system.
    "proto": Room(
        uses=(),
        folders=("proto/link", "proto/chip", "proto/image", "proto/step", "proto/diagnosis", "proto/recipe"),
        modules=True, objects=True),
    # Runs on the chip. It shares the wire format with the host, and nothing else.
    "stub": Room(uses=("proto/link/wire",)),
    # gangd. What only main and the supervisor know lies in daemon/ itself, above all folders.
    "daemon": Room(
        uses=("proto",),
        folders=("daemon/base", "daemon/config", "daemon/port", "daemon/book", "daemon/station", "daemon/api",
                 "daemon"),
        modules=True, objects=True),
    # A program without a station: it links the daemon's lower folders only.
    "tools/gangctl": Room(uses=("daemon/base", "daemon/config", "daemon/port", "daemon/book", "proto"), objects=True),
    # Written from the chip's documents alone: a mistake in proto/ or stub/ must not be repeated in the board.
    "tools/boardsim": Room(uses=(), modules=True, objects=True),
    "tools/demo": Room(uses=()),
    # Only benchmarks and tests hold a board and a conversation in one program.
    "tools/benchmark": Room(uses=EVERYTHING),
    "tests": Room(uses=EVERYTHING),
}

# The only headers from outside the project that proto/ includes. Some of them also declare functions that allocate or
# read files or the environment (stdio.h, stdlib.h, the libraries'), so the symbols are checked as well.
PROTO_HEADERS = set("""
    assert.h ctype.h errno.h inttypes.h limits.h stdalign.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h
    stdnoreturn.h string.h jansson.h libdeflate.h md5.h sha2.h zlib.h
""".split())

# The only symbols from outside the project that proto/ needs: none of them opens, waits, reads a clock or allocates.
PROTO_SYMBOLS = set("""
    MD5Final MD5Init MD5Update SHA256Final SHA256Init SHA256Update adler32 crc32
    __assert_fail abort __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __errno_location __stack_chk_fail
    _GLOBAL_OFFSET_TABLE_ bsearch qsort snprintf strerror vsnprintf
    memchr memcmp memcpy memmem memmove memrchr memset
    strcasecmp strchr strcmp strcspn strlen strncasecmp strncmp strnlen strrchr strspn strstr strtol strtoul strtoull
""".split())

# Images allocate while they are made, and nothing else in proto/ does: neither by itself nor through a library.
ALLOCATING_FOLDER = "proto/image"
ALLOCATING_SYMBOLS = re.compile(r"(m|c|re)alloc|reallocarray|free|strn?dup|v?asprintf|"
                                r"libdeflate_\w+|inflate\w*|"
                                r"json_(delete|loadb|loads|string_length|(array|object)_get|(integer|string)_value)")

# --- Names: a path's folder, module and room


def folder_of(path):
    return os.path.dirname(path)


def module_of(path):
    return os.path.splitext(path)[0]


def lies_in(path, place):
    return path == place or path.startswith(place + "/")


def room_of(path):
    """The room of a file or module; None if the table has no place for it."""
    for name, room in ROOMS.items():
        if lies_in(folder_of(path), name):
            return name if not room.folders or folder_of(path) in room.folders else None
    return None


# --- Reading the sources

INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def source_files(root):
    """All sources, by their paths from the root."""
    if os.path.exists(os.path.join(root, ".git")):
        listed = output_of("git", "-C", root, "ls-files", "-z").split("\0")
        paths = [path for path in listed if os.path.exists(os.path.join(root, path))]
    else:
        paths = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, names in os.walk(root) for name in names]
    return sorted(path for path in paths if path.endswith((".c", ".h", ".S")) and not lies_in(path, "build"))


def includes(root, path):
    """Yields (line number, name) for each include of a file."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match[1] or match[2]


def resolve(path, name, sources):
    """The source that `path` includes by this name, as the compiler finds it with -I.; None for a system header."""
    candidates = (os.path.normpath(os.path.join(folder_of(path), name)), os.path.normpath(name))
    return next((candidate for candidate in candidates if candidate in sources), None)


def read_includes(root, sources):
    """Returns the dependencies by include, {(module, module): reason}, and the system headers, [(path, line, name)]."""
    edges, system = {}, []
    known = set(sources)
    for path in sources:
        for number, name in includes(root, path):
            target = resolve(path, name, known)
            if target:
                edges.setdefault((module_of(path), module_of(target)), f"{path}:{number} includes {target}")
            else:
                system.append((path, number, name))
    return edges, system


# --- Reading the objects


def is_outdated(source, object_file):
    return not os.path.exists(object_file) or os.path.getmtime(object_file) < os.path.getmtime(source)


def object_files(root, objects, sources):
    """{object file: module} of all that the release build makes. Ends the program if one is not built."""
    found, outdated = {}, []
    for path in sources:
        if not path.endswith(".h") and room_of(path) and ROOMS[room_of(path)].objects:
            name = os.path.join(objects, module_of(path) + ".o")
            found[name] = module_of(path)
            if is_outdated(os.path.join(root, path), name):
                outdated.append(path)
    if outdated:
        sys.exit(f"build first: make (no up-to-date object in {objects} for {len(outdated)} files, as {outdated[0]})")
    return found


def read_symbols(files):
    """Returns who needs and who defines which global symbol: two {symbol: {module}}, and the set of weak symbols."""
    needed, defined, weak = collections.defaultdict(set), collections.defaultdict(set), set()
    listed = output_of("nm", "--print-file-name", "--portability", "--extern-only", *files) if files else ""
    for line in listed.splitlines():
        file, _, symbol = line.partition(": ")
        name, kind = symbol.split()[:2]
        if kind in "wWvV":
            weak.add(name)
        else:
            (needed if kind == "U" else defined)[name].add(files[file])
    return needed, defined, weak


def definer(module, candidates):
    """Which of the modules that define a symbol `module` is linked with: one of its own room, if there is one there.
    None where several could be meant."""
    own = [candidate for candidate in candidates if room_of(candidate) == room_of(module)] or list(candidates)
    return own[0] if len(own) == 1 else None


def read_calls(files):
    """Returns the dependencies by symbol, {(module, module): reason}, and the symbols that no module defines,
    [(module, symbol)]."""
    edges, outside = {}, []
    needed, defined, weak = read_symbols(files)
    for name, module in sorted((name, module) for name in needed.keys() - weak for module in needed[name]):
        target = definer(module, defined[name])
        if target:
            edges.setdefault((module, target), f"{module}.o needs {name}")
        elif not defined[name]:
            outside.append((module, name))
    return edges, outside


# --- Checking


def unknown_rooms(sources):
    return [f"unknown room: {path} (its folder is not in the table of tests/house.py)"
            for path in sources if not room_of(path)]


def is_upward(module, target):
    order = ROOMS[room_of(module)].folders
    return bool(order) and order.index(folder_of(module)) < order.index(folder_of(target))


def fault_of(module, target):
    """What is wrong with a dependency; None if it is allowed, or an end of it has no room."""
    room, target_room = room_of(module), room_of(target)
    if not room or not target_room:
        return None
    if room == target_room:
        return "upward" if is_upward(module, target) else None
    allowed = any(lies_in(target, place) for place in ROOMS[room].uses)
    return None if allowed else f"{room} may not use this"


def way_back(start, graph):
    """The shortest path from a node to itself, both ends named; None if there is none."""
    paths = collections.deque([[start]])
    seen = set()
    while paths:
        path = paths.popleft()
        for following in sorted(graph[path[-1]]):
            if following == start:
                return path + [start]
            if following not in seen:
                seen.add(following)
                paths.append(path + [following])
    return None


def reachable(start, graph):
    seen, waiting = set(), [start]
    while waiting:
        new = graph[waiting.pop()] - seen
        seen |= new
        waiting += new
    return seen


def circles(graph):
    """Yields for each strongly connected component its shortest circle, as a path, and the number of its nodes."""
    reach = {node: reachable(node, graph) for node in list(graph)}
    done = set()
    for node in sorted(reach):
        if node in reach[node] and node not in done:
            component = {other for other in reach[node] if node in reach.get(other, ())}
            done |= component
            yield min((way_back(member, graph) for member in sorted(component)), key=len), len(component)


def describe_circles(kind, reasons):
    """One line for each circle in a graph that is given as {(node, node): reason}."""
    graph = collections.defaultdict(set)
    for source, target in reasons:
        graph[source].add(target)
    for path, size in circles(graph):
        why = "; ".join(reasons[step] for step in zip(path, path[1:]))
        rest = f" [{size} of them depend on each other]" if size > len(path) - 1 else ""
        yield f"circle of {kind}: {' -> '.join(path)}: {why}{rest}"


def module_circles(edges):
    inside = {ends: reason for ends, reason in edges.items()
              if folder_of(ends[0]) == folder_of(ends[1]) and room_of(ends[0]) and ROOMS[room_of(ends[0])].modules}
    return describe_circles("modules", inside)


def folder_circles(edges):
    """Tests and benchmarks may use everything, so they are left out."""
    between = {}
    for (module, target), reason in edges.items():
        ends = folder_of(module), folder_of(target)
        if ends[0] != ends[1] and all(ROOMS[room_of(end)].uses != EVERYTHING for end in (module, target)):
            between.setdefault(ends, reason)
    return describe_circles("folders", between)


def proto_faults(headers, symbols):
    """What proto/ uses of the system beyond what it may."""
    for path, number, name in headers:
        if lies_in(path, "proto") and name not in PROTO_HEADERS:
            yield f"operating system in proto: {path}:{number} includes <{name}> (see PROTO_HEADERS in tests/house.py)"
    for module, name in symbols:
        plain = re.sub(r"^__(?:isoc\d+_)?(\w+?)(?:_chk)?$", r"\1", name)  # as glibc's headers rename it
        if not lies_in(module, "proto") or PROTO_SYMBOLS & {name, plain}:
            continue
        if not ALLOCATING_SYMBOLS.fullmatch(plain):
            yield f"operating system in proto: {module}.o needs {name} (see PROTO_SYMBOLS in tests/house.py)"
        elif folder_of(module) != ALLOCATING_FOLDER:
            yield f"allocation in proto: {module}.o needs {name}, which only {ALLOCATING_FOLDER} may use"


def violations(sources, edges, headers, symbols):
    forbidden = {ends: fault for ends in edges if (fault := fault_of(*ends))}
    yield from unknown_rooms(sources)
    for (module, target), fault in sorted(forbidden.items()):
        yield f"{fault}: {module} -> {target}: {edges[module, target]}"
    allowed = {ends: edges[ends] for ends in edges if ends not in forbidden and all(map(room_of, ends))}
    yield from module_circles(allowed)
    yield from folder_circles(allowed)
    yield from proto_faults(headers, symbols)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", default=".", help="of the sources (default: the working directory)")
    parser.add_argument("--objects", help="of the build (default: build/release in the root)")
    parser.add_argument("--includes-only", action="store_true", help="read no objects")
    return parser.parse_args()


def print_summary(sources, edges, includes_only):
    modules, folders = set(map(module_of, sources)), set(map(folder_of, sources))
    print(f"house: {len(sources)} files, {len(modules)} modules, {len(folders)} folders, {len(edges)} dependencies: "
          f"none runs upward, no circle{' (includes only)' if includes_only else ''}")


def main():
    options = read_options()
    sources = source_files(options.root)
    edges, headers = read_includes(options.root, sources)
    symbols = []
    if not options.includes_only:
        objects = options.objects or os.path.join(options.root, "build/release")
        calls, symbols = read_calls(object_files(options.root, objects, sources))
        edges = {**calls, **edges}
    edges = {ends: reason for ends, reason in edges.items() if ends[0] != ends[1]}
    faults = list(violations(sources, edges, headers, symbols))
    for fault in faults:
        print(fault)
    if not faults:
        print_summary(sources, edges, options.includes_only)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
