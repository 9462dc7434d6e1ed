/* SPDX-License-Identifier: MIT */
/* build/common/stub.json, as bytes in the program. */
    .section .rodata
    .global builtin_stub_json, builtin_stub_json_size
builtin_stub_json:
    .incbin STUB_JSON
end:
    .balign 4
builtin_stub_json_size:
    .long end - builtin_stub_json
    .section .note.GNU-stack, "", %progbits
