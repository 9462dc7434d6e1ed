# SPDX-License-Identifier: MIT
# One library a room, named after it. A program links those it needs, from top to bottom.
DAEMON_ROOMS := api station book port config base
DAEMON_LIBS  := $(DAEMON_ROOMS:%=$(B)/lib%.a)
DAEMON_MAIN  := $(patsubst %.c,$(B)/%.o,$(wildcard daemon/*.c))
DAEMON_PKGS  := libuv libudev sqlite3 jansson libdeflate zlib libmd libmicrohttpd inih libsystemd

$(B)/daemon/%.o: PKGS = $(DAEMON_PKGS)

$(foreach room,$(DAEMON_ROOMS),$(eval $(B)/lib$(room).a: $(patsubst %.c,$(B)/%.o,$(wildcard daemon/$(room)/*.c))))

$(B)/gangd: $(DAEMON_MAIN) $(DAEMON_LIBS) $(B)/libproto.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(DAEMON_PKGS)) -lzopfli -lm
