/* SPDX-License-Identifier: MIT */
/* A fixture with `presence = start`: the dashboard's start buttons and its key. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { Station } from './station.mjs';
import { openPage } from './browser.mjs';
import { check, until } from './checks.mjs';

/* Records every text of the start button for all slots, so that a short-lived one is not missed between two checks. */
function watchStart() {
    const button = document.getElementById('start');
    globalThis.starts = [];
    new MutationObserver(() => globalThis.starts.push([button.getAttribute('aria-disabled'),
        button.querySelector('.start-what').textContent].join())).observe(button,
        { subtree: true, childList: true, characterData: true, attributeFilter: ['aria-disabled'] });
}

class Fixture {
    posts = []; /* the POST requests of the page */

    static async open(browser) {
        const it = new Fixture();
        it.station = await Station.start({ slots: 3, boards: 0, presence: 'start' });
        for (const slot of [1, 2]) {
            await it.station.order(`plug ${slot}`);
            await it.station.order(`lift ${slot}`);
        }
        it.page = await openPage(browser);
        it.page.on('request', (request) => {
            if (request.method() === 'POST')
                it.posts.push(new URL(request.url()).pathname.replace('/api/v1/', ''));
        });
        await it.page.goto(`${it.station.url}/`);
        await it.page.evaluate(watchStart);
        return it;
    }

    tile(name) {
        return this.page.locator(`.tile[data-slot="${name}"]`);
    }

    text(name, part) {
        return this.tile(name).locator(`.${part}`).first().textContent();
    }

    async state(name, wanted) {
        await until(`${name} is ${wanted}`, async () => (await this.tile(name).getAttribute('data-state')) === wanted);
    }

    /* A new board in the slot; returns its MAC. */
    async seat(slot, words = '') {
        await this.station.order(`lift ${slot}`).catch(() => {}); /* if there is a board */
        await this.station.order(`seat ${slot} ${words}`);
        return /board=(\S+)/.exec(await this.station.order(`status ${slot}`))[1];
    }

    /* MACs and verdicts of the slot's attempts in the book. */
    async book(name) {
        return (await this.station.get(`attempts?slot=${name}`)).map(({ mac, verdict }) => [mac, verdict]);
    }

    /* The requests since the last call. */
    asked() {
        return this.posts.splice(0);
    }

    shot(name) {
        return process.env.SHOTS && this.page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });
    }
}

async function emptyFixture(it) {
    await check('fixture: a slot whose adapter waits for a board is READY, one without an adapter is EMPTY', async () => {
        for (const name of ['A1', 'A2']) {
            await it.state(name, 'ready');
            assert.equal(await it.text(name, 'word'), 'READY');
            assert.equal(await it.text(name, 'sentence'), (await it.station.slot(name)).sentence);
        }
        assert.equal(await it.text('A3', 'word'), 'EMPTY');
        await it.shot('ready');
    });
    await check('fixture: each slot that can start has a button, and there is one for all', async () => {
        assert.equal(await it.text('A1', 'start'), 'Start');
        assert.equal(await it.tile('A3').locator('.start').isVisible(), false);
        assert.match(await it.page.locator('#start').textContent(), /Start\s+2 slots\s+S/);
    });
}

async function oneByOne(it) {
    const mac = await it.seat(1);
    await check('fixture: a double click on a tile starts it once', async () => {
        await it.tile('A1').locator('.start').evaluate((button) => {
            button.click();
            button.click();
        });
        await it.state('A1', 'pass');
        assert.deepEqual(it.asked(), ['slots/A1/start']);
        assert.deepEqual(await it.book('A1'), [[mac, 'pass']]);
    });
    await check('fixture: the tile says to take the board out and shows the verdict until the next start', async () => {
        await it.station.order('lift 1');
        assert.match(await it.text('A1', 'sentence'), /take the board/);
        assert.equal(await it.text('A1', 'start'), 'Start');
        assert.equal(await it.tile('A2').getAttribute('data-state'), 'ready');
    });
}

