#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/house.py finds each kind of forbidden dependency in small trees, and none in a clean one."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import PATIENCE, ROOT, run_tests  # noqa: E402

# Two rooms, several folders, a header alone, a symbol that is defined twice (main) and allocation where it is allowed.
CLEAN = {
    "proto/link/wire.h": "#include <stdint.h>\n",
    "proto/link/slip.h": "int slip(void);\n",
    "proto/link/slip.c": '#include "proto/link/slip.h"\n#include <string.h>\nint slip(void) { return 1; }\n',
    "proto/image/golden.h": "void *golden(void);\n",
    "proto/image/golden.c": '#include "proto/image/golden.h"\n#include <stdlib.h>\n'
                            "void *golden(void) { return malloc(9); }\n",
    "proto/step/read.h": "int read_step(void);\n",
    "proto/step/read.c": '#include "read.h"\n#include "proto/link/slip.h"\nint read_step(void) { return slip(); }\n',
    "stub/start.c": '#include "proto/link/wire.h"\n',
    "daemon/port/tty.h": "int tty(void);\n",
    "daemon/port/tty.c": '#include "daemon/port/tty.h"\n#include <unistd.h>\nint tty(void) { return close(-1); }\n',
    "daemon/station/slot.h": "int slot(void);\n",
    "daemon/station/slot.c": '#include "daemon/station/slot.h"\n#include "daemon/port/tty.h"\n'
                             '#include "proto/step/read.h"\nint slot(void) { return tty() + read_step(); }\n',
    "daemon/main.c": '#include "daemon/station/slot.h"\nint main(void) { return slot(); }\n',
    "tools/boardsim/nor.h": "int nor(void);\n",
    "tools/boardsim/nor.c": '#include "nor.h"\nint nor(void) { return 0; }\nint main(void) { return nor(); }\n',
    "tests/unit/test_all.c": '#include "tools/boardsim/nor.h"\n#include "daemon/station/slot.h"\n'
                             '#include "proto/link/slip.h"\n',
}


