# SPDX-License-Identifier: MIT
# tests/unit/ROOM/test_NAME.c and tests/simulation/test_NAME.c are Check programs; tests/integration/test_NAME.py,
# tests/browser/run.sh and tests/peers/test_NAME.py drive the built programs. Each ends with "N passed, N failed";
# tests/run sums them up.
# Of what tests/run starts first, the longest: so none is left alone at the end.
CHECK_SRC   := $(wildcard tests/simulation/test_*.c) $(wildcard tests/unit/*/test_*.c)
CHECK_TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(CHECK_SRC))
# What several tests share: the rig, harnesses, the runner.
SHARED_OBJ  := $(patsubst %.c,$(B)/%.o,$(filter-out $(CHECK_SRC),$(wildcard tests/*.c tests/unit/*/*.c tests/simulation/*.c)))
DRIVERS     := $(wildcard tests/browser/run.sh) $(sort $(wildcard tests/integration/test_*.py))
PEERS       := build/peers
PEER_TESTS  := $(sort $(wildcard tests/peers/test_*.py))
TEST_PKGS   := $(DAEMON_PKGS) $(BOARDSIM_PKGS) libcurl check

$(B)/tests/%.o: PKGS = $(TEST_PKGS)

# The board shares no header with what it tests: only a test may hold both.
TEST_LIBS := $(B)/libtests.a $(DAEMON_LIBS) $(B)/libproto.a $(B)/libboardsim.a

$(B)/libtests.a: $(SHARED_OBJ)

$(CHECK_TESTS): $(B)/tests/%: $(B)/tests/%.o $(TEST_LIBS)
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(TEST_PKGS)) $(TEST_LDLIBS) -lm

$(B)/tests/unit/stub/test_stub_inflate: TEST_LDLIBS = -lzopfli

.PHONY: test-run lint-tidy lint-cppcheck lint-shell lint-house lint-page

# Sanitizers on, as everywhere in the tests. DRIVERS=, PEER_TESTS= and CHECK_TESTS= on the command line choose some.
test: peers
	$(MAKE) FLAVOR=fuzz fuzz-build
	$(MAKE) FLAVOR=release all
	$(MAKE) FLAVOR=san all test-run

RUN := BUILD=$(B) COMMON=$(S) PEERS=$(PEERS) PEERS_REQUIRED=$(PEERS_REQUIRED) tests/run

PEER_PROGRAMS := $(B)/published $(S)/hello.elf $(S)/hello-high.elf $(S)/hello_printf.elf $(B)/cpu_peer $(S)/cpu_harness.elf

test-run: $(CHECK_TESTS) $(PEER_PROGRAMS) $(B)/run_recipe $(B)/record_stream $(B)/gangd $(B)/gangctl $(B)/boardsim $(S)/demo.bin
	$(RUN) $(PEER_TESTS) $(DRIVERS) -- $(CHECK_TESTS) tests/fuzz/run-short.sh

# Other people's programs as referees. Tests whose referee is not there are skipped, or fail if PEERS_REQUIRED is set.
.PHONY: peers test-peers peers-run
peers: deps
	tools/install-deps.sh peers && tests/peers/install.sh $(PEERS) $(if $(PEERS_REQUIRED),,|| true)

test-peers:
	$(MAKE) PEERS_REQUIRED=1 peers
	$(MAKE) FLAVOR=san PEERS_REQUIRED=1 all peers-run

peers-run: $(PEER_PROGRAMS) $(B)/gangd $(B)/gangctl $(B)/boardsim $(S)/demo.bin
	$(RUN) $(PEER_TESTS)

# One recipe on one port: no station and no book in it. tests/integration/test_pump.py runs it.
$(B)/run_recipe: $(B)/tests/integration/run_recipe.o $(patsubst %,$(B)/lib%.a,port config base) $(B)/libproto.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,libuv libudev jansson libdeflate zlib libmd inih libsystemd) -lm

# One conversation in virtual time, recorded. tests/integration/test_stream_trace.py runs it.
$(B)/record_stream: $(B)/tests/integration/record_stream.o $(TEST_LIBS)
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(TEST_PKGS)) -lm

# The peers' programs: each one's driver in tests/peers tells what for.
$(B)/published: $(B)/tests/peers/published.o $(TEST_LIBS)
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(TEST_PKGS)) -lz -lm

$(S)/hello.elf: HELLO_AT := 0x40100000
$(S)/hello-high.elf: HELLO_AT := 0x4010ff60
$(S)/hello.elf $(S)/hello-high.elf: tests/peers/hello.c
	@mkdir -p $(@D)
	$(call said,CC)
	$(Q)$(STUB_TOOLS)gcc $(STUB_CFLAGS) -nostdlib -Wl,-Ttext=$(HELLO_AT),-e,start -o $@ $<

$(S)/hello_printf.elf: tests/peers/hello_printf.c
	@mkdir -p $(@D)
	$(call said,CC)
	$(Q)$(STUB_TOOLS)gcc $(STUB_CFLAGS) -nostdlib -Wl,-Ttext=0x40100000,-e,start,--section-start=.rodata=0x3ffe8000 \
	    -o $@ $<

$(B)/cpu_peer: $(patsubst %,$(B)/tests/peers/%.o,cpu_peer cpu_blocks cpu_ops) $(B)/libboardsim.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

$(S)/cpu_harness.elf: tests/peers/cpu_harness.S tests/peers/cpu_layout.h
	@mkdir -p $(@D)
	$(call said,LD)
	$(Q)$(STUB_TOOLS)gcc -I. -nostdlib -mtext-section-literals -Wl,--section-start=.vectors=0x40000000 \
	    -Wl,--section-start=.reset=0x50000000 -Wl,--entry=0x50000000 -o $@ $<

# In a machine with Debian's kernel, udev and systemd: tests/kernel/. SCENARIOS="WORD …" chooses some, SUITE=trixie the
# release of the machine's Debian. Skipped where such a machine cannot be made, unless PEERS_REQUIRED is set.
.PHONY: test-kernel
test-kernel: deb
	tools/install-deps.sh kernel
	$(MAKE) $(S)/demo.bin
	COMMON=$(S) SUITE=$(SUITE) tests/kernel/run.sh $(SCENARIOS) || [ $$? = 77 -a -z "$(PEERS_REQUIRED)" ]

# The Debian packages, in a Debian of their own, and what they bring for the shells.
.PHONY: test-package package-run
test-package: deb
	tools/install-deps.sh build test package
	$(MAKE) FLAVOR=release package-run

package-run: all
	$(RUN) $(patsubst %,tests/package/test_%.py,releases package install completion)

# The unit tests on the processors of a Raspberry Pi, by QEMU's user mode: FLAVOR=arm64 and FLAVOR=armhf.
.PHONY: test-arm unit-tests
test-arm:
	tools/install-deps.sh build test package
	$(MAKE) FLAVOR=release all $(S)/demo.bin
	tests/package/test_arm.py

unit-tests: $(filter $(B)/tests/unit/%,$(CHECK_TESTS)) $(B)/gangctl

# Fuzzers: tests/fuzz/fuzz_NAME.c, seeds in tests/fuzz/corpus/NAME/.
FUZZ_SRC     := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS      := $(patsubst tests/fuzz/fuzz_%.c,build/fuzz/fuzz_%,$(FUZZ_SRC))
FUZZ_SECONDS ?= 60

.PHONY: fuzz-build
fuzz-build: $(FUZZERS)

build/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o $(DAEMON_ROOMS:%=build/fuzz/lib%.a) build/fuzz/libproto.a
	$(call said,LD)
	$(Q)clang $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(call pkg,libs,$(DAEMON_PKGS)) -lm

# Of boardsim the USB side alone, and of the stub what does not access the chip.
build/fuzz/fuzz_pdu: $(USB_OBJ)
build/fuzz/fuzz_stream: $(STUB_STREAM_OBJ)
# Its flash part is not what is fuzzed, and is slow where it is traced.
build/fuzz/tests/fuzz/fuzz_stream.o: CFLAGS += -fno-sanitize=fuzzer-no-link

fuzz: deps
	$(MAKE) FLAVOR=fuzz fuzz-build
	tests/fuzz/run.sh $(FUZZ_SECONDS)

# What runs on the chip is for another machine: cppcheck reads it, clang-tidy cannot.
TIDY := $(addprefix tidy/,$(filter-out stub/% tools/demo/firmware_%,$(filter %.c,$(SOURCES))))

.PHONY: $(TIDY)
lint-tidy: $(TIDY)

$(TIDY): tidy/%:
	$(Q)$(CLANG_TIDY) --quiet $* -- $(CPPFLAGS) -std=gnu11 $(call pkg,cflags,$(sort $(TEST_PKGS) $(PROTO_PKGS))) 2>/dev/null

# In tests, what it thinks of memory that has run out or was freed: the sanitizers see that, and it takes fclose() within
# Check's macros for two calls.
CPPCHECK_TESTS := nullPointerOutOfMemory ctunullpointerOutOfMemory nullPointerArithmeticOutOfMemory \
    nullPointerOutOfResources deallocuse

lint-cppcheck:
	$(Q)cppcheck --quiet --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -I. -D__GNUC__ \
	    $(CPPCHECK_TESTS:%=--suppress=%:tests/*) --suppress=missingIncludeSystem \
	    --suppress=normalCheckLevelMaxBranches --include=tests/cppcheck.h \
	    proto daemon tools tests stub

lint-shell:
	shellcheck $(shell git ls-files '*.sh' '*.bash' debian/*.postinst debian/*.postrm) tests/run .ci/run

# It reads the objects of the release build.
lint-house:
	$(MAKE) FLAVOR=release all
	tests/house.py

# The page's list of phases is the one of proto/recipe/phase.h.
lint-page:
	$(Q)tools/phases-js.sh | diff -u web/phases.js - || { echo 'web/phases.js is out of date: make -B web/phases.js'; exit 1; }

# The figures: tools/benchmark/.
.PHONY: bench
bench: deps
	$(MAKE) FLAVOR=release all build/release/virtual_time build/release/million_attempts
	build/release/virtual_time $(S)/demo.bin build/bench.json $(ESPTOOL_STUBS)
	$(MAKE) timeline
	tools/benchmark/host.py build/bench.json
	tools/benchmark/million_attempts.sh

# The stub that each esptool takes first, if "make peers" has installed both.
ESPTOOL_STUB_GLOB = $(PEERS)/esptool-$(1)/lib/python3*/site-packages/esptool/targets/stub_flasher/$(2)/esp8266.json
ESPTOOL_STUBS     = $(wildcard $(call ESPTOOL_STUB_GLOB,4,1)) $(wildcard $(call ESPTOOL_STUB_GLOB,5,2))

$(B)/million_attempts: $(B)/tools/benchmark/million_attempts.o $(TEST_LIBS)
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(TEST_PKGS)) -lm

$(B)/virtual_time: $(patsubst %,$(B)/tools/benchmark/%.o,virtual_time images limit esptool_time) $(TEST_LIBS)
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(TEST_PKGS)) -lm

# The picture of docs/performance.md. It is the same in every run, but not with every release of compiler and library.
.PHONY: timeline lint-timeline
timeline:
	$(MAKE) FLAVOR=release build/release/unit_timeline $(S)/demo.bin
	build/release/unit_timeline $(S)/demo.bin docs/unit-timeline.svg

lint-timeline: lint-house
	$(MAKE) FLAVOR=release build/release/unit_timeline
	$(Q)build/release/unit_timeline $(S)/demo.bin build/unit-timeline.svg
	$(Q)tools/benchmark/same_timeline.py docs/unit-timeline.svg build/unit-timeline.svg || \
	    { echo 'docs/unit-timeline.svg is out of date: make timeline'; exit 1; }

TIMELINE := unit_timeline timeline timeline_svg images
$(B)/unit_timeline: $(patsubst %,$(B)/tools/benchmark/%.o,$(TIMELINE)) $(TEST_LIBS)
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(TEST_PKGS)) -lm
