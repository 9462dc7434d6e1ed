/* SPDX-License-Identifier: MIT */
/*
 * What a person sets off: an attempt in one slot, or in all that wait for it. And the button for all, at the foot of the
 * page, which is there only if some slot waits for it.
 */
import { start } from './api.js';
import { setText } from './tile.js';
import { slotLabel, startText, waitsForStart, canStart } from './words.js';

/* A press so soon after another is the second half of a double click, or a foot switch that bounces. */
const REST_MS = 1000;

/* What a foot switch types. */
const KEY = 's';

const STATION = ''; /* no slot is called that */

export class Start {
    #bar = document.getElementById('start-bar');
    #button = document.getElementById('start');
    #toast = document.getElementById('toast');
    #toastTimer = 0;
    #resting = new Set(); /* slots and STATION */

    constructor() {
        this.#button.addEventListener('click', () => this.all());
        addEventListener('keydown', (event) => this.#key(event), { capture: true });
    }

    /* What can start, as `slots` are. */
    show(slots) {
        const able = slots.filter((slot) => waitsForStart(slot) && canStart(slot)).length;
        this.#bar.hidden = !slots.some(waitsForStart);
        /* Not `disabled`: that would take the focus away from who presses it again and again. */
        this.#button.setAttribute('aria-disabled', String(able === 0));
        setText(this.#button.querySelector('.start-what'), startText(able));
    }

    /* A new attempt in the slot of that name. */
    one(name) {
        return this.#once(name, async () => {
            const { reason } = await start(name);
            this.#say(reason && `${slotLabel(name)}: ${reason}`);
        });
    }

    /* A new attempt in each slot that waits for it. */
    all() {
        if (this.#button.getAttribute('aria-disabled') === 'true') {
            this.#say(startText(0));
            return undefined;
        }
        return this.#once(STATION, async () => {
            const { reason, started } = await start();
            this.#say(reason || (started?.length === 0 ? startText(0) : ''));
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
            event.preventDefault(); /* Enter held down would click on and on */
        else if (event.key.toLowerCase() === KEY && plain && !event.repeat && !this.#bar.hidden)
            this.all();
    }

    #say(text) {
        clearTimeout(this.#toastTimer);
        this.#toast.hidden = text === '';
        setText(this.#toast, text);
        this.#toastTimer = setTimeout(() => (this.#toast.hidden = true), 6000);
    }
}