async function allAtOnce(it) {
    const macs = [await it.seat(1), await it.seat(2, 'silent')];
    await check('fixture: the key S, held down, starts each slot that can start once', async () => {
        await it.page.keyboard.down('s');
        await it.page.keyboard.down('s');
        await it.page.keyboard.up('s');
        await it.state('A2', 'interrupted');
        await it.state('A1', 'pass');
        assert.deepEqual(it.asked(), ['start']);
        assert.deepEqual((await it.book('A1')).slice(1), [[macs[0], 'pass']]);
        assert.deepEqual(await it.book('A2'), [['', 'interrupted']]);
    });
    await check('fixture: a start without an answer says NO BOARD, what to do, and counts as no failure', async () => {
        assert.equal(await it.text('A2', 'word'), 'NO BOARD');
        assert.match(await it.text('A2', 'remedy'), /^Put one in and start again/);
        assert.equal(await it.page.locator('#count-fail').textContent(), '0');
        await it.shot('no-board');
    });
    await check('fixture: while all slots are at work the button for all is disabled and says so', async () => {
        const starts = await it.page.evaluate(() => globalThis.starts);
        assert.ok(starts.includes('true,No slot can start now'), JSON.stringify(starts));
        await until('it can again', async () => (await it.page.locator('#start').getAttribute('aria-disabled')) === 'false');
    });
    await it.seat(2);
    await check('fixture: the button works by keyboard and keeps the focus', async () => {
        await it.page.locator('#start').focus();
        await it.page.keyboard.press('Enter');
        await it.state('A2', 'pass');
        assert.deepEqual(it.asked(), ['start']);
        assert.equal(await it.page.evaluate(() => document.activeElement.id), 'start');
        await it.state('A1', 'pass');
        assert.equal((await it.book('A1')).length, 3);
    });
}

async function refused(it) {
    const said = (words) => until(`"${words}"`, async () => (await it.page.locator('#toast').textContent()).includes(words));
    const disabled = (locator) => locator.getAttribute('aria-disabled');
    const all = it.page.locator('#start');
    const one = it.tile('A1').locator('.start');
    const paused = 'gangd is paused: no attempt begins';
    await it.station.post('hold?seconds=60');
    await check('fixture: during a pause every start button is disabled, with the reason', async () => {
        await until('the button for all is disabled', async () => (await disabled(all)) === 'true');
        assert.match(await all.textContent(), new RegExp(`Start\\s+${paused}`));
        assert.deepEqual([await disabled(one), await one.getAttribute('title')], ['true', paused]);
        assert.match(await it.page.locator('.banner').textContent(), /^gangd is paused: no attempt begins\./);
        await it.shot('paused');
        await it.tile('A1').locator('.slot').click();
        const inDetails = it.page.locator('#details .start');
        await until('the dialog', () => inDetails.isVisible());
        assert.deepEqual([await disabled(inDetails), await inDetails.getAttribute('title')], ['true', paused]);
        await it.page.keyboard.press('Escape');
    });
    await check('fixture: a press all the same asks for nothing and says the reason', async () => {
        await one.click({ force: true });
        await said(paused);
        await it.page.keyboard.press('s');
        assert.deepEqual(it.asked(), []);
    });
    await it.station.post('hold?seconds=0');
    await check('fixture: after the pause the buttons are enabled', async () => {
        await until('the button for all is enabled', async () => (await disabled(all)) === 'false');
        assert.deepEqual([await disabled(one), await one.getAttribute('title')], ['false', '']);
        assert.equal(await it.page.locator('.banner').count(), 0);
    });
    await check('fixture: the refused start has started nothing', async () => {
        assert.equal((await it.book('A1')).length, 3);
        assert.deepEqual(it.page.complaints, []);
    });
}

/* Runs these checks in a station of their own. */
export async function fixtureChecks(browser) {
    const it = await Fixture.open(browser);
    try {
        await emptyFixture(it);
        await oneByOne(it);
        await allAtOnce(it);
        await refused(it);
    } finally {
        await it.station.stop();
    }
}
