# SPDX-License-Identifier: MIT
PROTO_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard proto/*/*.c))
PROTO_PKGS := jansson libdeflate zlib libmd

$(PROTO_OBJ): PKGS = $(PROTO_PKGS)

# Our stub is linked into the program, in the same JSON form that `stub = FILE` takes.
$(B)/proto/image/builtin_stub.o: proto/image/builtin_stub.S $(S)/stub.json
	@mkdir -p $(@D)
	$(call said,AS)
	$(Q)$(CC) -DSTUB_JSON='"$(S)/stub.json"' -c -o $@ $<

$(B)/libproto.a: $(PROTO_OBJ) $(B)/proto/image/builtin_stub.o
