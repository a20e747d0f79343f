/**
 * `Intl.ListFormat` and `Intl.RelativeTimeFormat`.
 *
 * Invariant: results are those of `en-US`.
 */

import { LOCALE, resolveLocale, supportedLocales } from "./locale.js";
import { numberState, numericValue } from "./number-format.js";
import { numberParts } from "./number-parts.js";
import { internals, optionsObject, stringOption } from "./options.js";

const listStates = new WeakMap();
const LAST = {
    conjunction: { long: ["and ", " and "], short: ["& ", " & "], narrow: ["", ", "] },
    disjunction: { long: ["or ", " or "], short: ["or ", " or "], narrow: ["or ", " or "] },
    unit: { long: ["", ", "], short: ["", ", "], narrow: ["", " "] },
};

function listItems(list) {
    if (list === undefined) {
        return [];
    }
    return Array.from(list, (item) => {
        if (typeof item !== "string") {
            throw new TypeError("Iterable yielded a non-String value");
        }
        return item;
    });
}

function listParts(list, { type, style }) {
    const items = listItems(list);
    const [word, pair] = LAST[type][style];
    const separator = type === "unit" && style === "narrow" ? " " : ", ";
    const parts = [];
    items.forEach((value, index) => {
        if (index > 0) {
            const last = index === items.length - 1;
            const many = last ? separator + word : separator;
            parts.push({ type: "literal", value: items.length === 2 ? pair : many });
        }
        parts.push({ type: "element", value });
    });
    return parts;
}

function join(parts) {
    return parts.map((part) => part.value).join("");
}

/** `Intl.ListFormat`. */
export class ListFormat {
    constructor(locales = undefined, givenOptions = undefined) {
        resolveLocale(locales);
        const options = optionsObject(givenOptions);
        stringOption(options, "localeMatcher", ["lookup", "best fit"], "best fit");
        const type = stringOption(options, "type", ["conjunction", "disjunction", "unit"], "conjunction");
        const style = stringOption(options, "style", ["long", "short", "narrow"], "long");
        listStates.set(this, { type, style });
    }

    static supportedLocalesOf(locales, options) {
        return supportedLocales(locales, options);
    }

    format(list) {
        return join(listParts(list, internals(listStates, this, "Intl.ListFormat.prototype.format")));
    }

    formatToParts(list) {
        return listParts(list, internals(listStates, this, "Intl.ListFormat.prototype.formatToParts"));
    }

    resolvedOptions() {
        return { locale: LOCALE, ...internals(listStates, this, "Intl.ListFormat.prototype.resolvedOptions") };
    }
}
Object.defineProperty(ListFormat.prototype, Symbol.toStringTag, { value: "Intl.ListFormat", configurable: true });

const relativeStates = new WeakMap();
/** For each unit: short for one and for many, narrow, and whether there are a last and a next one. */
const UNITS = {
    second: ["sec.", "sec.", "s"],
    minute: ["min.", "min.", "m"],
    hour: ["hr.", "hr.", "h"],
    day: ["day", "days", "d"],
    week: ["wk.", "wk.", "w"],
    month: ["mo.", "mo.", "mo"],
    quarter: ["qtr.", "qtrs.", "q"],
    year: ["yr.", "yr.", "y"],
};

function unitOf(value) {
    const text = String(value);
    const unit = text.endsWith("s") ? text.slice(0, -1) : text;
    if (!Object.hasOwn(UNITS, unit)) {
        throw new RangeError(`Invalid unit argument for format() '${text}'`);
    }
    return unit;
}

/** `yesterday`, `this year` and their like. */
function namedTime(value, unit, style) {
    if (!Number.isInteger(value) || Math.abs(value) > 1) {
        return undefined;
    }
    if (unit === "day") {
        return ["yesterday", "today", "tomorrow"][value + 1];
    }
    if (unit === "second") {
        return value === 0 ? "now" : undefined;
    }
    if (unit === "minute" || unit === "hour") {
        return value === 0 ? `this ${unit}` : undefined;
    }
    return `${["last", "this", "next"][value + 1]} ${style === "long" ? unit : UNITS[unit][0]}`;
}

function relativeParts(given, unitName, state) {
    const unit = unitOf(unitName);
    const value = Number(given);
    if (!Number.isFinite(value)) {
        throw new RangeError("Invalid time value");
    }
    const named = state.numeric === "auto" ? namedTime(value, unit, state.style) : undefined;
    if (named !== undefined) {
        return [{ type: "literal", value: named }];
    }
    const number = numberParts(numericValue(Math.abs(value)), state.number).map((part) => ({ ...part, unit }));
    const one = number.length === 1 && number[0].value === "1";
    const [short, shorts, narrow] = UNITS[unit];
    const names = { long: ` ${unit}${one ? "" : "s"}`, short: ` ${one ? short : shorts}`, narrow };
    const past = value < 0 || Object.is(value, -0);
    const after = { type: "literal", value: names[state.style] + (past ? " ago" : "") };
    return past ? [...number, after] : [{ type: "literal", value: "in " }, ...number, after];
}

/** `Intl.RelativeTimeFormat`. */
export class RelativeTimeFormat {
    constructor(locales = undefined, givenOptions = undefined) {
        resolveLocale(locales);
        const options = optionsObject(givenOptions);
        stringOption(options, "localeMatcher", ["lookup", "best fit"], "best fit");
        const style = stringOption(options, "style", ["long", "short", "narrow"], "long");
        const numeric = stringOption(options, "numeric", ["always", "auto"], "always");
        relativeStates.set(this, { style, numeric, number: numberState() });
    }

    static supportedLocalesOf(locales, options) {
        return supportedLocales(locales, options);
    }

    format(value, unit) {
        return join(
            relativeParts(value, unit, internals(relativeStates, this, "Intl.RelativeTimeFormat.prototype.format")),
        );
    }

    formatToParts(value, unit) {
        return relativeParts(
            value,
            unit,
            internals(relativeStates, this, "Intl.RelativeTimeFormat.prototype.formatToParts"),
        );
    }

    resolvedOptions() {
        const { style, numeric } = internals(relativeStates, this, "Intl.RelativeTimeFormat.prototype.resolvedOptions");
        return { locale: LOCALE, style, numeric, numberingSystem: "latn" };
    }
}
Object.defineProperty(RelativeTimeFormat.prototype, Symbol.toStringTag, {
    value: "Intl.RelativeTimeFormat",
    configurable: true,
});
