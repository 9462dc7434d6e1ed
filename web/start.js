/* SPDX-License-Identifier: MIT */
/*
 * Starts attempts by a person's command: in one slot, or in all slots with `presence = start`. Also the start button
 * for all slots, at the foot of the page, which is shown only if there is such a slot. */
import { start } from './api.js';
import { setText } from './tile.js';
import { slotLabel, startText, waitsForStart, canStart } from './words.js';

/* A press within this time after another is the second half of a double click, or a bounce of a foot switch. */
const REST_MS = 1000;

/* The key that a foot switch types. */
const KEY = 's';

const STATION = ''; /* not a valid name of a slot */

export class Start {
    #bar = document.getElementById('start-bar');
    #button = document.getElementById('start');
    #toast = document.getElementById('toast');
    #toastTimer = 0;
    #resting = new Set(); /* slots and STATION */
    #blocked = '';        /* why no slot can start: a sentence */

    constructor() {
        this.#button.addEventListener('click', () => this.all());
        addEventListener('keydown', (event) => this.#key(event), { capture: true });
    }

    /* Updates the button for the states in `slots`, and for why none of them can start (a sentence, or ''). */
    show(slots, blocked) {
        this.#blocked = blocked;
        const able = slots.filter((slot) => waitsForStart(slot) && canStart(slot)).length;
        this.#bar.hidden = !slots.some(waitsForStart);
        /* Not `disabled`, which would remove the keyboard focus from the button. */
        this.#button.setAttribute('aria-disabled', String(able === 0 || blocked !== ''));
        setText(this.#button.querySelector('.start-what'), startText(able, blocked));
    }

    /* Starts an attempt in the slot of that name. */
    one(name) {
        if (this.#blocked !== '') {
            this.#say(this.#blocked);
            return undefined;
        }
        return this.#once(name, async () => {
            const { reason } = await start(name);
            this.#say(reason && `${slotLabel(name)}: ${reason}`);
        });
    }

    /* Starts an attempt in each slot with `presence = start` that can start one. */
    all() {
        if (this.#button.getAttribute('aria-disabled') === 'true') {
            this.#say(startText(0, this.#blocked));
            return undefined;
        }
        return this.#once(STATION, async () => {
            const { reason, started, refused } = await start();
            this.#say(reason || (started?.length === 0 ? startText(0, refused) : ''));
        });
    }

    async #once(what, action) {
        if (this.#resting.has(what))
            return;
        this.#resting.add(what);
        await action();
        setTimeout(() => this.#resting.delete(what), REST_MS);
    }

    #key(event) {
        const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
        if (event.repeat && event.target.closest?.('.start'))
            event.preventDefault(); /* the auto-repeat of Enter would click again and again */
        else if (event.key.toLowerCase() === KEY && plain && !event.repeat && this.#possible())
            this.all();
    }

    #possible() {
        return !this.#bar.hidden && ['yes', 'refused'].includes(document.body.dataset.control);
    }

    #say(text) {
        clearTimeout(this.#toastTimer);
        this.#toast.hidden = text === '';
        setText(this.#toast, text);
        this.#toastTimer = setTimeout(() => (this.#toast.hidden = true), 6000);
    }
}
