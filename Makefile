# SPDX-License-Identifier: MIT
#
# Every verb of the project. Each room describes its own objects in ROOM/rules.mk.
#
#   make            build gangd, gangctl, boardsim and the stub
#   make demo       watch eight virtual boards being flashed; DEMO_UNITS=N ends after N units
#   make test       build with sanitizers and run every test
#   make test-peers  of these, the ones in which other people's programs are the referee
#   make test-kernel  gangd as a service in a machine with Debian's kernel and drivers
#   make bench      seconds, CPU and memory per unit; a book of a million attempts
#   make timeline   of these, only the picture of one unit: docs/unit-timeline.svg
#   make fuzz       run each fuzzer for FUZZ_SECONDS
#   make lint       formatting, clang-tidy, cppcheck, shellcheck, dependencies between files
#   make install    into DESTDIR and prefix (/usr); make uninstall with the same
#   make deb        Debian packages, in build/deb
#   make test-package  of these packages: lintian, install, upgrade, remove, purge
#   make test-arm   the unit tests, cross-compiled for arm64 and armhf
#
# FLAVOR=release (default), san (ASan and UBSan) or fuzz (clang, libFuzzer) chooses the build under build/; arm64 and
# armhf are cross builds.

VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)

FLAVOR ?= release
B      := build/$(FLAVOR)
# The stub, the demo image and the test tools are the same for each flavor.
S      := build/common

prefix      ?= /usr
sysconfdir  ?= /etc
bindir      ?= $(prefix)/bin
sbindir     ?= $(prefix)/sbin
datadir     ?= $(prefix)/share/gangd
unitdir     ?= $(prefix)/lib/systemd/system
udevdir     ?= $(prefix)/lib/udev/rules.d
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
mandir      ?= $(prefix)/share/man
bashdir     ?= $(prefix)/share/bash-completion/completions
zshdir      ?= $(prefix)/share/zsh/$(if $(filter /usr,$(prefix)),vendor-completions,site-functions)

CC_release := gcc
CC_san     := gcc
CC_fuzz    := clang
CC_arm64   := aarch64-linux-gnu-gcc
CC_armhf   := arm-linux-gnueabihf-gcc
CC         := $(CC_$(FLAVOR))
# Of a cross build also these, as they are named beside its compiler.
CROSS      := $(if $(filter arm%,$(FLAVOR)),$(CC:gcc=))
AR         := $(CROSS)ar
PKG_CONFIG ?= $(CROSS)pkg-config

OPT_release := -O2 -g
OPT_arm64   := $(OPT_release)
OPT_armhf   := $(OPT_release)
OPT_san     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
OPT_fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CPPFLAGS += -I. -D_GNU_SOURCE -DGANGD_VERSION='"$(VERSION)"' -DGANGD_DATADIR='"$(datadir)"' -DGANGD_SYSCONFDIR='"$(sysconfdir)"'
CFLAGS   += -std=gnu11 $(OPT_$(FLAVOR)) $(WARN) -pthread
LDFLAGS  += $(OPT_$(FLAVOR)) -pthread

# V=1 shows the commands.
ifneq ($(V),1)
Q    := @
said  = @echo "$(1) $@"
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

SOURCES := $(shell git ls-files '*.c' '*.h' 2>/dev/null)

include stub/rules.mk
include proto/rules.mk
include daemon/rules.mk
include tools/boardsim/rules.mk
include tools/gangctl/rules.mk
include tools/rules.mk
include tests/rules.mk

.PHONY: all deps deps-build demo test bench fuzz lint format check-format install uninstall deb clean FORCE
all: $(B)/gangd $(B)/gangctl $(B)/boardsim $(B)/boardsim-preload.so $(S)/stub.json $(S)/demo.bin

deps:
	@tools/install-deps.sh

# Of these, what "make" and "make demo" need.
deps-build:
	@tools/install-deps.sh build

# $(call pkg,cflags|libs,NAMES): asked when a recipe runs, so that deps can install the packages first.
pkg = $(if $(strip $(2)),$$($(PKG_CONFIG) --$(1) $(2)))

$(B)/%.o: %.c Makefile debian/changelog
	@mkdir -p $(@D)
	$(call said,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(call pkg,cflags,$(PKGS)) $(FLAGS_$(firstword $(subst /, ,$<))) -MMD -MP -c -o $@ $<

# What has paths compiled in (daemon/config/paths.h) is compiled anew if they change: make && sudo make install prefix=/usr/local.
PATHS     := $(datadir) $(sysconfdir)
PATHS_OBJ := $(patsubst %.c,$(B)/%.o,$(shell grep -rlE --include='*.c' 'GANGD_(DATADIR|SYSCONFDIR)|CONFIG_DEFAULT_(PATH|WEB)' daemon tools tests))

$(PATHS_OBJ): $(B)/paths

$(B)/paths: FORCE
	@mkdir -p $(@D)
	@echo '$(PATHS)' | cmp -s - $@ || echo '$(PATHS)' >$@

# Packages of $@; rooms add theirs as target-specific values.
PKGS ?=

%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(call said,AR)
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

demo: deps-build
	$(MAKE) all
	tools/demo.sh

# The newest release that Debian 12 and 13 both have: each formats a few lines in another way, and finds other mistakes.
CLANG_FORMAT := clang-format-19
CLANG_TIDY   := clang-tidy-19

format:
	$(CLANG_FORMAT) -i $(SOURCES)

check-format:
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(SOURCES)

lint: deps
	$(MAKE) check-format
	$(MAKE) -j2 --output-sync lint-tidy lint-cppcheck lint-shell lint-house lint-page lint-timeline

clean:
	rm -rf build

# Of all that is installed: MODE:FILE:PLACE.
INSTALLED = 755:$(B)/gangd:$(sbindir)/gangd 755:$(B)/gangctl:$(bindir)/gangctl 755:$(B)/boardsim:$(bindir)/boardsim \
    644:$(B)/boardsim-preload.so:$(prefix)/lib/gangd/boardsim-preload.so \
    644:$(S)/stub.json:$(datadir)/stub.json \
    $(foreach file,$(wildcard web/*.html web/*.css web/*.js web/*.svg),644:$(file):$(datadir)/$(file)) \
    644:config/gangd.conf:$(sysconfdir)/gangd/gangd.conf \
    644:systemd/gangd.service:$(unitdir)/gangd.service 644:systemd/gangd.socket:$(unitdir)/gangd.socket \
    644:systemd/60-gangd.rules:$(udevdir)/60-gangd.rules \
    644:systemd/gangd.sysusers:$(sysusersdir)/gangd.conf 644:systemd/gangd.tmpfiles:$(tmpfilesdir)/gangd.conf \
    $(foreach page,$(wildcard docs/man/*.[158]),644:$(page):$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
    $(foreach name,gangctl gangd boardsim,644:tools/completion/$(name).bash:$(bashdir)/$(name) \
        644:tools/completion/_$(name):$(zshdir)/_$(name))

INSTALL_SH = DESTDIR='$(DESTDIR)' bindir='$(bindir)' sbindir='$(sbindir)' datadir='$(datadir)' sysconfdir='$(sysconfdir)' tools/install.sh

install: all
	$(Q)$(INSTALL_SH) put $(INSTALLED)

# With the same prefix. The database stays, and a configuration that was edited.
uninstall:
	$(Q)$(INSTALL_SH) remove $(INSTALLED)

deb:
	tools/install-deps.sh build deb
	tools/make-deb.sh build/deb

-include $(shell find build/$(FLAVOR) -name '*.d' 2>/dev/null)
