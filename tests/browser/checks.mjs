/* SPDX-License-Identifier: MIT */
/* A small test runner: named checks, a count, and waiting for a condition. */
import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';

let passed = 0;
let failed = 0;

/* Runs `body`. A failure is reported and counted; the following checks still run. */
export async function check(name, body) {
    try {
        await body();
        passed++;
        console.log(`ok    ${name}`);
    } catch (error) {
        failed++;
        const lines = stripVTControlCharacters(String(error.message)).split('\n');
        console.log(`FAIL  ${name}\n      ${lines.join('\n      ')}`);
    }
}

export function failures() {
    return failed;
}

/* Prints the sum. Returns true if at least one check ran and none failed. */
export function summary() {
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 && passed > 0;
}

/* Calls `probe` until it returns a true value, and returns that. The limit is generous: it is for hangs, not for slow
 * machines. */
export async function until(what, probe, seconds = 120) {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
        const value = await probe();
        if (value)
            return value;
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail(`waited ${seconds} s in vain: ${what}`);
}
