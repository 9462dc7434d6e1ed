# SPDX-License-Identifier: MIT
GANGCTL_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard tools/gangctl/*.c tools/gangctl/*/*.c))
GANGCTL_LIBS := $(patsubst %,$(B)/lib%.a,book port config base)
GANGCTL_PKGS := libcurl jansson libuv libudev sqlite3 libsystemd inih libdeflate zlib libmd

$(GANGCTL_OBJ): PKGS = $(GANGCTL_PKGS)

# Of the daemon's libraries it uses the book's reader and filters, the configuration and its editor, the product, hotplug
# and the port holder; of proto, the causes and the golden image.
$(B)/gangctl: $(GANGCTL_OBJ) $(GANGCTL_LIBS) $(B)/libproto.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(GANGCTL_PKGS)) -lm
