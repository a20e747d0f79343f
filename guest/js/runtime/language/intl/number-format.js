/**
 * `Intl.NumberFormat`.
 *
 * Invariant: results are those of `en-US`.
 */

import { toDecimal } from "./decimal.js";
import { LOCALE, resolveLocale, supportedLocales } from "./locale.js";
import { defaultFraction, readDigits, readGrouping, readStyle } from "./number-options.js";
import { numberParts } from "./number-parts.js";
import { callable, internals, optionsObject, stringOption } from "./options.js";

/** @type {WeakMap<object, object>} */
const states = new WeakMap();

const SHOWN = [
    "style",
    "currency",
    "currencyDisplay",
    "currencySign",
    "unit",
    "unitDisplay",
    "minimumIntegerDigits",
    "minimumFractionDigits",
    "maximumFractionDigits",
    "minimumSignificantDigits",
    "maximumSignificantDigits",
    "useGrouping",
    "notation",
    "compactDisplay",
    "signDisplay",
    "roundingIncrement",
    "roundingMode",
    "roundingPriority",
    "trailingZeroDisplay",
];

/** The resolved options of a number format. */
export function numberState(locales, givenOptions) {
    resolveLocale(locales);
    const options = optionsObject(givenOptions);
    stringOption(options, "localeMatcher", ["lookup", "best fit"], "best fit");
    const state = {};
    readStyle(state, options);
    state.notation = stringOption(
        options,
        "notation",
        ["standard", "scientific", "engineering", "compact"],
        "standard",
    );
    readDigits(state, options, defaultFraction(state));
    const compactDisplay = stringOption(options, "compactDisplay", ["short", "long"], "short");
    if (state.notation === "compact") {
        state.compactDisplay = compactDisplay;
    }
    readGrouping(state, options);
    state.signDisplay = stringOption(
        options,
        "signDisplay",
        ["auto", "never", "always", "exceptZero", "negative"],
        "auto",
    );
    return state;
}

/** The value to format: a decimal, or the name of what is no number. */
export function numericValue(value) {
    let primitive =
        typeof value === "object" && value !== null
            ? (value[Symbol.toPrimitive]?.("number") ?? value.valueOf())
            : value;
    if (typeof primitive === "object" && primitive !== null) {
        primitive = String(primitive);
    }
    if (typeof primitive === "string") {
        const text = primitive.trim();
        if (/^[+-]?Infinity$/.test(text)) {
            return text.startsWith("-") ? "-Infinity" : "Infinity";
        }
        if (text === "" || /^0[xob]/i.test(text)) {
            return toDecimal(Number(text)) ?? "NaN";
        }
        return toDecimal(text) ?? "NaN";
    }
    if (typeof primitive === "bigint") {
        return toDecimal(primitive);
    }
    const number = Number(primitive);
    return toDecimal(number) ?? String(number);
}

function join(parts) {
    let text = "";
    for (const part of parts) {
        text += part.value;
    }
    return text;
}

/** A number's text with resolved options. */
export function formatNumber(value, state) {
    return join(numberParts(numericValue(value), state));
}

function rangeParts(state, start, end) {
    if (start === undefined || end === undefined) {
        throw new TypeError("start or end is undefined");
    }
    const values = [start, end].map(numericValue);
    if (values.includes("NaN")) {
        throw new RangeError("Invalid number: NaN");
    }
    const [first, last] = values.map((value) => numberParts(value, state));
    if (join(first) === join(last)) {
        return [
            { type: "approximatelySign", value: "~", source: "shared" },
            ...first.map((part) => ({ ...part, source: "shared" })),
        ];
    }
    const spaced = [first, last].some((parts) => parts.some(({ type }) => /Sign|currency|unit|compact/.test(type)));
    return [
        ...first.map((part) => ({ ...part, source: "startRange" })),
        { type: "literal", value: spaced ? " – " : "–", source: "shared" },
        ...last.map((part) => ({ ...part, source: "endRange" })),
    ];
}

class NumberFormatClass {
    constructor(locales = undefined, options = undefined) {
        states.set(this, { options: numberState(locales, options), format: undefined });
    }

    static supportedLocalesOf(locales, options) {
        return supportedLocales(locales, options);
    }

    get format() {
        const state = internals(states, this, "get Intl.NumberFormat.prototype.format");
        state.format ??= Object.defineProperty((value) => formatNumber(value, state.options), "name", { value: "" });
        return state.format;
    }

    formatToParts(value) {
        return numberParts(
            numericValue(value),
            internals(states, this, "Intl.NumberFormat.prototype.formatToParts").options,
        );
    }

    formatRange(start, end) {
        return join(rangeParts(internals(states, this, "Intl.NumberFormat.prototype.formatRange").options, start, end));
    }

    formatRangeToParts(start, end) {
        return rangeParts(
            internals(states, this, "Intl.NumberFormat.prototype.formatRangeToParts").options,
            start,
            end,
        );
    }

    resolvedOptions() {
        const { options } = internals(states, this, "Intl.NumberFormat.prototype.resolvedOptions");
        const result = { locale: LOCALE, numberingSystem: "latn" };
        for (const name of SHOWN) {
            if (options[name] !== undefined) {
                result[name] = options[name];
            }
        }
        return result;
    }
}
Object.defineProperty(NumberFormatClass, "name", { value: "NumberFormat" });
Object.defineProperty(NumberFormatClass.prototype, Symbol.toStringTag, {
    value: "Intl.NumberFormat",
    configurable: true,
});

export const NumberFormat = callable(NumberFormatClass);
