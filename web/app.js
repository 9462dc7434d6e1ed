/* SPDX-License-Identifier: MIT */
/* The dashboard: passes events from the connection to the model, and changes of the model to the screen. */
import { connect } from './api.js';
import { Details } from './details.js';
import { grid, TILE_MIN_HEIGHT } from './layout.js';
import { Sound } from './sound.js';
import { Start } from './start.js';
import { Model } from './state.js';
import { setText, Tile } from './tile.js';
import { attemptsText, clock, hindrance, imageText, localDate, slotLabel, spoken, troubles, yieldText } from './words.js';

const id = (name) => document.getElementById(name);

const model = new Model();
const tiles = new Map(); /* slot name → Tile */
const start = new Start();
const onStart = (name) => start.one(name);
const details = new Details({ onStart });
const sound = new Sound(showSound);

let connected = null; /* null until the connection is first made or has failed */
let lastHeard = null; /* Date of the last event */
let refusal = '';     /* why gangd serves no events to this page; '' if it does, or does not answer */
let commands = '';    /* why it takes no commands from it; '' if it does, or there are none on this listener */
let version = null;   /* of the gangd that served this page */

/* ---- events, displayed once per animation frame ---- */

const dirty = { slots: new Set(), order: false, station: false };
let frame = 0;

function receive(type, data) {
    lastHeard = new Date();
    /* What this page may ask for depends on its listener and its cookie: only the first snapshot tells. */
    const before = blocked();
    if (data.control !== undefined)
        showControl(data);
    const change = model.apply(type, data);
    change.slots.forEach((name) => dirty.slots.add(name));
    dirty.order ||= change.order;
    if (blocked() !== before)
        model.slots.forEach((slot, name) => dirty.slots.add(name));
    dirty.station ||= change.station;
    announce(change.verdicts, change.calls);
    if (change.station)
        showTitle();
    frame ||= requestAnimationFrame(paint);
}

function paint() {
    frame = 0;
    if (dirty.order)
        arrange();
    const reason = blocked();
    for (const name of dirty.slots) {
        const slot = model.slots.get(name);
        if (slot === undefined)
            continue;
        tiles.get(name).show(slot, reason);
        if (details.name === name)
            details.show(slot, reason);
    }
    if (dirty.station)
        showStation();
    if (dirty.order || dirty.station || dirty.slots.size > 0)
        start.show([...model.slots.values()], reason);
    dirty.slots.clear();
    dirty.order = dirty.station = false;
}

/* Creates, removes and sorts tiles to match the slots. Does not move tiles whose position is right. */
function arrange() {
    const main = id('tiles');
    for (const [name, tile] of tiles) {
        if (!model.slots.has(name)) {
            tile.element.remove();
            tiles.delete(name);
            if (details.name === name)
                details.close();
        }
    }
    let place = main.firstElementChild;
    for (const name of model.slots.keys()) {
        let tile = tiles.get(name);
        if (tile === undefined) {
            tile = new Tile(name, { onDetails: openDetails, onStart });
            tiles.set(name, tile);
            dirty.slots.add(name);
        }
        if (tile.element === place)
            place = place.nextElementSibling;
        else
            main.insertBefore(tile.element, place);
    }
    showEmptiness();
    fit();
}

function fit() {
    const main = id('tiles');
    const style = getComputedStyle(main);
    const width = main.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = main.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const { columns, rows } = grid(tiles.size, width, height, parseFloat(style.columnGap));
    main.style.setProperty('grid-template-columns', `repeat(${columns}, minmax(0, 1fr))`);
    main.style.setProperty('grid-template-rows', `repeat(${rows}, minmax(${TILE_MIN_HEIGHT}px, 1fr))`);
}

new ResizeObserver(fit).observe(id('tiles'));

/* ---- the station ---- */

function showStation() {
    const { gangd, station, today, golden, lot, operator } = model.station;
    /* A gangd of another version has another dashboard. */
    version ??= gangd;
    if (version !== gangd)
        location.reload();
    setText(id('station'), station);
    setText(id('count-pass'), String(today.units_passed));
    setText(id('count-fail'), String(today.units_failed));
    id('count-pass').title = id('count-fail').title = attemptsText(today);
    setText(id('count-yield'), yieldText(today.yield));
    id('count-yield').title = `First-pass yield: ${yieldText(today.first_pass_yield)}`;
    setText(id('count-rate'), today.units_per_hour === null ? '–' : String(Math.round(today.units_per_hour)));
    setText(id('fact-image'), imageText(golden));
    id('fact-image').title = golden?.sha256 ? `SHA-256 ${golden.sha256}` : '';
    setText(id('fact-lot'), lot || '–');
    setText(id('fact-operator'), operator || '–');
    showBanners();
}

