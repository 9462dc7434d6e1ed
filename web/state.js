/* SPDX-License-Identifier: MIT */
/*
 * The model: what the daemon last said. Events go in, the names of what changed come out. Pure: no DOM, no network.
 */

/* In what state the operator is called, although no attempt ended. */
const CALLING = ['stuck', 'blocked'];

export class Model {
    station = null;      /* the status object without its slots; null before the first snapshot */
    slots = new Map();   /* name → SLOT, in the order in which they are shown */
    #told = new Set();   /* attempts whose verdict was announced */

    /*
     * Takes one event of docs/api.md. Returns
     *   slots    names of slots that are new or changed
     *   order    slots came or went: the tiles must be laid out anew
     *   station  counters, book, golden image or names changed
     *   verdicts attempts that ended, each told once however often it is seen
     *   calls    slots that went into a state that calls the operator
     */
    apply(type, data) {
        const change = { slots: [], order: false, station: false, verdicts: [], calls: [] };
        switch (type) {
        case 'snapshot':
            this.#snapshot(data, change);
            break;
        case 'slot':
            this.#slot(data, change);
            break;
        case 'slot-gone':
            change.order = this.slots.delete(data.slot);
            break;
        case 'verdict':
            this.#tell(data, change);
            break;
        case 'station':
            this.station = data;
            change.station = true;
            break;
        }
        return change;
    }

    #snapshot(status, change) {
        const { slots, ...station } = status;
        const first = this.station === null;
        const old = this.slots;
        this.station = station;
        this.slots = new Map(slots.map((slot) => [slot.slot, slot]));
        change.station = true;
        change.order = true;
        change.slots = [...this.slots.keys()];
        /* What was there before the page was opened is no news; what came while the daemon was out of reach is. */
        for (const slot of slots) {
            this.#tell(slot.attempt, change);
            this.#call(old.get(slot.slot), slot, change);
        }
        if (first) {
            change.verdicts = [];
            change.calls = [];
        }
    }

    #slot(slot, change) {
        const old = this.slots.get(slot.slot);
        if (old === undefined) {
            this.#insert(slot);
            change.order = true;
        } else {
            this.slots.set(slot.slot, slot);
        }
        change.slots.push(slot.slot);
        this.#call(old, slot, change);
    }

    /* Only an unconfigured slot can be new. Those stand at the end, sorted by name. */
    #insert(slot) {
        const all = [...this.slots.values()];
        let at = all.length;
        while (at > 0 && isUnconfigured(all[at - 1]) && byName(all[at - 1], slot) > 0)
            at--;
        all.splice(at, 0, slot);
        this.slots = new Map(all.map((one) => [one.slot, one]));
    }

    #tell(attempt, change) {
        if (!attempt || !attempt.verdict)
            return;
        const key = `${attempt.id} ${attempt.started}`; /* a new book counts from 1 again */
        if (this.#told.has(key))
            return;
        this.#told.add(key);
        change.verdicts.push(attempt);
    }

    #call(old, slot, change) {
        if (CALLING.includes(slot.state) && old?.state !== slot.state)
            change.calls.push(slot);
    }
}

/* A slot without a name in the configuration bears that of its place: "1-1.2", "1-1.2:1", or all of its path. */
function isUnconfigured(slot) {
    return slot.slot === slot.path || /^\d+-[\d.]+(:\d+)?$/.test(slot.slot);
}

/* As the daemon sorts: 1-1.2 before 1-1.10. */
function byName(a, b) {
    return a.slot.localeCompare(b.slot, 'en', { numeric: true });
}
