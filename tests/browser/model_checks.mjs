/* SPDX-License-Identifier: MIT */
/*
 * Checks that need no boards: words, model, layout, and every look of a tile. They run in the browser on the modules
 * that gangd serves, that is, on the shipped files. */
import assert from 'node:assert/strict';
import { check } from './checks.mjs';

const ATTEMPT = {
    id: 7, slot: 'A1', path: 'p', adapter: 'cp210x 10c4:ea60 0001', started: '2026-03-02T09:14:51.530Z', ended: null,
    verdict: null, cause: 'none', detail: '', sentence: '', remedy: '', mac: '18:fe:34:a1:b2:c3', chip_id: '00a1b2c3',
    chip: 'ESP8266EX', flash_id: 'ef4016', flash_size: 4194304, flash_unique_id: '', flash_note: '',
    image_md5: '', image_sha256: '', image_size: 4194304,
    baud: 921600, tries: 1, seconds: {}, station: 's', lot: '', operator: '', stub: '', gangd: '',
};
const SLOT = { slot: 'A1', path: 'p', state: 'empty', presence: 'plug', since: '2026-03-02T09:14:51.002Z', sentence: '', prompt: null,
    adapter: null, attempt: null };
const FAILED = { ...ATTEMPT, verdict: 'fail', cause: 'board-silent', sentence: 'The board is silent',
    remedy: 'Not a byte came.' };

/* One slot in each state of docs/api.md. */
const STATES = [
    { ...SLOT, slot: 'empty', attempt: { ...ATTEMPT, verdict: 'pass' } },
    { ...SLOT, slot: 'muted', state: 'muted', sentence: 'Not in the configuration' },
    { ...SLOT, slot: 'settling', state: 'settling', sentence: 'A board is plugged in' },
    { ...SLOT, slot: 'waiting', state: 'waiting', prompt: 'Hold the flash button and press reset' },
    { ...SLOT, slot: 'flashing', state: 'flashing', sentence: 'Writing the image',
        attempt: { ...ATTEMPT, phase: 'write', percent: 43.9, seconds_left: 12.3 } },
    { ...SLOT, slot: 'pass', state: 'pass', sentence: 'Take the board away', attempt: { ...ATTEMPT, verdict: 'pass' } },
    { ...SLOT, slot: 'fail', state: 'fail', attempt: FAILED },
    { ...SLOT, slot: 'interrupted', state: 'interrupted', attempt: { ...FAILED, verdict: 'interrupted' } },
    { ...SLOT, slot: 'blocked', state: 'blocked', sentence: 'The book cannot be written' },
    { ...SLOT, slot: 'stuck', state: 'stuck', sentence: 'The adapter does not answer: unplug it' },
    { ...SLOT, slot: 'ready', state: 'ready', presence: 'start', sentence: 'Put a board in and press start',
        attempt: { ...ATTEMPT, verdict: 'pass' } },
];

/* Runs `body(module, argument)` in the page with one of its modules. */
function inPage(page, file, body, argument) {
    return page.evaluate(`import('/${file}').then((m) => (${body})(m, ${JSON.stringify(argument ?? null)}))`);
}