function showTitle() {
    const { station, today } = model.station ?? {};
    const counts = today ? `✓ ${today.units_passed}  ✕ ${today.units_failed} · ${station}` : 'gangd';
    document.title = connected === false ? `⚠ gangd ${refusal ? 'does not serve this page' : 'is not running'} · ${station ?? 'gangd'}` : counts;
}

/* Why no slot can be started from this page: a sentence, or ''. */
function blocked() {
    return commands || hindrance(model.station);
}

function showControl({ control, control_reason: reason }) {
    commands = reason ?? '';
    document.body.dataset.control = control ? 'yes' : commands ? 'refused' : 'none';
    showBanners();
}

function showBanners() {
    const list = model.station === null ? [] : troubles(model.station);
    if (commands !== '')
        list.push({ severity: 'note', title: 'Boards cannot be started here.', text: `gangd says: ${commands}.` });
    if (connected === false)
        list.unshift({
            severity: 'alarm',
            title: `gangd ${refusal ? 'does not serve this page' : 'is not running'}${model.station === null ? '.' : ' — tiles may be old.'}`,
            text: refusal ? `gangd says: ${refusal}.` : lastHeard === null
                ? 'This page reconnects by itself.'
                : `Last heard at ${clock(lastHeard)}. This page reconnects by itself.`,
        });
    const key = JSON.stringify(list);
    const box = id('banners');
    if (box.dataset.key === key)
        return;
    box.dataset.key = key;
    box.replaceChildren(...list.map(banner));
}

function banner({ severity, title, text }) {
    const element = document.createElement('p');
    element.className = `banner ${severity}`;
    element.setAttribute('role', 'alert');
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
    use.setAttribute('href', '#icon-warn');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(use);
    const strong = document.createElement('strong');
    strong.textContent = title;
    const span = document.createElement('span');
    span.textContent = text;
    element.append(svg, strong, span);
    return element;
}

function showEmptiness() {
    const box = id('no-slots');
    box.hidden = tiles.size > 0;
    if (model.station === null) {
        setText(box.querySelector('h2'), connected === false ? 'Waiting for gangd' : 'Connecting to gangd …');
        setText(box.querySelector('p'), '');
    } else {
        setText(box.querySelector('h2'), 'No slots yet');
        setText(box.querySelector('p'), 'Plug in an adapter with a board: its tile appears here. '
            + 'Fixed positions get their names in gangd.conf.');
    }
}

function connection(now, reason) {
    const lost = !now && connected !== false;
    connected = now;
    refusal = reason;
    document.body.dataset.connected = String(now);
    if (lost && model.station !== null)
        sound.play('fail');
    showBanners();
    showTitle();
    showEmptiness();
}

/* ---- sounds, and texts for screen readers ---- */

/* The text is assigned even if it does not change, so that a screen reader speaks every failure. */
function announce(verdicts, calls) {
    const bad = verdicts.filter((attempt) => attempt.verdict !== 'pass');
    const good = verdicts.filter((attempt) => attempt.verdict === 'pass');
    const called = calls.map((slot) => `${slotLabel(slot.slot)}: ${slot.state}. ${slot.sentence}`);
    if (bad.length > 0 || called.length > 0) {
        sound.play('fail');
        id('alarm').textContent = [...bad.map(spoken), ...called].join(' ');
    } else if (good.length > 0) {
        sound.play('pass');
    }
    if (good.length > 0)
        id('spoken').textContent = good.map(spoken).join(' ');
}

function showSound() {
    const button = id('sound');
    button.setAttribute('aria-pressed', String(sound.wanted));
    button.dataset.sound = !sound.wanted ? 'off' : sound.armed ? 'on' : 'blocked';
    const words = { off: 'Sound off', on: 'Sound on', blocked: 'Click for sound' };
    setText(button.querySelector('span'), words[button.dataset.sound]);
    button.querySelector('use').setAttribute('href', sound.armed ? '#icon-sound-on' : '#icon-sound-off');
}

/* ---- actions of a person ---- */

function openDetails(name) {
    const slot = model.slots.get(name);
    if (slot !== undefined)
        details.open(slot, blocked());
}

id('sound').addEventListener('click', () => sound.toggle());
for (const format of ['csv', 'json'])
    id(`export-${format}`).addEventListener('click', (event) => {
        /* The date is determined at each click, because the page stays open past midnight. */
        const today = localDate(new Date());
        event.currentTarget.href = `/api/v1/attempts?format=${format}&since=${today}`;
        event.currentTarget.download = `gangd-${model.station?.station ?? 'station'}-${today}.${format}`;
    });

showSound();
showEmptiness();
connect({ onEvent: receive, onConnection: connection });
