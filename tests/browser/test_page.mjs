/* SPDX-License-Identifier: MIT */
/* The dashboard in Chromium, served by a real gangd with boardsim's boards. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { Station } from './station.mjs';
import { launch, openPage } from './browser.mjs';
import { check, failures, summary, until } from './checks.mjs';
import { accessChecks } from './access_checks.mjs';
import { fixtureChecks } from './fixture_checks.mjs';
import { modelChecks } from './model_checks.mjs';

const EVIL = '<img src=x onerror="document.title=1">';

let station;
await check('boardsim and gangd start', async () => {
    station = await Station.start({ slots: 5, manual: ['A5'], boards: 0, operator: EVIL, lot: '<b>WO</b>',
        imageName: 'golden<i>1.bin' });
});
if (station === undefined)
    process.exit(summary() ? 0 : 1);
const browser = await launch();
const page = await openPage(browser);

const tile = (name) => page.locator(`.tile[data-slot="${name}"]`);
const state = (name) => tile(name).getAttribute('data-state');
const text = (name, part) => tile(name).locator(`.${part}`).first().textContent();
const ended = (name) => until(`a verdict on the tile of ${name}`, async () =>
    ['pass', 'fail', 'interrupted'].includes(await state(name)));
const shot = (name) => process.env.SHOTS && page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });

/* Records every percentage that each tile shows, so that none is missed between two checks. */
function watchProgress() {
    globalThis.progress = {};
    new MutationObserver((records) => {
        for (const { target } of records) {
            const { slot } = target.closest('.tile').dataset;
            (globalThis.progress[slot] ??= []).push(Number(target.getAttribute('aria-valuenow')));
        }
    }).observe(document.getElementById('tiles'), { subtree: true, attributeFilter: ['aria-valuenow'] });
}

async function firstSight() {
    const answer = await page.goto(`${station.url}/`);
    await page.evaluate(watchProgress);
    await check('the page comes with a strict Content-Security-Policy', () => {
        const policy = answer.headers()['content-security-policy'] ?? '';
        assert.match(policy, /default-src 'none'/);
        assert.match(policy, /script-src 'self'/);
        assert.doesNotMatch(policy, /unsafe|\*/);
    });
    await check('each configured slot has a tile, in order', async () => {
        await until('five tiles', async () => (await page.locator('.tile').count()) === 5);
        const names = await page.locator('.tile .slot').allTextContents();
        assert.deepEqual(names, station.slots);
    });
    await check('a slot without an adapter is EMPTY', async () => {
        await until('A5 is shown', async () => (await text('A5', 'word')) === 'EMPTY');
    });
}

