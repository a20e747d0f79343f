/**
 * How the entries of an inspected object are set in lines.
 *
 * Invariant: sees entries as text only, never the object (except whether an array holds numbers).
 */

import { displayWidth, stripControlSequences } from "./text.js";

/** Sorts of entries: properties, elements, elements followed by properties. */
export const OBJECT = 0;
export const ELEMENT = 1;
export const ARRAY_WITH_EXTRAS = 2;

const APPROXIMATE_CHARACTER_HEIGHT = 2.5;
const MAX_COLUMNS = 15;
const MIN_GROUPED = 6;

function fitsOneLine(context, entries, start, base) {
    let total = entries.length + start;
    if (total + entries.length > context.breakLength) {
        return false;
    }
    for (const entry of entries) {
        total += context.colors ? stripControlSequences(entry).length : entry.length;
        if (total > context.breakLength) {
            return false;
        }
    }
    return base === "" || !base.includes("\n");
}

function holdsOnlyNumbers(values, count) {
    for (let index = 0; index < count; index++) {
        if (typeof values[index] !== "number" && typeof values[index] !== "bigint") {
            return false;
        }
    }
    return true;
}

function columnWidths(widths, columns, separatorWidth) {
    const result = [];
    for (let column = 0; column < columns; column++) {
        let widest = 0;
        for (let index = column; index < widths.length; index += columns) {
            widest = Math.max(widest, widths[index]);
        }
        result.push(widest + separatorWidth);
    }
    return result;
}

function setInColumns(entries, widths, columns, alignRight) {
    const count = widths.length;
    const columnWidth = columnWidths(widths, columns, 2);
    const pad = alignRight ? String.prototype.padStart : String.prototype.padEnd;
    const rows = [];
    for (let first = 0; first < count; first += columns) {
        const last = Math.min(first + columns, count) - 1;
        let row = "";
        for (let index = first; index < last; index++) {
            const width = columnWidth[index - first] + entries[index].length - widths[index];
            row += pad.call(`${entries[index]}, `, width, " ");
        }
        if (alignRight) {
            const width = columnWidth[last - first] + entries[last].length - widths[last] - 2;
            row += entries[last].padStart(width, " ");
        } else {
            row += entries[last];
        }
        rows.push(row);
    }
    return rows;
}

/** Joins many short entries into rows of equal columns; long ones are left as they are. */
function group(context, entries, values) {
    let count = entries.length;
    if (context.maxArrayLength < count) {
        count -= 1; // The last entry says how many more there are.
    }
    const separatorWidth = 2;
    const widths = new Array(count);
    let total = 0;
    let widest = 0;
    for (let index = 0; index < count; index++) {
        widths[index] = displayWidth(entries[index]);
        total += widths[index] + separatorWidth;
        widest = Math.max(widest, widths[index]);
    }
    const slot = widest + separatorWidth;
    if (slot * 3 + context.indentation >= context.breakLength || !(total / slot > 5 || widest <= MIN_GROUPED)) {
        return entries;
    }
    const biased = Math.max(slot - 3 - Math.sqrt(slot - total / entries.length), 1);
    const columns = Math.min(
        Math.round(Math.sqrt(APPROXIMATE_CHARACTER_HEIGHT * biased * count) / biased),
        Math.floor((context.breakLength - context.indentation) / slot),
        context.compact * 4,
        MAX_COLUMNS,
    );
    if (columns <= 1) {
        return entries;
    }
    const alignRight = values !== undefined && holdsOnlyNumbers(values, entries.length);
    const rows = setInColumns(entries, widths, columns, alignRight || values === undefined);
    if (count < entries.length) {
        rows.push(entries[count]);
    }
    return rows;
}

/**
 * The text of an object.
 *
 * @param {object} context Of `inspect.js`.
 * @param {string[]} entries The entries' text.
 * @param {string} base What stands before the brace, such as the text of an error.
 * @param {[string, string]} braces
 * @param {number} kind `OBJECT` or `ARRAY_WITH_EXTRAS`.
 * @param {number} depth
 * @param {unknown[] | undefined} values The elements, to align numbers.
 */
export function layOut(context, entries, base, braces, kind, depth, values) {
    if (context.compact === true) {
        if (fitsOneLine(context, entries, 0, base)) {
            return `${braces[0]}${base ? ` ${base}` : ""} ${entries.join(", ")} ${braces[1]}`;
        }
        const line = `\n${" ".repeat(context.indentation)}`;
        const lead = base === "" && braces[0].length === 1 ? " " : `${base ? ` ${base}` : ""}${line}  `;
        return `${braces[0]}${lead}${entries.join(`,${line}  `)} ${braces[1]}`;
    }
    const head = base ? `${base} ` : "";
    if (typeof context.compact === "number" && context.compact >= 1) {
        const grouped = kind === ARRAY_WITH_EXTRAS && entries.length > 6 ? group(context, entries, values) : entries;
        const ungrouped = grouped.length === entries.length;
        entries = grouped;
        if (context.currentDepth - depth < context.compact && ungrouped) {
            const start = entries.length + context.indentation + braces[0].length + base.length + 10;
            if (fitsOneLine(context, entries, start, base)) {
                const joined = entries.join(", ");
                if (!joined.includes("\n")) {
                    return `${head}${braces[0]} ${joined} ${braces[1]}`;
                }
            }
        }
    }
    const line = `\n${" ".repeat(context.indentation)}`;
    return `${head}${braces[0]}${line}  ${entries.join(`,${line}  `)}${line}${braces[1]}`;
}
