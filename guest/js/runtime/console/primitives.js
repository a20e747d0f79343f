/**
 * Primitive values as inspection shows them.
 *
 * Invariant: pure, but for the styling of the context.
 */

import { quote } from "./text.js";

/** `1_234_567` where `numericSeparator` is on. */
function separate(text, separator) {
    if (!separator || !/^-?\d+(\.\d+)?$/.test(text)) {
        return text;
    }
    const [whole, fraction] = text.split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "_");
    return fraction === undefined ? grouped : `${grouped}.${fraction.replace(/(\d{3})(?=\d)/g, "$1_")}`;
}

/** A number as text. */
export function formatNumber(context, value) {
    const text = Object.is(value, -0) ? "-0" : separate(String(value), context.numericSeparator);
    return context.stylize(text, "number");
}

/** A big integer as text. */
export function formatBigInt(context, value) {
    return context.stylize(`${separate(String(value), context.numericSeparator)}n`, "bigint");
}

function formatString(context, value) {
    let trailer = "";
    if (value.length > context.maxStringLength) {
        const rest = value.length - context.maxStringLength;
        value = value.slice(0, context.maxStringLength);
        trailer = `... ${rest} more character${rest > 1 ? "s" : ""}`;
    }
    const room = context.breakLength - context.indentation - 4;
    if (context.compact !== true && value.length > 16 && value.length > room && value.includes("\n")) {
        const lines = value.split(/(?<=\n)/).map((line) => context.stylize(quote(line), "string"));
        return lines.join(` +\n${" ".repeat(context.indentation + 2)}`) + trailer;
    }
    return context.stylize(quote(value), "string") + trailer;
}

/** A primitive value as text. */
export function formatPrimitive(context, value) {
    switch (typeof value) {
        case "string":
            return formatString(context, value);
        case "number":
            return formatNumber(context, value);
        case "bigint":
            return formatBigInt(context, value);
        case "boolean":
            return context.stylize(`${value}`, "boolean");
        case "undefined":
            return context.stylize("undefined", "undefined");
        default:
            return context.stylize(value.toString(), "symbol");
    }
}
