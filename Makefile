# SPDX-License-Identifier: MIT
#
# Every verb of the project. Each room describes its own objects in ROOM/rules.mk.
#
#   make            build gangd, gangctl, boardsim and the stub
#   make demo       watch eight virtual boards being flashed; DEMO_UNITS=N ends after N units
#   make test       build with sanitizers and run every test
#   make test-peers  of these, the ones in which other people's programs are the referee
#   make test-kernel  gangd as a service in a machine with Debian's kernel and drivers
#   make bench      seconds, CPU and memory per unit
#   make fuzz       run each fuzzer for FUZZ_SECONDS
#   make lint       formatting, clang-tidy, cppcheck, shellcheck, dependencies between files
#   make install    into DESTDIR and prefix
#   make deb        Debian packages, in build/deb
#   make test-package  of these packages: lintian, install, upgrade, remove, purge
#
# FLAVOR=release (default), san (ASan and UBSan) or fuzz (clang, libFuzzer) chooses the build under build/.

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
zshdir      ?= $(prefix)/share/zsh/vendor-completions

CC_release := gcc
CC_san     := gcc
CC_fuzz    := clang
CC         := $(CC_$(FLAVOR))
PKG_CONFIG ?= pkg-config

OPT_release := -O2 -g
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

.PHONY: all deps deps-build demo test bench fuzz lint format check-format install deb clean
all: $(B)/gangd $(B)/gangctl $(B)/boardsim $(S)/stub.json $(S)/demo.bin

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

format:
	clang-format -i $(SOURCES)

check-format:
	$(Q)clang-format --dry-run -Werror $(SOURCES)

lint: deps
	$(MAKE) check-format
	$(MAKE) -j2 --output-sync lint-tidy lint-cppcheck lint-shell lint-house lint-page

clean:
	rm -rf build

install: all
	install -D -m 755 $(B)/gangd $(DESTDIR)$(sbindir)/gangd
	install -D -m 755 $(B)/gangctl $(DESTDIR)$(bindir)/gangctl
	install -D -m 755 $(B)/boardsim $(DESTDIR)$(bindir)/boardsim
	install -D -m 644 $(S)/stub.json $(DESTDIR)$(datadir)/stub.json
	install -d $(DESTDIR)$(datadir)/web
	install -m 644 $(wildcard web/*.html web/*.css web/*.js web/*.svg) $(DESTDIR)$(datadir)/web
	install -D -m 644 config/gangd.conf $(DESTDIR)$(sysconfdir)/gangd/gangd.conf
	install -D -m 644 systemd/gangd.service $(DESTDIR)$(unitdir)/gangd.service
	install -D -m 644 systemd/gangd.socket $(DESTDIR)$(unitdir)/gangd.socket
	install -D -m 644 systemd/60-gangd.rules $(DESTDIR)$(udevdir)/60-gangd.rules
	for page in docs/man/*.[158]; do install -D -m 644 $$page $(DESTDIR)$(mandir)/man$${page##*.}/$${page##*/}; done
	install -D -m 644 systemd/gangd.sysusers $(DESTDIR)$(sysusersdir)/gangd.conf
	install -D -m 644 systemd/gangd.tmpfiles $(DESTDIR)$(tmpfilesdir)/gangd.conf
	for name in gangctl gangd boardsim; do \
	    install -D -m 644 tools/completion/$$name.bash $(DESTDIR)$(bashdir)/$$name && \
	    install -D -m 644 tools/completion/_$$name $(DESTDIR)$(zshdir)/_$$name || exit; \
	done

deb:
	tools/install-deps.sh build deb
	tools/make-deb.sh build/deb

-include $(shell find build/$(FLAVOR) -name '*.d' 2>/dev/null)
