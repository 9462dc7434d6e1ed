# SPDX-License-Identifier: MIT
# libboardsim.a is the board alone, in virtual time, and its adapters at a kernel's USB. The program puts them into a rack.
USB_OBJ       := $(patsubst %.c,$(B)/%.o,$(wildcard tools/boardsim/usb/*.c))
CHIP_OBJ      := $(patsubst %.c,$(B)/%.o,$(wildcard tools/boardsim/board/*.c tools/boardsim/board/*/*.c))
BOARD_OBJ     := $(CHIP_OBJ) $(patsubst %.c,$(B)/%.o,tools/boardsim/sim_adapter.c tools/boardsim/backend_vhci.c) $(USB_OBJ)
PROGRAM_OBJ     := $(filter-out $(BOARD_OBJ),$(patsubst %.c,$(B)/%.o,$(wildcard tools/boardsim/*.c)))
BOARDSIM_PKGS := umockdev-1.0 glib-2.0 gio-2.0 libmd

$(BOARD_OBJ) $(PROGRAM_OBJ): PKGS = $(BOARDSIM_PKGS)

# Or gcc puts the copies of GO() together again.
$(B)/tools/boardsim/board/cpu/lx106.o: CFLAGS += -fno-crossjumping
# What the tests with sanitizers spend most of their time in.
$(CHIP_OBJ): CFLAGS += -O2

$(B)/libboardsim.a: $(BOARD_OBJ)

# umockdev looks at its own /sys by way of its preload: linked in, boardsim need not start itself a second time.
$(B)/boardsim: $(PROGRAM_OBJ) $(B)/libboardsim.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -Wl,--no-as-needed -lumockdev-preload -Wl,--as-needed $(call pkg,libs,$(BOARDSIM_PKGS))
