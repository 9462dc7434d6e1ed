/* SPDX-License-Identifier: MIT */
/* A station for one test: the virtual boards of a boardsim, and a real gangd that can be killed and started again. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './checks.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = process.env.BUILD ?? path.join(ROOT, 'build/release');

/* Slot n is at port n of boardsim's hub. */
const PATH = (n) => `pci-0000:00:14.0-usb-0:1.${n}:1.0`;

/* Runs gangd when the file "run" appears. After gangd has ended, only the test starts it again, so that a restart does
 * not hide a crash. */
const SUPERVISOR = `
cd "$1"
while [ -e running ]; do
    if [ -e run ]; then
        LD_PRELOAD=$3\${LD_PRELOAD:+:$LD_PRELOAD} "$2" --config gangd.conf >>gangd.log 2>&1 &
        echo $! >pid.new && mv pid.new pid
        wait $!
        echo $? >code
        rm -f run pid
    fi
    sleep 0.1
done
`;

/* The ASan runtime of a program that is built with ASan, which must be loaded before umockdev's library; else "". */
function asanRuntime(program) {
    const libraries = execFileSync('ldd', [program], { encoding: 'utf8' });
    return /=> (\S*libasan\S*)/.exec(libraries)?.[1] ?? '';
}

async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

export class Station {
    /* Slots A1… are configured, those in `manual` with reset = manual; the first `boards` slots have a board.
     * `presence` and `control` are the configuration's keys; `watch` is the token of a read-only listener. */
    static async start({ slots, manual = [], boards, presence = 'plug', control = 'yes', watch = '', operator = '', lot = '',
        imageName = 'golden.bin', imageSize = 256 * 1024 }) {
        const station = new Station();
        station.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gangd-browser-'));
        station.port = await freePort();
        station.url = `http://127.0.0.1:${station.port}`;
        station.watchUrl = `http://127.0.0.1:${await freePort()}`;
        station.slots = Array.from({ length: slots }, (_, i) => `A${i + 1}`);
        const file = (name) => path.join(station.dir, name);
        /* Random bytes, because they do not compress: writing takes long enough to show progress. */
        fs.writeFileSync(file(imageName), randomBytes(imageSize));
        fs.writeFileSync(file('token'), watch);
        station.socket = file('gangd.sock');
        fs.writeFileSync(file('gangd.conf'), [
            '[station]', 'name = bench-7', `operator = ${operator}`, `lot = ${lot}`, `book = ${file('book.db')}`,
            '[product]', `file = ${file(imageName)}`, 'image_check = no', 'recompress = no',
            '[flashing]', 'after = stay', 'settle_ms = 100', 'tries = 2',
            '[http]', `socket = ${station.socket}`, 'group =', `listen = 127.0.0.1:${station.port}`,
            `web = ${path.join(ROOT, 'web')}`, `control = ${control}`,
            ...(watch ? [`watch = ${new URL(station.watchUrl).host}`, `watch_token_file = ${file('token')}`] : []),
            '[slots]', `presence = ${presence}`,
            ...station.slots.flatMap((name, i) => [`[slot ${name}]`, `path = ${PATH(i + 1)}`,
                `reset = ${manual.includes(name) ? 'manual' : 'auto'}`]),
        ].join('\n') + '\n');
        fs.writeFileSync(file('running'), '');
        fs.writeFileSync(file('run'), '');
        station.control = file('control');
        const log = fs.openSync(file('boardsim.log'), 'w');
        const gangd = path.join(BUILD, 'gangd');
        station.process = spawn(path.join(BUILD, 'boardsim'), ['--boards', String(boards), '--control', station.control, '--',
            'sh', '-c', SUPERVISOR, 'supervisor', station.dir, gangd, asanRuntime(gangd)], { stdio: ['ignore', log, log] });
        station.process.on('error', (error) => fs.appendFileSync(file('boardsim.log'), `${error.message}\n`));
        station.ended = once(station.process, 'exit').catch(() => {});
        try {
            await until('gangd answers', () => station.get('status').catch(() => null), 60);
        } catch (error) {
            const report = new Error(`${error.message}\n${station.logs()}`);
            await station.stop();
            throw report;
        }
        return station;
    }

    /* GET /api/v1/WHAT */
    get(what) {
        return this.#ask('GET', what);
    }

    post(what) {
        return this.#ask('POST', what);
    }

    async #ask(method, what) {
        const answer = await fetch(`${this.url}/api/v1/${what}`,
            { method, headers: { 'X-Gangd': '1' }, signal: AbortSignal.timeout(10000) });
        if (!answer.ok)
            throw new Error(`${method} ${what}: ${answer.status} ${await answer.text()}`);
        return answer.json();
    }

    /* The output of a command of gangctl. */
    gangctl(...words) {
        return execFileSync(path.join(BUILD, 'gangctl'), [...words, '--socket', this.socket], { encoding: 'utf8' }).trim();
    }

    async slot(name) {
        return (await this.get('status')).slots.find((slot) => slot.slot === name);
    }

    /* Sends a command to boardsim; returns the text after "ok" in its reply. */
    async order(command) {
        const socket = net.connect(this.control);
        await once(socket, 'connect');
        socket.write(`${command}\n`);
        let answer = '';
        for await (const bytes of socket) {
            answer += bytes;
            if (answer.includes('\n'))
                break;
        }
        socket.destroy();
        if (!answer.startsWith('ok'))
            throw new Error(`boardsim: ${command}: ${answer.trim()}`);
        return answer.slice(3).trim();
    }

    #signal(signal) {
        process.kill(Number(fs.readFileSync(path.join(this.dir, 'pid'), 'utf8')), signal);
    }

    /* Kills gangd with SIGKILL, like a crash. It stays away until revive(). */
    kill() {
        this.#signal('SIGKILL');
    }

    async revive() {
        await until('gangd is gone', () => !fs.existsSync(path.join(this.dir, 'pid')));
        fs.writeFileSync(path.join(this.dir, 'run'), '');
    }

    /* Stops the process, so that gangd exists but does not answer. */
    freeze() {
        this.#signal('SIGSTOP');
    }

    thaw() {
        this.#signal('SIGCONT');
    }

    /* The end of both logs, for a failure's report. */
    logs() {
        return ['boardsim.log', 'gangd.log']
            .map((name) => path.join(this.dir, name))
            .filter((name) => fs.existsSync(name))
            .map((name) => `--- ${path.basename(name)}\n${fs.readFileSync(name, 'utf8').slice(-3000)}`)
            .join('\n');
    }

    /* Ends gangd with SIGTERM, like systemd. Returns its exit status, or a sentence. */
    async quit() {
        try {
            this.#signal('SIGTERM');
        } catch {
            return 'it was not running';
        }
        await until('gangd ends', () => !fs.existsSync(path.join(this.dir, 'pid')), 60);
        return Number(fs.readFileSync(path.join(this.dir, 'code'), 'utf8'));
    }

    /* Ends boardsim and gangd in any state, and removes their files. */
    async stop() {
        fs.rmSync(path.join(this.dir, 'running'), { force: true });
        await this.quit().catch(() => {});
        const gone = await Promise.race([this.ended.then(() => true), new Promise((r) => setTimeout(r, 15000, false))]);
        if (!gone)
            this.process.kill('SIGKILL');
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}
