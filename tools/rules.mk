# SPDX-License-Identifier: MIT
# The page's list of phases. Checked in, so that the page needs no build step; "make lint" compares it.
web/phases.js: proto/recipe/phase.h tools/phases-js.sh
	$(call said,GEN)
	$(Q)tools/phases-js.sh > $@

# The tables of flash parts in their page, written by the test that compares them.
.PHONY: docs/flash-parts.md
docs/flash-parts.md: $(B)/tests/unit/proto/test_nor_parts
	$(Q)$< write

# demo.bin: a 4 MB golden image that resembles a real product's, with a bootable demo firmware.
FIRMWARE_OBJ := $(patsubst %.c,$(S)/%.o,$(wildcard tools/demo/firmware_*.c))
IMAGE_SRC    := $(filter-out tools/demo/firmware_%.c,$(wildcard tools/demo/*.c)) tools/demo/firmware_elf.S

$(S)/tools/demo/%.o: tools/demo/%.c tools/rules.mk
	@mkdir -p $(@D)
	$(call said,CC)
	$(Q)$(STUB_TOOLS)gcc -I. $(STUB_CFLAGS) -MMD -MP -c -o $@ $<

$(S)/firmware.elf: tools/demo/firmware.ld $(FIRMWARE_OBJ)
	$(call said,LD)
	$(Q)$(STUB_TOOLS)gcc -nostdlib -Wl,--gc-sections -Wl,--fatal-warnings -T $^ -lgcc -o $@

$(S)/demo-image: $(IMAGE_SRC) $(wildcard tools/demo/*.h) $(S)/firmware.elf
	@mkdir -p $(@D)
	$(call said,CC)
	$(Q)gcc -I. -std=gnu11 -O2 $(WARN) -DFIRMWARE_ELF='"$(S)/firmware.elf"' -o $@ $(IMAGE_SRC)

$(S)/demo.bin: $(S)/demo-image
	$(S)/demo-image $@

-include $(FIRMWARE_OBJ:.o=.d)