def write(root, files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def compile_all(root, files):
    for path in files:
        if path.endswith(".c") and not path.startswith(("stub/", "tests/")):
            name = os.path.join(root, "objects", path[:-2] + ".o")
            os.makedirs(os.path.dirname(name), exist_ok=True)
            subprocess.run(["cc", "-O2", "-I", root, "-c", "-o", name, os.path.join(root, path)], check=True)


def house(root, *options):
    """Runs the check; returns its exit status and the lines of its output, both streams in one."""
    done = subprocess.run([os.path.join(ROOT, "tests/house.py"), "--root", root, *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout.splitlines()


def check_with_objects(changes):
    with tempfile.TemporaryDirectory(prefix="gangd-test-") as root:
        files = {**CLEAN, **changes}
        write(root, files)
        compile_all(root, files)
        return house(root, "--objects", os.path.join(root, "objects"))


def check_includes(changes):
    with tempfile.TemporaryDirectory(prefix="gangd-test-") as root:
        write(root, {**CLEAN, **changes})
        return house(root, "--includes-only")


def expect(result, *faults):
    """Each fault is one line with all words of its tuple; there is no other line."""
    status, lines = result
    assert status == 1, lines
    assert len(lines) == len(faults), lines
    for line, words in zip(lines, faults):
        assert all(word in line for word in words), (words, line)


def test_clean_tree():
    status, lines = check_with_objects({})
    assert status == 0 and len(lines) == 1, lines
    assert lines[0].startswith("house: 16 files, 10 modules, 9 folders, 8 dependencies: "), lines
    status, lines = check_includes({})
    assert status == 0 and len(lines) == 1 and lines[0].endswith("(includes only)"), lines


def test_circle_of_includes_inside_a_folder():
    expect(check_includes({"daemon/port/tty.h": '#include "daemon/port/pump.h"\n',
                           "daemon/port/pump.h": '\n# include "holder.h"\n',
                           "daemon/port/holder.h": "#include <daemon/port/tty.h>\n"}),
           ("circle of modules: ", "daemon/port/holder -> daemon/port/tty -> daemon/port/pump -> daemon/port/holder: ",
            "daemon/port/tty.h:1 includes daemon/port/pump.h", "daemon/port/pump.h:2 includes daemon/port/holder.h"))


def test_circle_of_calls_inside_a_folder():
    expect(check_with_objects({"proto/link/slip.c": "int crc(void);\nint slip(void) { return crc(); }\n",
                               "proto/link/crc.c": "int slip(void);\nint crc(void) { return slip(); }\n"}),
           ("circle of modules: proto/link/crc -> proto/link/slip -> proto/link/crc: ",
            "proto/link/crc.o needs slip;", "proto/link/slip.o needs crc"))


def test_circle_through_a_table_of_functions():
    expect(check_with_objects({"proto/link/crc.c": "int slip(void);\nint (*const handlers[])(void) = {slip};\n"
                                                   "int crc(void) { return 0; }\n",
                               "proto/link/slip.c": "int crc(void);\nint slip(void) { return crc(); }\n"}),
           ("circle of modules: ", "proto/link/crc.o needs slip", "proto/link/slip.o needs crc"))


def test_two_circles_are_two_lines():
    """And of modules that make several circles, the shortest is shown."""
    expect(check_includes({"proto/link/a.h": '#include "b.h"\n', "proto/link/b.h": '#include "c.h"\n#include "a.h"\n',
                           "proto/link/c.h": '#include "a.h"\n', "daemon/book/x.h": '#include "y.h"\n',
                           "daemon/book/y.h": '#include "x.h"\n'}),
           ("daemon/book/x -> daemon/book/y -> daemon/book/x: ",),
           ("proto/link/a -> proto/link/b -> proto/link/a: ", "[3 of them depend on each other]"))


def test_upward_include():
    expect(check_includes({"daemon/port/tty.c": '#include "daemon/port/tty.h"\n#include "daemon/station/slot.h"\n'}),
           ("upward: daemon/port/tty -> daemon/station/slot: ", "daemon/port/tty.c:2 includes daemon/station/slot.h"))
    expect(check_includes({"daemon/api/http.c": '#include "daemon/supervisor.h"\n', "daemon/supervisor.h": ""}),
           ("upward: daemon/api/http -> daemon/supervisor: ",))


def test_upward_call_by_symbol_alone():
    expect(check_with_objects({"daemon/port/tty.c": "int slot(void);\nint tty(void) { return slot(); }\n"}),
           ("upward: daemon/port/tty -> daemon/station/slot: daemon/port/tty.o needs slot",))


def test_steps_know_no_diagnosis():
    cause = {"proto/diagnosis/cause.h": '#include "proto/step/read.h"\n'}
    assert check_includes(cause)[0] == 0
    expect(check_includes({"proto/diagnosis/cause.h": "", "proto/step/read.c": '#include "proto/diagnosis/cause.h"\n'}),
           ("upward: proto/step/read -> proto/diagnosis/cause: ",))


def test_rooms():
    expect(check_includes({"proto/step/read.c": '#include "daemon/port/tty.h"\n'}),
           ("proto may not use this: proto/step/read -> daemon/port/tty: ", "proto/step/read.c:1 "))
    expect(check_includes({"stub/start.c": '#include "proto/link/slip.h"\n'}),
           ("stub may not use this: stub/start -> proto/link/slip: ",))
    expect(check_includes({"daemon/port/tty.c": '#include "../../tests/x.h"\n', "tests/x.h": ""}),
           ("daemon may not use this: daemon/port/tty -> tests/x: ",))


def test_gangctl_uses_no_station():
    uses = '#include "daemon/port/tty.h"\n#include "proto/step/read.h"\n'
    assert check_includes({"tools/gangctl/doctor.c": uses})[0] == 0
    expect(check_includes({"tools/gangctl/doctor.c": uses + '#include "daemon/station/slot.h"\n'}),
           ("tools/gangctl may not use this: tools/gangctl/doctor -> daemon/station/slot: ", "doctor.c:3 "))


def test_boardsim_uses_nothing_of_the_host():
    expect(check_includes({"tools/boardsim/board/rom/uart.c": '#include "proto/link/wire.h"\n'}),
           ("tools/boardsim may not use this: tools/boardsim/board/rom/uart -> proto/link/wire: ",))
    expect(check_with_objects({"tools/boardsim/nor.c": "int slip(void);\nint main(void) { return slip(); }\n"}),
           ("tools/boardsim may not use this: tools/boardsim/nor -> proto/link/slip: tools/boardsim/nor.o needs slip",))


def test_a_symbol_of_the_own_room_is_preferred():
    own = {"tools/boardsim/slot.c": "int slot(void) { return 2; }\n",
           "tools/boardsim/nor.c": "int slot(void);\nint main(void) { return slot(); }\n"}
    assert check_with_objects(own)[0] == 0
    expect(check_with_objects({**own, "daemon/port/tty.c": "int slot(void);\nint tty(void) { return slot(); }\n"}),
           ("upward: daemon/port/tty -> daemon/station/slot: ",))


def test_a_symbol_with_several_or_weak_definitions_is_ignored():
    upward = "int helper(void);\nint tty(void) { return helper(); }\n"
    files = {"daemon/port/tty.c": upward, "daemon/station/lot.c": "int helper(void) { return 1; }\n"}
    expect(check_with_objects(files), ("upward: daemon/port/tty -> daemon/station/lot: ",))
    assert check_with_objects({**files, "daemon/api/http.c": "int helper(void) { return 2; }\n"})[0] == 0
    weak = "#pragma weak helper\nint helper(void) { return 1; }\n"
    assert check_with_objects({**files, "daemon/station/lot.c": weak})[0] == 0


def test_circle_of_folders():
    expect(check_includes({"tools/boardsim/usb/link.h": '#include "tools/boardsim/nor.h"\n',
                           "tools/boardsim/vhci.c": '#include "usb/link.h"\n'}),
           ("circle of folders: tools/boardsim -> tools/boardsim/usb -> tools/boardsim: ",
            "tools/boardsim/usb/link.h:1 includes tools/boardsim/nor.h",
            "tools/boardsim/vhci.c:1 includes tools/boardsim/usb/link.h"))


def test_operating_system_headers_in_proto():
    for header in ("unistd.h", "sys/ioctl.h", "uv.h", "time.h", "pthread.h", "systemd/sd-daemon.h"):
        expect(check_includes({"proto/chip/nor.h": f"#include <stdint.h>\n#include <{header}>\n"}),
               ("operating system in proto: proto/chip/nor.h:2 ", f"<{header}>"))


def test_operating_system_symbols_in_proto():
    expect(check_with_objects({"proto/link/slip.c": "#include <stdio.h>\n"
                                                    "int slip(void) { return !fopen(__FILE__, __FILE__); }\n"}),
           ("operating system in proto: proto/link/slip.o needs fopen",))
    expect(check_with_objects({"proto/image/golden.c": "long time(long *);\n"
                                                       "void *golden(void) { return (void *)time(0); }\n"}),
           ("operating system in proto: proto/image/golden.o needs time",))


def test_allocation_only_of_images():
    expect(check_with_objects({"proto/step/read.c": "#include <stdlib.h>\nvoid read_step(void *x) { free(x); }\n"}),
           ("allocation in proto: proto/step/read.o needs free", "proto/image"))


def test_unknown_room():
    expect(check_includes({"proto/flash.c": "", "daemon/relay/hook.c": "", "tools/new/main.c": ""}),
           ("unknown room: daemon/relay/hook.c ",), ("unknown room: proto/flash.c ",),
           ("unknown room: tools/new/main.c ",))


def test_missing_and_old_objects():
    with tempfile.TemporaryDirectory(prefix="gangd-test-") as root:
        write(root, CLEAN)
        objects = os.path.join(root, "build/release")
        expect(house(root), ("build first: make ", objects, "7 files", "daemon/main.c"))
        compile_all(root, CLEAN)
        assert house(root, "--objects", os.path.join(root, "objects"))[0] == 0
        os.utime(os.path.join(root, "proto/link/slip.c"), (1 << 32, 1 << 32))
        expect(house(root, "--objects", os.path.join(root, "objects")), ("build first: make ", "proto/link/slip.c"))


def test_only_tracked_files_count():
    with tempfile.TemporaryDirectory(prefix="gangd-test-") as root:
        write(root, CLEAN)
        for command in (["init", "--quiet"], ["add", "."]):
            subprocess.run(["git", "-C", root, *command], check=True)
        write(root, {"untracked/main.c": ""})
        assert house(root, "--includes-only")[0] == 0
        subprocess.run(["git", "-C", root, "add", "."], check=True)
        expect(house(root, "--includes-only"), ("unknown room: untracked/main.c ",))


if __name__ == "__main__":
    run_tests(globals())
