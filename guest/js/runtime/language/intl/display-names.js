/**
 * `Intl.DisplayNames`.
 *
 * Invariant: a code without a name here is its own name, unless the caller asks for none.
 */

import { DIALECTS, LANGUAGES, REGIONS, SCRIPTS } from "./display-data.js";
import { canonicalTag, LOCALE, parseTag, resolveLocale, supportedLocales } from "./locale.js";
import { CURRENCY_NAMES, CURRENCY_SYMBOLS, NARROW_SYMBOLS } from "./number-data.js";
import { internals, stringOption } from "./options.js";

const states = new WeakMap();
const FIELDS = {
    era: "era",
    year: "year",
    quarter: "quarter",
    month: "month",
    weekOfYear: "week",
    weekday: "day of the week",
    day: "day",
    dayPeriod: "AM/PM",
    hour: "hour",
    minute: "minute",
    second: "second",
    timeZoneName: "time zone",
};

function titleCase(name) {
    return name.replace(/(?<=^|\s)[a-z](?=[a-z]+)/g, (letter) => letter.toUpperCase());
}

function own(table, key) {
    return Object.hasOwn(table, key) ? table[key] : undefined;
}

function languageName(code, { languageDisplay, fallback }) {
    const tag = canonicalTag(code);
    const dialect = languageDisplay === "dialect" ? own(DIALECTS, tag) : undefined;
    if (dialect !== undefined) {
        return dialect;
    }
    const { language, script, region } = parseTag(tag);
    const name = own(LANGUAGES, language);
    if (name === undefined) {
        return fallback === "code" ? tag : undefined;
    }
    const details = [script && (own(SCRIPTS, script) ?? script), region && (own(REGIONS, region) ?? region)].filter(
        Boolean,
    );
    return details.length === 0 ? name : `${name} (${details.join(", ")})`;
}

function currencyName(code, style) {
    if (style === "long") {
        return CURRENCY_NAMES[code] === undefined ? undefined : titleCase(CURRENCY_NAMES[code].split("|")[0]);
    }
    return (style === "narrow" ? own(NARROW_SYMBOLS, code) : undefined) ?? own(CURRENCY_SYMBOLS, code);
}

const FORMS = {
    region: /^(?:[a-z]{2}|\d{3})$/i,
    script: /^[a-z]{4}$/i,
    currency: /^[a-z]{3}$/i,
};

/** `Intl.DisplayNames`. */
export class DisplayNames {
    constructor(locales, options) {
        resolveLocale(locales);
        if (options === undefined || options === null || typeof options !== "object") {
            throw new TypeError("Cannot convert undefined or null to object");
        }
        stringOption(options, "localeMatcher", ["lookup", "best fit"], "best fit");
        const style = stringOption(options, "style", ["narrow", "short", "long"], "long");
        const type = stringOption(
            options,
            "type",
            ["language", "region", "script", "currency", "calendar", "dateTimeField"],
            undefined,
        );
        if (type === undefined) {
            throw new TypeError('Required option "type" must not be undefined');
        }
        const fallback = stringOption(options, "fallback", ["code", "none"], "code");
        const languageDisplay = stringOption(options, "languageDisplay", ["dialect", "standard"], "dialect");
        states.set(this, { style, type, fallback, languageDisplay: type === "language" ? languageDisplay : undefined });
    }

    static supportedLocalesOf(locales, options) {
        return supportedLocales(locales, options);
    }

    of(code) {
        const state = internals(states, this, "Intl.DisplayNames.prototype.of");
        const text = String(code);
        const { type } = state;
        if (type === "language") {
            return languageName(text, state);
        }
        if (FORMS[type] !== undefined && !FORMS[type].test(text)) {
            throw new RangeError(`Invalid argument to Intl.DisplayNames.prototype.of`);
        }
        const canonical =
            type === "script"
                ? text[0].toUpperCase() + text.slice(1).toLowerCase()
                : type === "region" || type === "currency"
                  ? text.toUpperCase()
                  : text;
        const names = {
            region: () => own(REGIONS, canonical),
            script: () => own(SCRIPTS, canonical),
            currency: () => currencyName(canonical, state.style),
            calendar: () => (canonical === "gregory" ? "Gregorian Calendar" : undefined),
            dateTimeField: () => own(FIELDS, canonical),
        };
        return names[type]() ?? (state.fallback === "code" ? canonical : undefined);
    }

    resolvedOptions() {
        const { style, type, fallback, languageDisplay } = internals(
            states,
            this,
            "Intl.DisplayNames.prototype.resolvedOptions",
        );
        const result = { locale: LOCALE, style, type, fallback };
        return languageDisplay === undefined ? result : { ...result, languageDisplay };
    }
}
Object.defineProperty(DisplayNames.prototype, Symbol.toStringTag, { value: "Intl.DisplayNames", configurable: true });
