/* SPDX-License-Identifier: MIT */
/* The details of one slot, for the engineer. */
import { setBlocked, setText } from './tile.js';
import { PHASES } from './phases.js';
import { baud, canStart, describe, startWord, localDate, localTime, size, slotLabel, tryText } from './words.js';

function written(attempt) {
    if (attempt.verdict === null || typeof attempt.written !== 'boolean')
        return '';
    if (attempt.written)
        return 'yes';
    return attempt.verdict === 'pass' ? 'no: the image was there already' : 'no';
}

/* A row for each try that has ended. The only one of an attempt that has ended says nothing new. */
function tryRows(attempt) {
    const results = attempt.try_results ?? [];
    if (attempt.verdict !== null && results.length === 1)
        return [];
    return results.map((result, i) => [`Try ${i + 1}`, tryText(result)]);
}

/* [[term, value], …]; rows without a value are left out. */
function attemptRows(attempt) {
    if (attempt === null)
        return [['Attempt', 'none yet']];
    return [
        ['Attempt', String(attempt.id)],
        ['Verdict', attempt.verdict ?? 'open'],
        ['Cause', attempt.cause === 'none' ? '' : attempt.cause],
        ['Detail', attempt.detail],
        ['MAC', attempt.mac],
        ['Chip', [attempt.chip, attempt.chip_id].filter(Boolean).join(' ')],
        ['Flash', [attempt.flash_id, attempt.flash_size > 0 ? size(attempt.flash_size) : ''].filter(Boolean).join(' ')],
        ['Flash note', attempt.flash_note],
        ['Flash unique id', attempt.flash_unique_id],
        ['Baud', baud(attempt.baud)],
        ['Written', written(attempt)],
        ['Tries', attempt.tries > 0 ? String(attempt.tries) : ''],
        ...tryRows(attempt),
        ['Started', localTime(attempt.started)],
        ['Ended', localTime(attempt.ended)],
        ['Image MD5', attempt.image_md5],
        ['Image SHA-256', attempt.image_sha256],
        ['Stub', attempt.stub],
        ['Lot', attempt.lot],
        ['Operator', attempt.operator],
    ];
}

function slotRows(slot) {
    const { adapter } = slot;
    return [
        ['Path', slot.path],
        ['State', slot.state],
        ['Presence', slot.presence],
        ['Since', localTime(slot.since)],
        ['Port', adapter?.devnode],
        ['Driver', adapter?.driver],
        ['Model', adapter?.model],
        ['USB id', adapter?.vid && adapter?.pid ? `${adapter.vid}:${adapter.pid}` : ''],
        ['Serial no.', adapter ? adapter.serial || 'none' : ''],
    ];
}

/* Fills a <dl>, reusing its elements so that updates keep a selection and a screen reader's position. */
function fillRows(list, rows) {
    const shown = rows.filter(([, value]) => value);
    while (list.children.length > shown.length * 2)
        list.lastElementChild.remove();
    while (list.children.length < shown.length * 2)
        list.append(document.createElement('dt'), document.createElement('dd'));
    shown.forEach(([term, value], i) => {
        setText(list.children[2 * i], term);
        setText(list.children[2 * i + 1], value);
    });
}

function fillPhases(list, seconds) {
    if (list.children.length === 0) {
        for (const [, label] of PHASES) {
            const term = document.createElement('dt');
            const value = document.createElement('dd');
            term.textContent = label;
            value.append(document.createElement('span'), document.createElement('i'));
            list.append(term, value);
        }
    }
    const longest = Math.max(0.001, ...PHASES.map(([key]) => seconds?.[key] ?? 0));
    PHASES.forEach(([key], i) => {
        const value = seconds?.[key] ?? 0;
        const [number, bar] = list.children[2 * i + 1].children;
        setText(number, value > 0 ? value.toFixed(2) : '–');
        bar.style.setProperty('transform', `scaleX(${value / longest})`);
    });
}

export class Details {
    #dialog = document.getElementById('details');
    #name = null;

    constructor({ onStart }) {
        const dialog = this.#dialog;
        const part = (selector) => dialog.querySelector(selector);
        this.parts = {
            title: part('h2'),
            word: part('.details-word'),
            sentence: part('.details-sentence'),
            remedy: part('.details-remedy'),
            attempt: part('.attempt-rows'),
            slot: part('.slot-rows'),
            phases: part('.phases'),
            history: part('.history'),
            start: part('.start'),
        };
        part('.close').addEventListener('click', () => dialog.close());
        this.parts.start.addEventListener('click', () => onStart(this.#name));
        /* The target of a click beside the dialog is the dialog element itself. */
        dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
        dialog.addEventListener('close', () => (this.#name = null));
    }

    /* The name of the displayed slot, or null. */
    get name() {
        return this.#name;
    }

    open(slot, blocked) {
        this.#name = slot.slot;
        this.show(slot, blocked);
        this.#dialog.showModal();
    }

    close() {
        this.#dialog.close();
    }

    /* As Tile.show(). */
    show(slot, blocked) {
        const view = describe(slot);
        const { parts } = this;
        this.#dialog.dataset.look = view.look;
        const label = slotLabel(slot.slot);
        setText(parts.title, label === slot.slot ? `Slot ${label}` : slot.slot);
        setText(parts.word, view.percent === null ? view.word : `${view.word} ${view.percent} %`);
        setText(parts.sentence, view.sentence);
        setText(parts.remedy, view.remedy);
        fillRows(parts.attempt, attemptRows(slot.attempt));
        fillRows(parts.slot, slotRows(slot));
        fillPhases(parts.phases, slot.attempt?.seconds);
        parts.start.hidden = !canStart(slot);
        setText(parts.start, startWord(slot));
        setBlocked(parts.start, blocked);
        const query = new URLSearchParams({ format: 'csv', slot: slot.slot, since: localDate(new Date()) });
        parts.history.href = `/api/v1/attempts?${query}`;
    }
}
