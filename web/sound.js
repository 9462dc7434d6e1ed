/* SPDX-License-Identifier: MIT */
/*
 * Sounds: a falling two-tone, twice, for a failure; a soft single tone for a pass. Generated with WebAudio, no files.
 *
 * Browsers allow sound only after a click or a key press on the page. So there are two properties: `wanted` is the
 * person's choice, which is stored, and `armed` is true if sound is wanted and the browser allows it. */
const KEY = 'gangd.sound';

/* [start s, duration s, Hz] */
const SOUNDS = {
    fail: { wave: 'square', volume: 0.22, tones: [[0, 0.22, 880], [0.24, 0.34, 554], [0.7, 0.22, 880], [0.94, 0.34, 554]] },
    pass: { wave: 'sine', volume: 0.12, tones: [[0, 0.28, 659]] },
};

/* Several attempts often end at the same time. They make one sound, and passes must not mask a failure. */
const REST_MS = { fail: 1500, pass: 350 };

export class Sound {
    #context = null;
    #wanted = false;
    #wasBlocked = false;
    #last = { name: '', until: 0 };
    #onChange;

    /* `onChange` is called when `wanted` or `armed` changes by other means than a call. */
    constructor(onChange) {
        this.#onChange = onChange;
        try {
            this.#wanted = localStorage.getItem(KEY) === 'on';
        } catch {
            /* Without storage, sound is off after each load. */
        }
        if (this.#wanted)
            this.#arm();
        for (const gesture of ['pointerdown', 'keydown'])
            addEventListener(gesture, () => {
                this.#wasBlocked = this.#wanted && !this.armed;
                if (this.#wanted)
                    this.#arm();
            }, { capture: true });
    }

    get wanted() {
        return this.#wanted;
    }

    get armed() {
        return this.#wanted && this.#context?.state === 'running';
    }

    /* By a click or a key. If the browser has blocked wanted sound, this unblocks it instead of switching it off. */
    toggle() {
        this.#wanted = this.#wasBlocked || !this.#wanted;
        try {
            localStorage.setItem(KEY, this.#wanted ? 'on' : 'off');
        } catch {
            /* Without storage, the choice is lost with the page. */
        }
        if (this.#wanted) {
            this.#arm();
            this.play('pass');
        }
        this.#onChange();
    }

    play(name) {
        const now = performance.now();
        const masked = now < this.#last.until && (name === this.#last.name || name === 'pass');
        if (!this.#wanted || masked)
            return;
        this.#last = { name, until: now + REST_MS[name] };
        const { wave, volume, tones } = SOUNDS[name];
        for (const [start, length, hertz] of tones)
            this.#tone(wave, volume, this.#context.currentTime + 0.02 + start, length, hertz);
    }

    #arm() {
        this.#context ??= new AudioContext();
        if (this.#context.state !== 'running')
            this.#context.resume().then(() => this.#onChange(), () => {});
    }

    #tone(wave, volume, start, length, hertz) {
        const oscillator = new OscillatorNode(this.#context, { type: wave, frequency: hertz });
        const gain = new GainNode(this.#context, { gain: 0 });
        /* Ramps, because a tone that starts or ends abruptly clicks. */
        gain.gain.setValueAtTime(0, start);
        gain.gain.linearRampToValueAtTime(volume, start + 0.015);
        gain.gain.setValueAtTime(volume, start + length - 0.06);
        gain.gain.linearRampToValueAtTime(0, start + length);
        oscillator.connect(gain).connect(this.#context.destination);
        oscillator.start(start);
        oscillator.stop(start + length);
    }
}
