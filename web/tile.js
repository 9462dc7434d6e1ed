/* SPDX-License-Identifier: MIT */
/* One slot on the screen. */
import { describe, slotLabel } from './words.js';

const template = document.getElementById('tile');

/* Changes the DOM only if the text differs, because up to 64 tiles are updated four times a second. */
export function setText(element, text) {
    if (element.textContent !== text)
        element.textContent = text;
}

function setData(element, key, value) {
    if (element.dataset[key] !== value)
        element.dataset[key] = value;
}

/* Enables a start button, or disables it for a reason. Not `disabled`, which would remove the keyboard focus from it. */
export function setBlocked(button, reason) {
    if (button.title === reason && button.hasAttribute('aria-disabled'))
        return;
    button.setAttribute('aria-disabled', String(reason !== ''));
    button.title = reason;
}

/* Widths of words in units of the font size, so that a word can be made to fill its tile with any font. */
const widths = new Map();
const pen = document.createElement('canvas').getContext('2d');

function widthOf(word, element) {
    if (!widths.has(word)) {
        const style = getComputedStyle(element);
        pen.font = `${style.fontWeight} 100px ${style.fontFamily}`;
        widths.set(word, pen.measureText(word).width / 100);
    }
    return widths.get(word);
}

export class Tile {
    constructor(name, { onDetails, onStart }) {
        this.element = template.content.firstElementChild.cloneNode(true);
        const part = (selector) => this.element.querySelector(selector);
        const all = (selector) => [...this.element.querySelectorAll(selector)];
        this.parts = {
            slot: part('.slot'),
            percents: all('.percent'),
            icons: all('.icon'),
            word: part('.word'),
            bar: part('.bar'),
            fill: part('.fill'),
            sentence: part('.sentence'),
            remedy: part('.remedy'),
            mac: part('.mac'),
            aside: part('.aside'),
            start: part('.start'),
        };
        this.element.dataset.slot = name;
        this.parts.slot.textContent = slotLabel(name);
        this.parts.slot.title = name;
        this.parts.slot.addEventListener('click', () => onDetails(name));
        this.parts.start.addEventListener('click', () => onStart(name));
    }

    /* Shows `slot`, a SLOT of the API. `blocked`: why no slot can start, a sentence or ''. */
    show(slot, blocked) {
        const view = describe(slot);
        const { parts } = this;
        setData(this.element, 'state', slot.state);
        setData(this.element, 'look', view.look);

        const running = view.percent !== null;
        if (this.word !== view.word) {
            this.word = view.word;
            parts.word.textContent = view.word;
            parts.word.style.setProperty('--width', widthOf(view.word, parts.word).toFixed(3));
        }
        if (this.icon !== view.icon) {
            this.icon = view.icon;
            for (const icon of parts.icons) {
                icon.classList.toggle('gone', view.icon === null);
                icon.firstElementChild.setAttribute('href', `#icon-${view.icon}`);
            }
        }
        for (const percent of parts.percents)
            setText(percent, running ? `${view.percent}\u202f%` : '');
        parts.bar.hidden = !running;
        if (running) {
            parts.bar.setAttribute('aria-valuenow', view.percent);
            parts.bar.setAttribute('aria-label', `${slotLabel(slot.slot)} ${view.word.toLowerCase()}`);
            parts.fill.style.setProperty('transform', `scaleX(${view.percent / 100})`);
        }
        setText(parts.sentence, view.sentence);
        setText(parts.remedy, view.remedy);
        setText(parts.mac, view.mac);
        setText(parts.aside, running && view.left ? view.left : view.aside);
        parts.aside.classList.toggle('left', running && view.left !== '');
        parts.start.hidden = view.action === '';
        setText(parts.start, view.action);
        setBlocked(parts.start, blocked);
        parts.start.setAttribute('aria-label', `${slotLabel(slot.slot)}: ${view.action.toLowerCase()}`);
        parts.slot.setAttribute('aria-label', `${slotLabel(slot.slot)}, ${view.word.toLowerCase()}: details`);
    }
}
