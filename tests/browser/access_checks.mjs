/* SPDX-License-Identifier: MIT */
/* What a page shows to whom: on the read-only listener, with [http] control = token, and when gangd refuses its stream. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { Station } from './station.mjs';
import { openPage } from './browser.mjs';
import { check, until } from './checks.mjs';

const TOKEN = '0123456789abcdef';
const STREAMS = 32; /* of one socket, docs/api.md */

/* A page whose answers are collected as "STATUS METHOD PATH". */
async function open(browser, url) {
    const page = await openPage(browser);
    page.answers = [];
    page.on('response', (answer) => page.answers.push(
        `${answer.status()} ${answer.request().method()} ${new URL(answer.url()).pathname}`));
    await page.goto(url);
    return page;
}

const shot = (page, name) => process.env.SHOTS && page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });
const state = (page, name) => page.locator(`.tile[data-slot="${name}"]`).getAttribute('data-state');
const buttons = (page) => page.locator(':is(button, a):visible').evaluateAll((all) => all.map((e) => e.id || e.className));

async function wallScreen(browser, station) {
    const page = await open(browser, `${station.watchUrl}/?token=${TOKEN}`);
    await check('wall screen: the token leads to the page, and its address does not show it', async () => {
        await until('two tiles', async () => (await page.locator('.tile').count()) === 2);
        assert.equal(page.url(), `${station.watchUrl}/`);
    });
    await check('wall screen: the tiles follow the boards', async () => {
        await station.order('seat 1').catch(() => {}); /* if there is a board */
        await station.post('slots/A1/start');
        await until('A1 passes', async () => (await state(page, 'A1')) === 'pass');
        assert.equal(await page.locator('#count-pass').textContent(), '1');
    });
    await check('wall screen: nothing can be started or downloaded there', async () => {
        await shot(page, 'watch');
        await page.keyboard.press('s');
        assert.deepEqual(new Set(await buttons(page)), new Set(['sound', 'slot']));
        assert.equal(await page.locator('.banner').count(), 0);
        await page.locator('.tile .slot').first().click();
        await until('the details', () => page.locator('#details').isVisible());
        assert.deepEqual(await page.locator('#details :is(button, a):visible').allTextContents(), ['Close']);
        await shot(page, 'watch-details');
    });
    await check('wall screen: the page asks for nothing that is refused there', async () => {
        await page.reload();
        await until('two tiles again', async () => (await page.locator('.tile').count()) === 2);
        const answers = page.answers.filter((answer) => !answer.startsWith('200 '));
        assert.deepEqual(answers, ['303 GET /']);
        assert.ok(page.answers.includes('200 GET /api/v1/events'), page.answers.join());
        assert.deepEqual(page.complaints, []);
    });
    await page.context().close();
}

async function onlyLooking(browser, station) {
    const page = await open(browser, `${station.url}/`);
    const posts = () => page.answers.filter((answer) => answer.includes(' POST '));
    await check('control = token: the page says why boards cannot be started, and how they can', async () => {
        await until('the banner', async () => (await page.locator('.banner.note').count()) === 1);
        assert.match(await page.locator('.banner').textContent(), /cannot be started here.*gangctl page/);
        await until('A1 has a button', () => page.locator('.tile[data-slot="A1"] .start').isVisible());
        await shot(page, 'refused');
    });
    await check('control = token: the buttons are disabled and tell the reason when pressed', async () => {
        const start = page.locator('.tile[data-slot="A1"] .start');
        assert.equal(await start.getAttribute('aria-disabled'), 'true');
        assert.equal(await page.locator('#start').getAttribute('aria-disabled'), 'true');
        for (const press of [() => start.click({ force: true }), () => page.locator('#start').click({ force: true }),
            () => page.keyboard.press('s')]) {
            await page.locator('#toast').evaluate((e) => (e.textContent = ''));
            await press();
            assert.match(await page.locator('#toast').textContent(), /gangctl page/);
        }
        assert.deepEqual(posts(), []);
        assert.ok((await buttons(page)).includes('export-csv')); /* reading is free */
    });
    await check('control = token: the address of gangctl page gives the browser the right', async () => {
        await page.goto(station.gangctl('page'));
        assert.equal(page.url(), `${station.url}/`);
        const start = page.locator('.tile[data-slot="A1"] .start');
        await until('the button works', async () => (await start.getAttribute('aria-disabled')) === 'false');
        assert.equal(await page.locator('.banner').count(), 0);
        await start.click();
        await until('it was started', () => posts().length === 1);
        assert.deepEqual(posts(), ['202 POST /api/v1/slots/A1/start']);
        await until('A1 has ended', async () => ['pass', 'fail'].includes(await state(page, 'A1')));
        assert.deepEqual(page.complaints, []);
    });
    await page.context().close();
}

async function openStream(station) {
    const request = http.get(`${station.url}/api/v1/events`, { agent: false });
    request.on('error', () => {}); /* when it is destroyed */
    const [answer] = await once(request, 'response');
    answer.on('error', () => {});
    await once(answer, 'data');
    return request;
}

async function tooMany(browser, station) {
    const streams = [];
    while (streams.length < STREAMS)
        streams.push(await openStream(station));
    const page = await open(browser, `${station.url}/`);
    await check('too many dashboards: the page says so instead of that gangd is not running', async () => {
        await until('the reason', async () => /32 event streams/.test((await page.locator('.banner').allTextContents()).join()));
        assert.doesNotMatch(await page.locator('.banner').first().textContent(), /not running/);
        await shot(page, 'too-many');
    });
    streams.forEach((request) => request.destroy());
    await check('too many dashboards: it connects when there is room', async () => {
        await until('two tiles', async () => (await page.locator('.tile').count()) === 2);
        assert.doesNotMatch((await page.locator('.banner').allTextContents()).join(), /event streams/);
    });
    await page.context().close();
}

/* Runs these checks in a station of their own. */
export async function accessChecks(browser) {
    const station = await Station.start({ slots: 2, boards: 2, presence: 'start', control: 'token', watch: TOKEN });
    station.post = async (what) => station.gangctl('start', what.split('/')[1]); /* over the Unix socket */
    try {
        await wallScreen(browser, station);
        await onlyLooking(browser, station);
        await tooMany(browser, station);
    } finally {
        await station.stop();
    }
}
