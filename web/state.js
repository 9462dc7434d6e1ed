/* SPDX-License-Identifier: MIT */
/*
 * The model: the state that the daemon reported last. Events go in, and the names of changed items come out. No DOM, no
 * network. */

/* States that need the operator although no attempt has ended. */
const CALLING = ['stuck', 'blocked'];

export class Model {
    station = null;      /* the status object without its slots; null before the first snapshot */
    slots = new Map();   /* name → SLOT, in the order in which they are shown */
    #told = new Set();   /* attempts whose verdict has been announced */

    /*
     * Takes one event of docs/api.md. Returns
     *   slots    names of slots that are new or changed
     *   order    slots were added or removed: the tiles must be laid out again
     *   station  counters, book, golden image or names changed
     *   verdicts attempts that ended; each is reported once, even if several events contain it
     *   calls    slots that entered a state that needs the operator */
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
        /* Verdicts from before the page was opened are not announced; those from an interruption of the connection
         * are. */
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

    /* Only an unconfigured slot can be new. Unconfigured slots are at the end, sorted by name. */
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
        const key = `${attempt.id} ${attempt.started}`; /* a new book numbers its attempts from 1 again */
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

/* A slot that is not in the configuration is named after its USB device, "1-1.2" or "1-1.2:1", or by its whole path. */
function isUnconfigured(slot) {
    return slot.slot === slot.path || /^\d+-[\d.]+(:\d+)?$/.test(slot.slot);
}

/* The daemon's order: 1-1.2 before 1-1.10. */
function byName(a, b) {
    return a.slot.localeCompare(b.slot, 'en', { numeric: true });
}
