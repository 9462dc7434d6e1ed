/* SPDX-License-Identifier: MIT */
/* The connection to gangd: the event stream, with reconnection, and the request that starts attempts. */

/* A stream can fail without an error (a stopped daemon, a lost tunnel), and a page does not see the daemon's keep-alive
 * comments. So after QUIET_MS without an event the stream is opened again, and must deliver a snapshot within
 * ANSWER_MS. */
const QUIET_MS = 20000;
const ANSWER_MS = 6000;
const RECONNECT_MS = 1500;

const EVENTS = ['snapshot', 'slot', 'slot-gone', 'verdict', 'station'];

/* The sentence with which gangd refuses the stream, which an EventSource does not tell; '' if it does not answer. */
async function askRefusal() {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), RECONNECT_MS);
    try {
        const answer = await fetch('/api/v1/events', { signal: stop.signal });
        return answer.ok ? '' : (await answer.json()).error;
    } catch {
        return '';
    } finally {
        clearTimeout(timer);
        stop.abort();
    }
}

/*
 * Calls onEvent(type, data) for every event, and onConnection(connected, refusal) whenever these change; `refusal` is
 * gangd's sentence if it answers but serves no events. Reconnects for ever.
 *
 * Each connection is a new EventSource without a Last-Event-ID. So the first event is always a snapshot, which also
 * contains the changes that were missed. */
export function connect({ onEvent, onConnection }) {
    let source = null;
    let timer = 0;
    let connected = null;
    let refusal = '';

    function tell(now, reason) {
        if (connected !== now || refusal !== reason) {
            connected = now;
            refusal = reason;
            onConnection(now, reason);
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

    async function lost() {
        clearTimeout(timer);
        source.close();
        if (connected !== false)
            tell(false, '');
        const reason = await askRefusal();
        tell(false, reason);
        later(RECONNECT_MS, open);
    }

    function receive(type, text) {
        later(QUIET_MS, open);
        onEvent(type, JSON.parse(text));
        tell(true, '');
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
