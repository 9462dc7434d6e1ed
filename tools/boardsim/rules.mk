# SPDX-License-Identifier: MIT
# libboardsim.a is the board alone, in virtual time; the program adds the bench around it.
BOARDSIM_BENCH := main run bench unit spec operator script hands control adapter umockdev
BOARDSIM_OBJ   := $(patsubst %.c,$(B)/%.o,$(wildcard tools/boardsim/*.c))
BENCH_OBJ      := $(filter $(BOARDSIM_BENCH:%=$(B)/tools/boardsim/%.o),$(BOARDSIM_OBJ))
BOARDSIM_PKGS  := umockdev-1.0 glib-2.0 gio-2.0 libmd

$(BOARDSIM_OBJ): PKGS = $(BOARDSIM_PKGS)

$(B)/libboardsim.a: $(filter-out $(BENCH_OBJ),$(BOARDSIM_OBJ))

# umockdev looks at its own /sys by way of its preload: linked in, boardsim need not start itself a second time.
$(B)/boardsim: $(BENCH_OBJ) $(B)/libboardsim.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -Wl,--no-as-needed -lumockdev-preload -Wl,--as-needed $(call pkg,libs,$(BOARDSIM_PKGS))
