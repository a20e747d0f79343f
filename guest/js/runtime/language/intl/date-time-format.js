/**
 * `Intl.DateTimeFormat`.
 *
 * Invariant: results are those of `en-US` with the Gregorian calendar.
 */

import { host } from "../../host.js";
import { Fields } from "./date-fields.js";
import { DATE_STYLES, datePattern, joint, TIME_STYLES, timePattern } from "./date-patterns.js";
import { LOCALE, resolveLocale, supportedLocales, unicodeExtension } from "./locale.js";
import { booleanOption, callable, internals, numberOption, optionsObject, stringOption } from "./options.js";
import { UTC, zoneOf } from "./zones.js";

/** @type {WeakMap<object, object>} */
const states = new WeakMap();

const TEXT = ["narrow", "short", "long"];
const NUMERIC = ["2-digit", "numeric"];
const FIELDS = [
    ["weekday", TEXT],
    ["era", TEXT],
    ["year", NUMERIC],
    ["month", [...NUMERIC, ...TEXT]],
    ["day", NUMERIC],
    ["dayPeriod", TEXT],
    ["hour", NUMERIC],
    ["minute", NUMERIC],
    ["second", NUMERIC],
];
const ZONE_STYLES = ["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"];
const STYLES = ["full", "long", "medium", "short"];
const DATE_FIELDS = ["weekday", "year", "month", "day"];
const TIME_FIELDS = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];
const RANGE_DASH = " – ";

function readFields(state, options) {
    for (const [name, allowed] of FIELDS) {
        state[name] = stringOption(options, name, allowed, undefined);
    }
    state.fractionalSecondDigits = numberOption(options, "fractionalSecondDigits", 1, 3, undefined);
    state.timeZoneName = stringOption(options, "timeZoneName", ZONE_STYLES, undefined);
}

/** Gives what was not asked for: `required` says which fields count as asked, `defaults` what is added. */
function addDefaults(state, required, defaults) {
    const wanted = [];
    if (required !== "time") {
        wanted.push(...DATE_FIELDS);
    }
    if (required !== "date") {
        wanted.push(...TIME_FIELDS);
    }
    if (wanted.some((name) => state[name] !== undefined)) {
        return;
    }
    if (defaults !== "time") {
        Object.assign(state, { year: "numeric", month: "numeric", day: "numeric" });
    }
    if (defaults !== "date") {
        Object.assign(state, { hour: "numeric", minute: "numeric", second: "numeric" });
    }
}

function applyStyles(state, required) {
    const { dateStyle, timeStyle } = state;
    const set = [...FIELDS.map(([name]) => name), "fractionalSecondDigits", "timeZoneName"].find(
        (name) => state[name] !== undefined,
    );
    if (set !== undefined) {
        throw new TypeError(
            `Can't set option ${set} when ${dateStyle === undefined ? "timeStyle" : "dateStyle"} is used`,
        );
    }
    if (required === "date" && timeStyle !== undefined) {
        throw new TypeError("Invalid option : timeStyle");
    }
    if (required === "time" && dateStyle !== undefined) {
        throw new TypeError("Invalid option : dateStyle");
    }
    Object.assign(state, DATE_STYLES[dateStyle], TIME_STYLES[timeStyle]);
}

function hourCycleOf(locales, options, hour12) {
    const cycle = stringOption(options, "hourCycle", ["h11", "h12", "h23", "h24"], undefined);
    if (hour12 !== undefined) {
        return hour12 ? "h12" : "h23";
    }
    const extension = unicodeExtension(locales, "hc");
    return cycle ?? (["h11", "h12", "h23", "h24"].includes(extension) ? extension : "h12");
}

/**
 * The resolved options of a date format.
 *
 * @param {unknown} locales
 * @param {unknown} givenOptions
 * @param {"any" | "date" | "time"} required
 * @param {"all" | "date" | "time"} defaults
 */
