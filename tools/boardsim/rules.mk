# SPDX-License-Identifier: MIT
# libboardsim.a is the board alone, in virtual time, and its adapters at a kernel's USB. The program puts them into a rack.
USB_OBJ       := $(patsubst %.c,$(B)/%.o,$(wildcard tools/boardsim/usb/*.c))
CHIP_OBJ      := $(patsubst %.c,$(B)/%.o,$(wildcard tools/boardsim/board/*.c tools/boardsim/board/*/*.c))
BOARD_OBJ     := $(CHIP_OBJ) $(patsubst %.c,$(B)/%.o,tools/boardsim/sim_adapter.c tools/boardsim/backend_vhci.c \
                   tools/boardsim/preload/node_name.c) $(USB_OBJ)
PROGRAM_OBJ     := $(filter-out $(BOARD_OBJ),$(patsubst %.c,$(B)/%.o,$(wildcard tools/boardsim/*.c)))
BOARDSIM_PKGS := umockdev-1.0 glib-2.0 gio-2.0 libmd zlib

$(BOARD_OBJ) $(PROGRAM_OBJ): PKGS = $(BOARDSIM_PKGS)

# Or gcc puts the copies of GO() together again.
$(B)/tools/boardsim/board/cpu/lx106.o: CFLAGS += -fno-crossjumping
# What the tests with sanitizers spend most of their time in.
$(CHIP_OBJ): CFLAGS += -O2

$(B)/libboardsim.a: $(BOARD_OBJ)

# umockdev looks at its own /sys by way of its preload: linked in, boardsim need not start itself a second time.
$(B)/boardsim: $(PROGRAM_OBJ) $(B)/libboardsim.a
	$(call said,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -Wl,--defsym=sendmsg=patient_sendmsg -Wl,--no-as-needed -lumockdev-preload -Wl,--as-needed $(call pkg,libs,$(BOARDSIM_PKGS))

# Goes into any program, so without sanitizers. boardsim looks for it beside itself, and in ../lib/gangd.
PRELOAD     := tools/boardsim/preload
PLAIN_FLAGS  = $(filter-out -fsanitize% -fno-sanitize%,$(1)) -fPIC -fvisibility=hidden
PRELOAD_OBJ  = $(B)/$(PRELOAD)/preload.o $(B)/$(PRELOAD)/port_lines.o
$(PRELOAD_OBJ): CFLAGS := $(call PLAIN_FLAGS,$(CFLAGS))
STAND_INS    = $(foreach name,realpath canonicalize_file_name,-Wl,--defsym=$(name)=preload_$(name)) \
               $(foreach name,open opendir ioctl close read write readlinkat fstatat,-Wl,--defsym=$(name)=preload_$(name)) -Wl,--defsym=open64=preload_open \
               -Wl,--defsym=__realpath_chk=preload_realpath_chk
$(B)/boardsim: | $(B)/boardsim-preload.so
# node_name.c is compiled once more: its object is for its test, with sanitizers.
$(B)/boardsim-preload.so: $(PRELOAD_OBJ) $(PRELOAD)/node_name.c $(PRELOAD)/node_name.h
	$(call said,LD)
	$(Q)$(CC) $(CPPFLAGS) $(call PLAIN_FLAGS,$(CFLAGS) $(LDFLAGS)) -shared $(STAND_INS) -o $@ \
	    $(filter %.o %.c,$^) -ldl
