/* SPDX-License-Identifier: MIT */
/* Translates the API's states and codes to texts for people. Pure functions: no DOM, no network. */

import { PHASES } from './phases.js';

/* Appearance and name of each tile state. `look` chooses colour and pattern in tiles.css, `icon` the shape. */
const STATES = {
    empty: { look: 'empty', word: 'EMPTY', icon: 'empty' },
    ready: { look: 'ready', word: 'READY', icon: 'ready' },
    muted: { look: 'muted', word: 'IGNORED', icon: 'muted' },
    settling: { look: 'busy', word: 'SETTLING', icon: 'settling' },
    waiting: { look: 'wait', word: 'WAIT', icon: 'press' },
    flashing: { look: 'busy', word: 'WORKING', icon: null },
    pass: { look: 'pass', word: 'PASS', icon: 'pass' },
    fail: { look: 'fail', word: 'FAIL', icon: 'fail' },
    interrupted: { look: 'broken', word: 'INTERRUPTED', icon: 'broken' },
    blocked: { look: 'alarm', word: 'BLOCKED', icon: 'blocked' },
    stuck: { look: 'alarm', word: 'STUCK', icon: 'warn' },
};

/* Groups the phases to the few steps that matter to an operator. */
const PHASE_WORDS = Object.fromEntries(PHASES.map(([phase, , word]) => [phase, word]));

/* Instructions to the operator for states in which the daemon's sentence does not contain one. */
const ADVICE = {
    pass: 'Take the board out',
    stuck: 'Unplug the adapter and plug it in again',
};

/* Whether this is a fixture in which a person starts each attempt. */
export function waitsForStart(slot) {
    return slot.presence === 'start';
}

/* Whether the API starts an attempt in this slot. */
export function canStart(slot) {
    return ['ready', 'pass', 'fail', 'interrupted', 'blocked'].includes(slot.state);
}

/* The label of the start button. */
export function startWord(slot) {
    return waitsForStart(slot) || slot.state === 'ready' ? 'Start' : 'Try again';
}

/* Why gangd would start an attempt in no slot, as a sentence; '' if it would. */
export function hindrance(station) {
    return station?.blocked ?? '';
}

/* Whether the tile shows the button. Slots that detect boards themselves need it only for another attempt with a board
 * that did not pass. */
function offersStart(slot) {
    return ['fail', 'interrupted'].includes(slot.state) || (waitsForStart(slot) && ['ready', 'pass'].includes(slot.state));
}

/* The text on the button for the whole station; `able` is the number of slots that it would start. */
export function startText(able, blocked = '') {
    if (blocked !== '')
        return blocked;
    return able === 0 ? 'No slot can start now' : `${able} ${able === 1 ? 'slot' : 'slots'}`;
}

/* All contents of a tile. A text without content is ''. */
export function describe(slot) {
    const state = STATES[slot.state] ?? { look: 'muted', word: String(slot.state).toUpperCase(), icon: 'muted' };
    const attempt = slot.attempt;
    const flashing = slot.state === 'flashing' && attempt !== null;
    const failed = ['fail', 'interrupted', 'stuck'].includes(slot.state) && attempt !== null && attempt.verdict !== null;
    const view = {
        look: state.look,
        word: state.word,
        icon: state.icon,
        percent: null,
        left: '',
        sentence: slot.prompt || slot.sentence || ADVICE[slot.state] || '',
        remedy: '',
        mac: '',
        aside: '',
        action: offersStart(slot) ? startWord(slot) : '',
    };
    if (flashing) {
        view.word = PHASE_WORDS[attempt.phase] ?? state.word;
        view.percent = Math.max(0, Math.min(100, Math.floor(attempt.percent ?? 0)));
        view.left = duration(attempt.seconds_left);
        if (attempt.tries > 1 && attempt.previous_try)
            view.remedy = `Try ${attempt.tries} of ${attempt.tries_allowed}. Before: ${attempt.previous_try}`;
    }
    if (failed && attempt.cause === 'no-board')
        view.word = 'NO BOARD';
    if (failed) {
        view.sentence = attempt.sentence || view.sentence;
        view.remedy = attempt.remedy || '';
    }
    if (['empty', 'ready'].includes(slot.state))
        view.aside = lastResult(attempt);
    else if (attempt !== null && slot.state !== 'settling' && slot.state !== 'muted') {
        view.mac = attempt.mac || '';
        view.aside = tryAndBaud(attempt);
    }
    return view;
}

/* "Last: 18:fe:34:a1:b2:c3 passed": the result of the previous board, for a slot without a board. */
function lastResult(attempt) {
    const words = { pass: 'passed', fail: 'failed', interrupted: 'interrupted' };
    if (attempt === null || !(attempt.verdict in words))
        return '';
    return `Last: ${attempt.mac || 'board'} ${words[attempt.verdict]}${unwritten(attempt)}`;
}

