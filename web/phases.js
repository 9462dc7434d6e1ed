/* SPDX-License-Identifier: MIT */
/*
 * Made from proto/recipe/phase.h by tools/phases-js.sh: change it there, then run "make web/phases.js".
 */

/* The phases of an attempt, in order: [name in the API, label for the engineer, word on the tile]. */
export const PHASES = [
    ['reset', 'Reset', 'STARTING'],
    ['sync', 'Sync', 'STARTING'],
    ['identify', 'Identify', 'STARTING'],
    ['stub', 'Stub upload', 'STARTING'],
    ['baud', 'Baud change', 'STARTING'],
    ['compare', 'Compare (MD5)', 'COMPARING'],
    ['write', 'Erase and write', 'WRITING'],
    ['verify', 'Verify (MD5)', 'VERIFYING'],
    ['run', 'Run firmware', 'BOOTING'],
];
