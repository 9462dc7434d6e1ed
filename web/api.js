/* SPDX-License-Identifier: MIT */
/*
 * The connection to gangd: the event stream, kept alive, and the one action.
 */

/* A stream may be dead without an error (a stopped daemon, a lost tunnel), and a page does not see the daemon's keep-alive
 * comments. So after this long without an event the stream is opened anew, and must answer with a snapshot in time. */
const QUIET_MS = 20000;
const ANSWER_MS = 6000;
const RECONNECT_MS = 1500;

const EVENTS = ['snapshot', 'slot', 'slot-gone', 'verdict', 'station'];

/*
 * Calls onEvent(type, data) for every event, and onConnection(connected) whenever that changes. Reconnects for ever.
 *
 * Each connection is a new EventSource: without a Last-Event-ID, the first event is a snapshot, and nothing that was
 * missed can be missing.
 */
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
 * Asks for a new attempt in the slot named, or without a name in all slots that wait for a person's start. Resolves to
 * {reason, started}: '' or why not, and the names of the slots that the station started.
 */
export async function start(slot) {
    const what = slot === undefined ? 'start' : `slots/${encodeURIComponent(slot)}/start`;
    try {
        const answer = await fetch(`/api/v1/${what}`, { method: 'POST', headers: { 'X-Gangd': '1' } });
        const { error, started } = await answer.json();
        return { reason: answer.ok ? '' : error || `gangd refused (${answer.status}).`, started };
    } catch {
        return { reason: 'gangd does not answer.' };
    }
}