async function words(page) {
    const describe = (slot) => inPage(page, 'words.js', (m, s) => m.describe(s), slot);
    await check('words: each state has a word and a look of its own', async () => {
        const views = await Promise.all(STATES.map(describe));
        assert.equal(new Set(views.map((view) => view.word)).size, STATES.length);
        assert.deepEqual(views.map((view) => view.word), ['EMPTY', 'IGNORED', 'SETTLING', 'WAIT', 'WRITING', 'PASS',
            'FAIL', 'INTERRUPTED', 'BLOCKED', 'STUCK', 'READY']);
    });
    await check('words: a failure says cause and remedy, a wait its prompt', async () => {
        const failed = await describe(STATES[6]);
        assert.equal(failed.sentence, 'The board is silent');
        assert.equal(failed.remedy, 'Not a byte came.');
        assert.equal(failed.action, 'Try again');
        assert.equal((await describe(STATES[3])).sentence, 'Hold the flash button and press reset');
    });
    await check('words: a start without a board is told from a board that was interrupted', async () => {
        const view = await describe({ ...STATES[7], attempt: { ...STATES[7].attempt, cause: 'no-board' } });
        assert.deepEqual([view.word, view.look, view.action], ['NO BOARD', 'broken', 'Try again']);
    });
    await check('words: a board that was right already is distinguished from one that was written', async () => {
        const left = { ...STATES[0], attempt: { ...STATES[0].attempt, written: false } };
        assert.equal((await describe(left)).aside, 'Last: 18:fe:34:a1:b2:c3 passed, not written');
        const written = { ...left.attempt, written: true };
        assert.equal((await describe({ ...left, attempt: written })).aside, 'Last: 18:fe:34:a1:b2:c3 passed');
        const spoken = (attempt) => inPage(page, 'words.js', (m, a) => m.spoken(a), attempt);
        assert.equal(await spoken(left.attempt), 'A1: pass, not written.');
        assert.equal(await spoken(written), 'A1: pass.');
        assert.equal(await spoken({ ...FAILED, written: false }), 'A1: fail. The board is silent.');
        const comparing = { ...STATES[4].attempt, phase: 'compare' };
        assert.equal((await describe({ ...STATES[4], attempt: comparing })).word, 'COMPARING');
    });
    await check('words: a fixture without a board says what to do, and names the previous board', async () => {
        const view = await describe(STATES.at(-1));
        assert.equal(view.sentence, 'Put a board in and press start');
        assert.equal(view.aside, 'Last: 18:fe:34:a1:b2:c3 passed');
        assert.equal(view.mac, '');
    });
    await check('words: a tile offers a start with presence = start, else another try to a bad board', async () => {
        const offers = async (presence) => (await Promise.all(STATES.map((slot) => describe({ ...slot, presence }))))
            .map((view, i) => [STATES[i].state, view.action]).filter(([, action]) => action !== '');
        for (const presence of ['plug', 'probe', 'cts', 'dsr', 'dcd'])
            assert.deepEqual(await offers(presence), [['fail', 'Try again'], ['interrupted', 'Try again']]);
        assert.deepEqual(await offers('start'),
            [['pass', 'Start'], ['fail', 'Start'], ['interrupted', 'Start'], ['ready', 'Start']]);
    });
    await check('words: the button for all says how many slots it would start', async () => {
        assert.deepEqual(await inPage(page, 'words.js', (m) => [0, 1, 2].map((able) => m.startText(able))),
            ['No slot can start now', '1 slot', '2 slots']);
        assert.equal(await inPage(page, 'words.js', (m) => m.startText(2, 'gangd is paused')), 'gangd is paused');
    });
    await check('words: a second try says why there is one', async () => {
        const again = { ...STATES[4].attempt, tries: 2, tries_allowed: 3, previous_try: 'The board is silent' };
        assert.equal((await describe({ ...STATES[4], attempt: again })).remedy, 'Try 2 of 3. Before: The board is silent');
        assert.equal((await describe(STATES[4])).remedy, '');
    });
    await check('words: progress is a whole number from 0 to 100, rounded down', async () => {
        const percent = async (value) =>
            (await describe({ ...STATES[4], attempt: { ...STATES[4].attempt, percent: value } })).percent;
        assert.deepEqual(await Promise.all([-1, 0, 43.9, 99.9, 100, 130].map(percent)), [0, 0, 43, 99, 100, 100]);
    });
    await check('words: an unknown state or phase, of a later gangd, is shown as a word', async () => {
        assert.equal((await describe({ ...SLOT, state: 'levitating' })).word, 'LEVITATING');
        const view = await describe({ ...STATES[4], attempt: { ...STATES[4].attempt, phase: 'polish' } });
        assert.equal(view.word, 'WORKING');
    });
    await check('words: durations, sizes, yield, dates', async () => {
        const got = await inPage(page, 'words.js', (m) => ({
            durations: [null, 0, 0.2, 12.3, 99, 125].map(m.duration),
            sizes: [100, 1024, 1500, 4194304].map(m.size),
            yields: [null, 0, 0.98333, 0.99999, 1].map(m.yieldText),
            date: m.localDate(new Date(2026, 2, 2, 23, 59)),
        }));
        assert.deepEqual(got.durations, ['', '1 s', '1 s', '13 s', '99 s', '2 min 05 s']);
        assert.deepEqual(got.sizes, ['100 B', '1 KB', '1.46 KB', '4 MB']);
        assert.deepEqual(got.yields, ['–', '0 %', '98.3 %', '99.9 %', '100 %']);
        assert.equal(got.date, '2026-03-02');
    });
    await check('words: a slot without a name is named after its USB ports', async () => {
        const label = (name) => inPage(page, 'words.js', (m, n) => m.slotLabel(n), name);
        assert.equal(await label('A1'), 'A1');
        assert.equal(await label('1-1.2'), '1-1.2');
        assert.equal(await label('pci-0000:00:14.0-usb-0:1.2:1.0'), 'usb 1.2');
        assert.equal(await label('pci-0000:00:14.0-usb-0:1.2:1.3'), 'usb 1.2.3');
    });
    await check('words: troubles of book and golden image', async () => {
        const troubles = (station) => inPage(page, 'words.js', (m, s) => m.troubles(s), station);
        const good = { ok: true, error: null };
        assert.deepEqual(await troubles({ book: good, golden: good }), []);
        const [book, golden] = await troubles({ book: { ok: false, error: 'disk full' }, golden: { ok: false, error: 'gone' } });
        assert.equal(book.severity, 'alarm');
        assert.match(book.title, /book/);
        assert.equal(book.text, 'disk full');
        assert.match(golden.title, /golden image/);
        const [refused] = await troubles({ book: good, golden: { ok: true, error: 'too big' } });
        assert.equal(refused.severity, 'warn');
        const [paused, book2] = await troubles({ held: true, book: { ok: false, error: 'disk full' }, golden: good });
        assert.match(paused.title, /paused/);
        assert.equal(book2.text, 'disk full');
    });
}

