/* SPDX-License-Identifier: MIT */
/*
 * The smallest runner that serves: named checks, a count, and waiting for a condition.
 */
import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';

let passed = 0;
let failed = 0;

/* Runs `body`; a failure is reported and counted, and the next check goes on. */
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

/* Prints the sum; true if all is well. Nothing checked is not well. */
export function summary() {
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 && passed > 0;
}

/* Asks until `probe` gives something true, and returns it. The limit is for what hangs, not for what is slow. */
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
