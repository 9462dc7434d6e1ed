/* SPDX-License-Identifier: MIT */
/* Computes the number of columns with which the words are largest. No DOM. */

/* Width of the word that must be legible from a distance, in units of its height, and its share of a tile's height. */
const WORD_ASPECT = 4;
const WORD_SHARE = 0.36;

/* A smaller tile is illegible even at a short distance; the page scrolls instead. */
const TILE_MIN_WIDTH = 150;
export const TILE_MIN_HEIGHT = 92;

/* The grid for n tiles in an area of width × height px: {columns, rows}. */
export function grid(n, width, height, gap) {
    let best = { columns: 1, rows: Math.max(1, n), score: -1 };
    for (let columns = 1; columns <= n; columns++) {
        const rows = Math.ceil(n / columns);
        const tileWidth = (width - gap * (columns - 1)) / columns;
        const tileHeight = Math.max(TILE_MIN_HEIGHT, (height - gap * (rows - 1)) / rows);
        if (tileWidth < TILE_MIN_WIDTH && columns > 1)
            break;
        const word = Math.min(tileWidth / WORD_ASPECT, tileHeight * WORD_SHARE);
        const full = n / (columns * rows); /* a grid without holes looks like the fixture */
        const score = word * full * full;
        if (score >= best.score) /* with an equal score, more columns make the page scroll less */
            best = { columns, rows, score };
    }
    return { columns: best.columns, rows: best.rows };
}