async function model(page) {
    /* Applies events to a new model; returns the changes and the order of the slots at the end. */
    const run = (events) => inPage(page, 'state.js', (m, list) => {
        const it = new m.Model();
        const changes = list.map(([type, data]) => it.apply(type, data));
        return { changes, order: [...it.slots.keys()], station: it.station };
    }, events);
    const status = (...slots) => ({ station: 's', slots });
    const verdict = { ...ATTEMPT, verdict: 'fail' };

    await check('model: verdicts from before the first snapshot are not announced', async () => {
        const { changes } = await run([['snapshot', status({ ...SLOT, state: 'stuck', attempt: verdict })]]);
        assert.deepEqual(changes[0].verdicts, []);
        assert.deepEqual(changes[0].calls, []);
    });
    await check('model: a verdict is announced once', async () => {
        const { changes } = await run([['snapshot', status(SLOT)], ['verdict', verdict], ['verdict', verdict]]);
        assert.deepEqual(changes.map((change) => change.verdicts.length), [0, 1, 0]);
    });
    await check('model: a verdict missed while gangd was away is announced', async () => {
        const { changes } = await run([['snapshot', status(SLOT)],
            ['snapshot', status({ ...SLOT, state: 'fail', attempt: verdict })]]);
        assert.equal(changes[1].verdicts.length, 1);
    });
    await check('model: a slot that gets stuck is announced once', async () => {
        const stuck = { ...SLOT, state: 'stuck' };
        const { changes } = await run([['snapshot', status(SLOT)], ['slot', stuck], ['slot', stuck]]);
        assert.deepEqual(changes.map((change) => change.calls.length), [0, 1, 0]);
    });
    await check('model: new slots are sorted after the configured ones; removed slots disappear', async () => {
        const named = (slot) => ({ ...SLOT, slot });
        const { order, changes } = await run([['snapshot', status(named('Z9'), named('B1'), named('1-1.2'))],
            ['slot', named('1-1.10')], ['slot', named('1-1.1')], ['slot-gone', { slot: '1-1.2' }]]);
        assert.deepEqual(order, ['Z9', 'B1', '1-1.1', '1-1.10']);
        assert.deepEqual(changes.map((change) => change.order), [true, true, true, true]);
    });
    await check('model: a station event does not change the slots', async () => {
        const { order, station } = await run([['snapshot', status(SLOT)], ['station', { station: 't' }]]);
        assert.deepEqual(order, ['A1']);
        assert.equal(station.station, 't');
    });
}

async function layout(page) {
    await check('layout: 8, 16, 32, 64 slots fill a full HD screen without holes', async () => {
        for (const n of [1, 2, 8, 16, 32, 64]) {
            const { columns, rows } = await inPage(page, 'layout.js', (m, k) => m.grid(k, 1900, 980, 10), n);
            assert.equal(columns * rows, n, `${n} slots: ${columns} x ${rows}`);
        }
    });
    await check('layout: a screen too low for all slots shows as many as possible at once', async () => {
        const { columns } = await inPage(page, 'layout.js', (m) => m.grid(32, 788, 428, 6));
        assert.equal(columns, 4);
    });
    await check('layout: every number of slots has a place', async () => {
        const bad = await inPage(page, 'layout.js', (m) => {
            const list = [];
            for (const [width, height] of [[1900, 980], [780, 480], [300, 200]])
                for (let n = 0; n <= 128; n++) {
                    const { columns, rows } = m.grid(n, width, height, 10);
                    if (columns * rows < n || columns < 1 || rows < 1)
                        list.push([n, width, columns, rows]);
                }
            return list;
        });
        assert.deepEqual(bad, []);
    });
}