export function dateState(locales, givenOptions, required, defaults) {
    resolveLocale(locales);
    const options = optionsObject(givenOptions);
    stringOption(options, "localeMatcher", ["lookup", "best fit"], "best fit");
    const state = {};
    const hour12 = booleanOption(options, "hour12", undefined);
    const hourCycle = hourCycleOf(locales, options, hour12);
    const zoneNameGiven = options.timeZone;
    state.zone = zoneNameGiven === undefined ? UTC : zoneOf(String(zoneNameGiven));
    readFields(state, options);
    stringOption(options, "formatMatcher", ["basic", "best fit"], "best fit");
    state.dateStyle = stringOption(options, "dateStyle", STYLES, undefined);
    state.timeStyle = stringOption(options, "timeStyle", STYLES, undefined);
    if (state.dateStyle !== undefined || state.timeStyle !== undefined) {
        applyStyles(state, required);
    } else {
        addDefaults(state, required, defaults);
    }
    complete(state, hourCycle);
    return state;
}

/** What follows from the fields: the cycle of hours and the patterns. */
function complete(state, hourCycle) {
    if (state.era !== undefined && state.year === undefined && state.month === undefined && state.day === undefined) {
        Object.assign(state, { year: "numeric", month: "numeric", day: "numeric" });
    }
    if (state.hour !== undefined) {
        state.hourCycle = hourCycle;
        state.hour12 = hourCycle === "h11" || hourCycle === "h12";
    }
    state.datePattern = datePattern(state);
    state.timePattern = timePattern(state);
    if (state.timePattern.includes("{second}") && state.second === undefined) {
        state.second = "2-digit";
    }
}

