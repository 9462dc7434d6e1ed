# SPDX-License-Identifier: MIT
# stub.json: our stub in the JSON form that esptool uses too.
STUB_TOOLS  := xtensa-lx106-elf-
STUB_SRC    := $(wildcard stub/*.c)
STUB_OBJ    := $(STUB_SRC:%.c=$(S)/%.o)
STUB_CFLAGS := -std=gnu11 -Os $(WARN) -ffreestanding -fno-builtin -mlongcalls -mtext-section-literals -ffunction-sections \
               -fdata-sections -fno-tree-loop-distribute-patterns

# Optimized for speed, because every byte of an image goes through it.
$(addprefix $(S)/stub/,inflate.o frame.o uart.o spi.o crc32.o region_digest.o flash_write.o): STUB_CFLAGS += -O2
# The chip fetches an aligned branch target a cycle earlier; elsewhere the filling costs more room than that is worth.
$(addprefix $(S)/stub/,inflate.o frame.o uart.o crc32.o): STUB_CFLAGS += -mtarget-align

$(S)/stub/%.o: stub/%.c Makefile debian/changelog stub/rules.mk
	@mkdir -p $(@D)
	$(call said,CC)
	$(Q)$(STUB_TOOLS)gcc -mno-target-align -I. -DGANGD_VERSION='"$(VERSION)"' $(STUB_CFLAGS) -MMD -MP -c -o $@ $<

$(S)/stub.elf: stub/stub.ld $(STUB_OBJ)
	$(call said,LD)
	$(Q)$(STUB_TOOLS)gcc -nostdlib -Wl,--gc-sections -Wl,--fatal-warnings -Wl,-Map=$(@:.elf=.map) -T $^ -lgcc -o $@

$(S)/stub.json: $(S)/stub.elf stub/pack.sh
	$(call said,PACK)
	$(Q)TOOLS=$(STUB_TOOLS) stub/pack.sh $< > $@

-include $(STUB_OBJ:.o=.d)

# The parts that do not access the chip's registers are tested on the host.
$(B)/tests/unit/stub/test_stub_inflate: $(B)/stub/inflate.o
$(B)/tests/unit/stub/test_stub_frame: $(B)/stub/frame.o
STUB_JOB_OBJ := $(addprefix $(B)/stub/,flash_write.o flash_plan.o flash_digest.o inflate.o)
$(B)/tests/unit/stub/test_stub_flash_write: $(STUB_JOB_OBJ)
$(B)/tests/unit/stub/test_stub_flash_plan: $(STUB_JOB_OBJ)
STUB_STREAM_OBJ := $(STUB_JOB_OBJ) $(addprefix $(B)/stub/,stream.o frame.o crc32.o bytes.o)
$(B)/tests/unit/stub/test_stub_stream: $(STUB_STREAM_OBJ)
$(B)/tests/unit/stub/test_stub_crc32: $(B)/stub/crc32.o
