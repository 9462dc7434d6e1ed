/* SPDX-License-Identifier: MIT */
/* Chromium, and a page whose errors are collected. */
import { chromium } from 'playwright-core';

const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function launch() {
    return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
}

/*
 * A new page in a context of its own. `complaints` collects console errors, uncaught exceptions and violations of the
 * Content-Security-Policy. While `page.offline` is set, failed requests are ignored, because gangd is stopped on
 * purpose. */
export async function openPage(browser, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ...options });
    const page = await context.newPage();
    page.complaints = [];
    page.offline = false;
    await page.exposeFunction('complain', (text) => page.complaints.push(text));
    await page.addInitScript(() => {
        addEventListener('securitypolicyviolation', (event) =>
            globalThis.complain(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    });
    page.on('pageerror', (error) => page.complaints.push(`exception: ${error.message}`));
    page.on('console', (message) => {
        /* Expected if sound is stored as on but no click has allowed it yet: the page tries, and Chromium warns. */
        if (message.text().startsWith('The AudioContext was not allowed to start'))
            return;
        const network = message.text().startsWith('Failed to load resource: net::');
        if (['error', 'warning'].includes(message.type()) && !(page.offline && network))
            page.complaints.push(`console: ${message.text()}`);
    });
    return page;
}