function tokens(pattern, fields, state, parts) {
    for (const [, name, literal] of pattern.matchAll(/\{(\w+)\}|([^{]+)/g)) {
        if (literal === undefined) {
            parts.push({ type: name, value: fields.text(name, state) });
        } else {
            parts.push({ type: "literal", value: literal });
        }
    }
    return parts;
}

function zoneParts(fields, state, parts) {
    if (state.timeZoneName !== undefined) {
        parts.push({ type: "literal", value: state.timePattern === "" ? ", " : " " });
        parts.push({ type: "timeZoneName", value: fields.text("timeZoneName", state) });
    }
    return parts;
}

/** The parts of a time. */
function dateParts(ms, state) {
    const fields = new Fields(ms, state.zone);
    const parts = tokens(state.datePattern, fields, state, []);
    if (state.datePattern !== "" && state.timePattern !== "") {
        parts.push({ type: "literal", value: joint(state) });
    }
    tokens(state.timePattern, fields, state, parts);
    return zoneParts(fields, state, parts);
}

function join(parts) {
    let text = "";
    for (const part of parts) {
        text += part.value;
    }
    return text;
}

const LIMIT_MS = 8.64e15;

/** A time in milliseconds, as the methods take it. */
function timeOf(value) {
    const ms = value === undefined ? host.now() : Number(value);
    if (!(Math.abs(ms) <= LIMIT_MS)) {
        throw new RangeError("Invalid time value");
    }
    return Math.trunc(ms) + 0;
}

/** The text of a time. */
export function formatDate(value, state) {
    return join(dateParts(timeOf(value), state));
}

function sourced(parts, source) {
    return parts.map((part) => ({ ...part, source }));
}

function dash(first, last) {
    return [...first, { type: "literal", value: RANGE_DASH, source: "shared" }, ...last];
}

/** Two times of one day: the date once, the part of the day once where it is the same. */
function sameDayRange(start, end, state) {
    const shared =
        state.datePattern === ""
            ? []
            : [...tokens(state.datePattern, start, state, []), { type: "literal", value: joint(state) }];
    const once = start.half === end.half && state.timePattern.endsWith(" {dayPeriod}") && state.dayPeriod === undefined;
    const pattern = once ? state.timePattern.replace(" {dayPeriod}", "") : state.timePattern;
    const tail = once
        ? [
              { type: "literal", value: " " },
              { type: "dayPeriod", value: end.text("dayPeriod", state) },
          ]
        : [];
    return [
        ...sourced(shared, "shared"),
        ...dash(
            sourced(tokens(pattern, start, state, []), "startRange"),
            sourced(tokens(pattern, end, state, []), "endRange"),
        ),
        ...sourced(zoneParts(end, state, tail), "shared"),
    ];
}

/** Two days of one year in a pattern with a month in letters: what is the same is written once. */
function sameYearRange(start, end, state) {
    const head = "{month} {day}";
    const at = state.datePattern.indexOf(head);
    const before = state.datePattern.slice(0, at);
    const after = state.datePattern.slice(at + head.length);
    const sameMonth = start.monthNumber === end.monthNumber && before === "";
    return [
        ...dash(
            sourced(tokens(before + head, start, state, []), "startRange"),
            sourced(tokens(sameMonth ? "{day}" : before + head, end, state, []), "endRange"),
        ),
        ...sourced(tokens(after, end, state, []), "shared"),
    ];
}

function rangeParts(startMs, endMs, state) {
    const [first, last] = [startMs, endMs].map((ms) => dateParts(ms, state));
    if (join(first) === join(last)) {
        return sourced(first, "shared");
    }
    const [start, end] = [startMs, endMs].map((ms) => new Fields(ms, state.zone));
    if (state.timePattern !== "" && start.dayNumber === end.dayNumber) {
        return sameDayRange(start, end, state);
    }
    const letters = state.datePattern.includes("{month} {day}");
    if (
        state.timePattern === "" &&
        state.timeZoneName === undefined &&
        letters &&
        start.yearNumber === end.yearNumber
    ) {
        return sameYearRange(start, end, state);
    }
    return dash(sourced(first, "startRange"), sourced(last, "endRange"));
}

function rangeOf(start, end) {
    if (start === undefined || end === undefined) {
        throw new TypeError("startDate or endDate cannot be undefined");
    }
    return [timeOf(start), timeOf(end)];
}

/** Shown options in order; minutes and seconds are shown as they are written. */
function shownField(state, name) {
    const value = state[name];
    if (value === undefined || state.dateStyle !== undefined || state.timeStyle !== undefined) {
        return undefined;
    }
    const others = ["hour", "minute", "second"].filter((other) => other !== name && state[other] !== undefined);
    if (name === "hour") {
        return state.hour12 ? value : "2-digit";
    }
    if (name === "minute" || name === "second") {
        return others.length > 0 ? "2-digit" : "numeric";
    }
    return value;
}

class DateTimeFormatClass {
    constructor(locales = undefined, options = undefined) {
        states.set(this, { options: dateState(locales, options, "any", "date"), format: undefined });
    }

    static supportedLocalesOf(locales, options) {
        return supportedLocales(locales, options);
    }

    get format() {
        const state = internals(states, this, "get Intl.DateTimeFormat.prototype.format");
        state.format ??= Object.defineProperty((date) => formatDate(date, state.options), "name", { value: "" });
        return state.format;
    }

    formatToParts(date) {
        return dateParts(timeOf(date), internals(states, this, "Intl.DateTimeFormat.prototype.formatToParts").options);
    }

    formatRange(start, end) {
        const { options } = internals(states, this, "Intl.DateTimeFormat.prototype.formatRange");
        return join(rangeParts(...rangeOf(start, end), options));
    }

    formatRangeToParts(start, end) {
        const { options } = internals(states, this, "Intl.DateTimeFormat.prototype.formatRangeToParts");
        return rangeParts(...rangeOf(start, end), options);
    }

    resolvedOptions() {
        const { options: state } = internals(states, this, "Intl.DateTimeFormat.prototype.resolvedOptions");
        const result = { locale: LOCALE, calendar: "gregory", numberingSystem: "latn", timeZone: state.zone.name };
        for (const name of ["hourCycle", "hour12"]) {
            if (state[name] !== undefined) {
                result[name] = state[name];
            }
        }
        for (const name of [...FIELDS.map(([field]) => field), "fractionalSecondDigits", "timeZoneName"]) {
            const value = shownField(state, name);
            if (value !== undefined) {
                result[name] = value;
            }
        }
        for (const name of ["dateStyle", "timeStyle"]) {
            if (state[name] !== undefined) {
                result[name] = state[name];
            }
        }
        return result;
    }
}
Object.defineProperty(DateTimeFormatClass, "name", { value: "DateTimeFormat" });
Object.defineProperty(DateTimeFormatClass.prototype, Symbol.toStringTag, {
    value: "Intl.DateTimeFormat",
    configurable: true,
});

export const DateTimeFormat = callable(DateTimeFormatClass);
