# SPDX-License-Identifier: MIT
GANGCTL_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard tools/gangctl/*.c tools/gangctl/*/*.c))
GANGCTL_LIBS := $(patsubst %,$(B)/lib%.a,book port config base)
GANGCTL_PKGS := libcurl jansson libuv libudev sqlite3 libsystemd inih zlib libmd

$(GANGCTL_OBJ): PKGS = $(GANGCTL_PKGS)

# Of the daemon it takes what reads the book, the configuration and the golden image, writes the configuration, checks
# filters and listens to udev; of proto, the causes.
$(B)/gangctl: $(GANGCTL_OBJ) $(GANGCTL_LIBS) $(B)/libproto.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(GANGCTL_PKGS)) -lm