/* Text for a board that held the image already. */
function unwritten(attempt) {
    return attempt.verdict === 'pass' && attempt.written === false ? ', not written' : '';
}

function tryAndBaud(attempt) {
    const parts = [];
    if (attempt.tries > 1)
        parts.push(`try ${attempt.tries}`);
    if (attempt.baud > 0)
        parts.push(baud(attempt.baud));
    return parts.join(' · ');
}

export function baud(rate) {
    return rate > 0 ? `${rate} Bd` : '';
}

/* "921600 Bd, 4.2 s: line-noise (12 bytes that make no sense)" */
export function tryText(result) {
    const detail = result.detail ? ` (${result.detail})` : '';
    const cause = result.cause === 'none' ? 'passed' : result.cause + detail;
    return `${baud(result.baud)}, ${result.seconds.toFixed(1)} s: ${cause}`;
}

/* Seconds as "8 s" or "2 min 05 s"; '' for null. Rounded up, so that "0 s" is never shown during the wait. */
export function duration(seconds) {
    if (seconds === null || seconds === undefined || !Number.isFinite(seconds))
        return '';
    const whole = Math.max(1, Math.ceil(seconds));
    if (whole < 100)
        return `${whole} s`;
    return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
}

/* Bytes as "4 MB", "512 KB", "1000 B": powers of 1024, as flash parts are sold. */
export function size(bytes) {
    for (const [unit, factor] of [['MB', 1 << 20], ['KB', 1 << 10]])
        if (bytes >= factor)
            return `${Number((bytes / factor).toFixed(2))} ${unit}`;
    return `${bytes} B`;
}

/* The short name of a configured slot, or of a slot that is named by its USB path the part that differs: the ports. */
export function slotLabel(name) {
    const usb = /-usb-\d+:([\d.]+)(?::(\d+)\.(\d+))?(-port\d+)?$/.exec(name);
    if (usb === null)
        return name;
    const part = usb[4] ?? (usb[3] > 0 ? `.${usb[3]}` : '');
    return `usb ${usb[1]}${part}`;
}

/* The attempts behind the counted units. */
export function attemptsText({ pass, fail, interrupted }) {
    return `Attempts: ${pass} passed, ${fail} failed, ${interrupted} interrupted`;
}

export function yieldText(ratio) {
    if (ratio === null || ratio === undefined)
        return '–';
    /* Rounded down: 99.96 % is not yet 100 %. */
    return `${Number((Math.floor(ratio * 1000) / 10).toFixed(1))} %`;
}

/* "golden.bin, 4 MB, 5eb63bbb" */
export function imageText(golden) {
    const files = golden?.files ?? [];
    if (files.length === 0)
        return '–';
    const name = files[0].file.split('/').pop();
    const more = files.length > 1 ? ` +${files.length - 1}` : '';
    return [name + more, size(golden.size), (golden.sha256 ?? '').slice(0, 8)].filter(Boolean).join(' · ');
}

/* Problems of the whole station: [{severity, title, text}], most serious first. */
export function troubles(station) {
    const list = [];
    if (station.held)
        list.push({
            severity: 'warn',
            title: 'gangd is paused: no attempt begins.',
            text: 'A board that is plugged in now must be plugged in again, or started, after the pause.',
        });
    if (station.book && !station.book.ok)
        list.push({
            severity: 'alarm',
            title: 'The book cannot be written: no board is flashed.',
            text: station.book.error ?? '',
        });
    if (station.golden && !station.golden.ok)
        list.push({
            severity: 'alarm',
            title: 'There is no golden image: no board is flashed.',
            text: station.golden.error ?? '',
        });
    else if (station.golden?.error)
        list.push({
            severity: 'warn',
            title: 'The new golden image was refused; the one before stays in force.',
            text: station.golden.error,
        });
    return list;
}

/* The result of an attempt as text for a screen reader. */
export function spoken(attempt) {
    const words = { pass: 'pass', fail: 'fail', interrupted: 'interrupted' };
    const cause = attempt.verdict === 'pass' ? '' : ` ${attempt.sentence || attempt.cause || ''}.`;
    return `${slotLabel(attempt.slot)}: ${words[attempt.verdict] ?? attempt.verdict}${unwritten(attempt)}.${cause}`;
}

/* "2026-03-02 10:15:04", local; '' for null. The same everywhere, whatever the browser's language. */
export function localTime(iso) {
    if (!iso)
        return '';
    const date = new Date(iso);
    return `${localDate(date)} ${clock(date)}`;
}

export function clock(date) {
    return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

function two(n) {
    return String(n).padStart(2, '0');
}

/* The local date in the format of the API's `since`. */
export function localDate(date) {
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
