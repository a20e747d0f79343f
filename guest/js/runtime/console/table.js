/**
 * `console.table`: tabular data in a frame.
 *
 * Invariant: pure; reads the data once.
 */

import { inspect } from "./inspect.js";
import { displayWidth } from "./text.js";

const VALUES = "Values";

function cell(value) {
    const deep = value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 2;
    return inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: deep ? -1 : 0 });
}

function rule(left, middle, right, widths) {
    return left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right;
}

function row(cells, widths) {
    const padded = cells.map((text, at) => ` ${text}${" ".repeat(widths[at] - displayWidth(text))} `);
    return `│${padded.join("│")}│`;
}

function draw(head, rows) {
    const widths = head.map((text, at) =>
        Math.max(displayWidth(text), ...rows.map((cells) => displayWidth(cells[at]))),
    );
    return [
        rule("┌", "┬", "┐", widths),
        row(head, widths),
        rule("├", "┼", "┤", widths),
        ...rows.map((cells) => row(cells, widths)),
        rule("└", "┴", "┘", widths),
    ].join("\n");
}

function fromMap(map) {
    const rows = [...map].map(([key, value], at) => [`${at}`, cell(key), cell(value)]);
    return draw(["(iteration index)", "Key", VALUES], rows);
}

function fromSet(set) {
    const rows = [...set].map((value, at) => [`${at}`, cell(value)]);
    return draw(["(iteration index)", VALUES], rows);
}

/** The columns in the order in which rows name them, and the rows' own values where they have no columns. */
function collect(data, columns) {
    const names = new Set(columns ?? []);
    let hasValues = false;
    const rows = Object.keys(data).map((index) => {
        const item = data[index];
        const primitive = item === null || (typeof item !== "object" && typeof item !== "function");
        hasValues ||= primitive;
        if (!primitive && columns === undefined) {
            Object.keys(item).forEach((key) => names.add(key));
        }
        return { index, item, primitive };
    });
    return { names: [...names], rows, hasValues };
}

/**
 * The table for `data`, or `undefined` where it is no table.
 *
 * @param {unknown} data
 * @param {string[] | undefined} columns The only columns to show.
 */
export function table(data, columns) {
    if (data === null || typeof data !== "object") {
        return undefined;
    }
    if (data instanceof Map) {
        return fromMap(data);
    }
    if (data instanceof Set) {
        return fromSet(data);
    }
    const { names, rows, hasValues } = collect(data, columns);
    const cells = rows.map(({ index, item, primitive }) => {
        const own = names.map((name) => (!primitive && Object.hasOwn(item, name) ? cell(item[name]) : ""));
        return hasValues ? [index, ...own, primitive ? cell(item) : ""] : [index, ...own];
    });
    return draw(["(index)", ...names, ...(hasValues ? [VALUES] : [])], cells);
}
