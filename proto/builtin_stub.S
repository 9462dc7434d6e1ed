/* SPDX-License-Identifier: MIT */
/* build/common/stub.json, as bytes in the program. */
    .section .rodata
    .global builtin_stub_json, builtin_stub_json_end
builtin_stub_json:
    .incbin STUB_JSON
builtin_stub_json_end:
    .section .note.GNU-stack, "", @progbits
