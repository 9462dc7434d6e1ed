# SPDX-License-Identifier: MIT
# demo.bin: a 4 MB golden image like a real product's.
$(S)/demo-image: tools/demo-image.c
	@mkdir -p $(@D)
	gcc -std=gnu11 -O2 $(WARN) -o $@ $<

$(S)/demo.bin: $(S)/demo-image
	$(S)/demo-image $@
