/* SPDX-License-Identifier: MIT */
/*
 * How many columns make the words biggest. Pure.
 */

/* Width of the word that must be read from afar, in units of its height, and the part of a tile's height it may take. */
const WORD_ASPECT = 4;
const WORD_SHARE = 0.36;

/* Below this a tile cannot be read even from near; then the page scrolls instead. */
export const TILE_MIN_WIDTH = 150;
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
        if (score >= best.score) /* as big in more columns: then the page scrolls less */
            best = { columns, rows, score };
    }
    return { columns: best.columns, rows: best.rows };
}
