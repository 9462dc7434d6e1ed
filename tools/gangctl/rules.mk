# SPDX-License-Identifier: MIT
GANGCTL_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard tools/gangctl/*.c))
GANGCTL_PKGS := libcurl jansson

$(GANGCTL_OBJ): PKGS = $(GANGCTL_PKGS)

$(B)/gangctl: $(GANGCTL_OBJ)
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(GANGCTL_PKGS))