/* Puts a tile of each state over the page and measures the contrast of each text with its background, and overflow. */
function measureTiles(slots) {
    return import('/tile.js').then(({ Tile }) => {
        const gallery = document.createElement('div');
        for (const [key, value] of Object.entries({ position: 'fixed', inset: '0', display: 'grid', gap: '8px',
            'grid-template-columns': 'repeat(5, 1fr)', 'grid-auto-rows': '1fr', background: 'var(--page)' }))
            gallery.style.setProperty(key, value);
        document.body.append(gallery);
        const rgba = (text) => text.match(/[\d.]+/g).map(Number);
        const ground = (element) => {
            for (let at = element; at; at = at.parentElement) {
                const color = rgba(getComputedStyle(at).backgroundColor);
                if (color.length < 4 || color[3] === 1)
                    return color;
            }
            return [255, 255, 255];
        };
        const light = ([r, g, b]) => {
            const part = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
            return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
        };
        const contrast = (a, b) => {
            const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
            return (high + 0.05) / (low + 0.05);
        };
        const result = slots.map((slot) => {
            const tile = new Tile(slot.slot, { onDetails() {}, onStart() {} });
            gallery.append(tile.element);
            tile.show(slot);
            const box = tile.element.getBoundingClientRect();
            const texts = [...tile.element.querySelectorAll('.slot, .word, .percent, .sentence, .remedy, .mac, .aside, .start')]
                .filter((element) => element.textContent !== '' && element.getClientRects().length > 0);
            const word = tile.element.querySelector('.word');
            const range = document.createRange();
            range.selectNodeContents(word);
            return {
                slot: slot.slot,
                html: tile.element.innerHTML,
                children: tile.element.querySelectorAll('img, script, b').length,
                contrast: Math.min(...texts.map((e) => contrast(rgba(getComputedStyle(e).color), ground(e)))),
                overflow: range.getBoundingClientRect().right - box.right,
                wordPixels: parseFloat(getComputedStyle(word).fontSize),
                icon: tile.element.querySelector('.icon:not(.gone) use')?.getAttribute('href') ?? 'percent',
                text: tile.element.textContent,
            };
        });
        gallery.remove();
        return result;
    });
}

async function looks(page) {
    const measure = () => page.evaluate(`(${measureTiles})(${JSON.stringify(STATES)})`);
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        const tiles = await measure();
        await check(`looks, ${colorScheme}: every text has a contrast of at least 4.5`, () => {
            assert.deepEqual(tiles.filter((t) => !(t.contrast >= 4.5)).map((t) => [t.slot, t.contrast]), []);
        });
        await check(`looks, ${colorScheme}: each word fits its tile and is large`, () => {
            assert.deepEqual(tiles.filter((t) => t.overflow > -4).map((t) => [t.slot, t.overflow]), []);
            assert.deepEqual(tiles.filter((t) => t.wordPixels < 36).map((t) => [t.slot, t.wordPixels]), []);
        });
        await check(`looks, ${colorScheme}: each state has a shape of its own`, () => {
            assert.equal(new Set(tiles.map((t) => t.icon)).size, STATES.length);
        });
    }
    await page.emulateMedia({ colorScheme: 'light' });

    await check('looks: markup in the text of a device is shown as text', async () => {
        const evil = '<img src=x onerror="document.title=1"><b>x</b>';
        const [tile] = await page.evaluate(`(${measureTiles})(${JSON.stringify([{ ...STATES[6], slot: evil,
            sentence: evil, attempt: { ...FAILED, slot: evil, mac: evil, sentence: evil, remedy: evil } }])})`);
        assert.equal(tile.children, 0);
        assert.equal(tile.text.split(evil).length - 1, 4);
    });
    await check('looks: markup in the details of an adapter is shown as text', async () => {
        const evil = '<img src=x onerror="document.title=1">';
        const got = await inPage(page, 'details.js', (m, slot) => {
            const details = new m.Details({ onStart() {} });
            details.show(slot);
            const dialog = document.getElementById('details');
            return { images: dialog.querySelectorAll('img').length, text: dialog.textContent };
        }, { ...STATES[6], adapter: { devnode: evil, driver: evil, model: evil, serial: evil, vid: '10c4', pid: 'ea60' },
            attempt: { ...FAILED, detail: evil } });
        assert.equal(got.images, 0);
        assert.equal(got.text.split(evil).length - 1, 5);
    });
}

/* All checks that need a page served by gangd, but no board. */
export async function modelChecks(page) {
    await words(page);
    await model(page);
    await layout(page);
    await looks(page);
}
