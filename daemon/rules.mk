# SPDX-License-Identifier: MIT
DAEMON_OBJ  := $(patsubst %.c,$(B)/%.o,$(filter-out daemon/main.c,$(wildcard daemon/*.c)))
DAEMON_PKGS := libuv libudev sqlite3 jansson zlib libmd libmicrohttpd inih libsystemd

$(DAEMON_OBJ) $(B)/daemon/main.o: PKGS = $(DAEMON_PKGS)

$(B)/libdaemon.a: $(DAEMON_OBJ)

$(B)/gangd: $(B)/daemon/main.o $(B)/libdaemon.a $(B)/libproto.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(DAEMON_PKGS)) -lm