async function goodBoards() {
    /* Plugged in only now, so that the page observes the whole progress. */
    await station.order('plug 1');
    await station.order('plug 2');
    await ended('A1');
    await ended('A2');
    await shot('pass');
    await check('a good board gets PASS and its MAC, as in the book', async () => {
        for (const name of ['A1', 'A2']) {
            assert.equal(await text(name, 'word'), 'PASS');
            const [attempt] = await station.get(`attempts?slot=${name}`);
            assert.equal(attempt.verdict, 'pass');
            assert.match(attempt.mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
            assert.equal(await text(name, 'mac'), attempt.mac);
        }
    });
    await check('progress was shown and only increased', async () => {
        const progress = await page.evaluate(() => globalThis.progress);
        const seen = progress.A1 ?? [];
        assert.ok(new Set(seen).size >= 3, `seen: ${seen}`);
        assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
    });
    await check('the state word is large', async () => {
        const pixels = await tile('A1').locator('.word').evaluate((e) => parseFloat(getComputedStyle(e).fontSize));
        assert.ok(pixels >= 90, `PASS is ${pixels} px high with five tiles on a full HD screen`);
    });
    await check('counters and title agree with the status', async () => {
        await until('two passes are counted', async () => (await page.locator('#count-pass').textContent()) === '2');
        const { today } = await station.get('status');
        assert.equal(today.units_passed, 2);
        assert.equal(await page.locator('#count-fail').textContent(), String(today.units_failed));
        assert.match(await page.title(), /✓ 2\D+0 · bench-7/);
    });
    await check('the verdict is spoken', async () => {
        assert.match(await page.locator('#spoken').textContent(), /A[12]: pass/);
    });
}

async function faultyBoards() {
    await station.order('plug 3 silent');
    await station.order('plug 4 flash-id=ffffff');
    await ended('A3');
    await ended('A4');
    await shot('fail');
    await check('a faulty board gets FAIL with the cause and the remedy', async () => {
        for (const [name, cause] of [['A3', 'board-silent'], ['A4', 'flash-id-unreadable']]) {
            const attempt = (await station.get(`attempts?slot=${name}`)).at(-1);
            assert.equal(attempt.cause, cause);
            assert.equal(await text(name, 'word'), 'FAIL');
            assert.ok(attempt.sentence.length > 10 && attempt.remedy.length > 10);
            assert.equal(await text(name, 'sentence'), attempt.sentence);
            assert.equal(await text(name, 'remedy'), attempt.remedy);
            assert.ok(await tile(name).locator('.sentence').isVisible());
        }
    });
    await check('the failure is spoken as an alert', async () => {
        assert.match(await page.locator('#alarm').textContent(), /A[34]: fail\. \S+/);
    });
    await check('the failures are counted', async () => {
        await until('two failures', async () => (await page.locator('#count-fail').textContent()) === '2');
        assert.equal(await page.locator('#count-yield').textContent(), '50 %');
    });
}

async function boardWithoutResetCircuit() {
    await station.order('plug 5 no-auto-reset');
    await check('a board that needs a button says WAIT and which button', async () => {
        await until('A5 waits', async () => (await state('A5')) === 'waiting');
        assert.equal(await text('A5', 'word'), 'WAIT');
        const { prompt } = await station.slot('A5');
        assert.ok(prompt.length > 10);
        assert.equal(await text('A5', 'sentence'), prompt);
        await shot('wait');
    });
    await station.order('press 5 flash reset');
    await ended('A5');
    await check('the board passes after the button was pressed', async () =>
        assert.equal(await text('A5', 'word'), 'PASS'));
}

async function engineer() {
    const attempt = (await station.get('attempts?slot=A3')).at(-1);
    await check('the details open by keyboard and show the attempt', async () => {
        await tile('A3').locator('.slot').focus();
        await page.keyboard.press('Enter');
        const dialog = page.locator('#details');
        await until('the dialog', () => dialog.isVisible());
        const content = await dialog.textContent();
        await shot('details');
        await page.keyboard.press('Escape');
        await until('the dialog is closed', async () => !(await dialog.isVisible()));
        for (const value of [String(attempt.id), attempt.cause, attempt.remedy, attempt.image_sha256, attempt.path])
            assert.ok(content.includes(value), `no "${value}" in the details`);
    });
    await check('"Try again" makes a new attempt', async () => {
        await tile('A3').locator('.start').click();
        await until('a second attempt in the book', async () => (await station.get('attempts?slot=A3&verdict=fail')).length === 2);
        await ended('A3');
    });
    await check('the CSV of today has a line for each attempt', async () => {
        const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#export-csv').click()]);
        assert.match(download.suggestedFilename(), /^gangd.*\.csv$/);
        const lines = (await (await fetch(download.url())).text()).trim().split('\r\n');
        assert.match(lines[0], /^id,/);
        assert.equal(lines.length - 1, (await station.get('attempts')).length);
    });
    await check('the sound button shows its state, which is stored', async () => {
        const pressed = () => page.locator('#sound').getAttribute('aria-pressed');
        assert.equal(await pressed(), 'false');
        await page.locator('#sound').click();
        assert.equal(await pressed(), 'true');
        await page.reload();
        await until('tiles after a reload', async () => (await page.locator('.tile').count()) === 5);
        assert.equal(await pressed(), 'true');
    });
}

async function hostileText() {
    await check('markup in names is shown as text', async () => {
        await until('the station is shown', async () => (await page.locator('#fact-operator').textContent()) === EVIL);
        assert.equal(await page.locator('#fact-lot').textContent(), '<b>WO</b>');
        assert.match(await page.locator('#fact-image').textContent(), /^golden<i>1\.bin/);
        assert.equal(await page.locator('img, header b, header i').count(), 0);
        assert.notEqual(await page.title(), '1');
    });
}

async function unplugged() {
    const [attempt] = await station.get('attempts?slot=A2');
    await station.order('unplug 2');
    await check('a slot whose board was taken away is EMPTY and names the last board', async () => {
        await until('A2 is empty', async () => (await state('A2')) === 'empty');
        assert.equal(await text('A2', 'word'), 'EMPTY');
        assert.ok((await text('A2', 'aside')).includes(attempt.mac));
    });
}

async function secondTry() {
    await station.order('plug 2 reset-after=25000');
    await ended('A2');
    await check('the details of a pass at the second try say why the first one failed', async () => {
        const [first, second] = (await station.slot('A2')).attempt.try_results;
        assert.equal(await text('A2', 'word'), 'PASS');
        await tile('A2').locator('.slot').click();
        const rows = page.locator('#details .attempt-rows');
        await until('the dialog', () => rows.isVisible());
        const content = await rows.textContent();
        await shot('second-try');
        await page.keyboard.press('Escape');
        assert.ok(content.includes(`Try 1${first.baud} Bd, ${first.seconds.toFixed(1)} s: board-reset (${first.detail})`), content);
        assert.ok(content.includes(`Try 2${second.baud} Bd, ${second.seconds.toFixed(1)} s: passed`), content);
    });
}

async function gangdGone() {
    page.offline = true;
    station.kill();
    await check('without gangd the page says so over grey tiles', async () => {
        const banner = page.locator('.banner');
        await until('the banner', async () => (await banner.count()) > 0);
        assert.match(await banner.first().textContent(), /gangd is not running — tiles may be old/);
        assert.match(await page.title(), /not running/);
        assert.match(await page.locator('#tiles').evaluate((e) => getComputedStyle(e).filter), /grayscale/);
        assert.equal(await page.locator('.tile').count(), 5);
        await shot('gone');
    });
    await check('a retry without gangd shows the reason for the failure', async () => {
        await tile('A4').locator('.start').click();
        await until('the reason', async () => /does not answer/.test(await page.locator('#toast').textContent()));
    });
    await station.revive();
    await check('the page reconnects when gangd is back', async () => {
        await until('no banner', async () => (await page.locator('.banner').count()) === 0);
        assert.doesNotMatch(await page.title(), /not running/);
        await until('the tiles are as in the status', async () => {
            const { slots } = await station.get('status');
            const shown = await page.locator('.tile').evaluateAll((all) => all.map((e) => e.dataset.state));
            return slots.map((slot) => slot.state).join() === shown.join();
        });
    });
    page.offline = false;
}

async function gangdHangs() {
    /* A stream that is open but dead gives no error; the page must detect it by its own time-out. */
    page.offline = true;
    station.freeze();
    await check('the page detects a gangd that hangs', () =>
        until('the banner', async () => (await page.locator('.banner').count()) > 0));
    station.thaw();
    await check('the page detects that gangd works again', () =>
        until('no banner', async () => (await page.locator('.banner').count()) === 0));
    page.offline = false;
}

try {
    await firstSight();
    await goodBoards();
    await faultyBoards();
    await boardWithoutResetCircuit();
    await engineer();
    await hostileText();
    await unplugged();
    await secondTry();
    await gangdGone();
    await gangdHangs();
    await modelChecks(page);
    await fixtureChecks(browser);
    await accessChecks(browser);
    await check('the browser reported no errors', () => assert.deepEqual(page.complaints, []));
    page.offline = true;
    await check('gangd exits with 0 on SIGTERM', async () => assert.equal(await station.quit(), 0));
} catch (error) {
    await check('the test ran to its end', () => {
        throw error;
    });
}
const logs = station.logs();
await browser.close();
await station.stop();
if (failures() > 0)
    console.log(logs);
process.exitCode = summary() ? 0 : 1;
