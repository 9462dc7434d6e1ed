/* SPDX-License-Identifier: MIT */
/* The connection to gangd: the event stream, with reconnection, and the request that starts attempts. */

/* A stream can fail without an error (a stopped daemon, a lost tunnel), and a page does not see the daemon's keep-alive
 * comments. So after QUIET_MS without an event the stream is opened again, and must deliver a snapshot within
 * ANSWER_MS. */
const QUIET_MS = 20000;
const ANSWER_MS = 6000;
const RECONNECT_MS = 1500;

const EVENTS = ['snapshot', 'slot', 'slot-gone', 'verdict', 'station'];

/*
 * Calls onEvent(type, data) for every event, and onConnection(connected) whenever that changes. Reconnects for ever.
 *
 * Each connection is a new EventSource without a Last-Event-ID. So the first event is always a snapshot, which also
 * contains the changes that were missed. */
export function connect({ onEvent, onConnection }) {
    let source = null;
    let timer = 0;
    let connected = null;

    function tell(now) {
        if (connected !== now) {
            connected = now;
            onConnection(now);
        }
    }

    function later(ms, action) {
        clearTimeout(timer);
        timer = setTimeout(action, ms);
    }

    function open() {
        source?.close();
        source = new EventSource('/api/v1/events');
        source.onerror = lost;
        for (const type of EVENTS)
            source.addEventListener(type, (event) => receive(type, event.data));
        later(ANSWER_MS, lost);
    }

    function lost() {
        source.close();
        tell(false);
        later(RECONNECT_MS, open);
    }

    function receive(type, text) {
        later(QUIET_MS, open);
        onEvent(type, JSON.parse(text));
        tell(true);
    }

    open();
}

/*
 * Requests a new attempt in the named slot, or without a name in all slots with `presence = start`. Resolves to
 * {reason, started, refused}: '' or the reason for a refusal, the names of the slots that were started, and why none
 * was. */
export async function start(slot) {
    const what = slot === undefined ? 'start' : `slots/${encodeURIComponent(slot)}/start`;
    try {
        const answer = await fetch(`/api/v1/${what}`, { method: 'POST', headers: { 'X-Gangd': '1' } });
        const { error, started, refused } = await answer.json();
        return { reason: answer.ok ? '' : error || `gangd refused (${answer.status}).`, started, refused: refused ?? '' };
    } catch {
        return { reason: 'gangd does not answer.' };
    }
}
