/**
 * The global `Intl`, and the methods of the language that depend on it: `toLocaleString` and its like, `localeCompare`.
 *
 * Invariant: what is made for the default locale and options is made once.
 */

import { Collator, collatorState, compare } from "./collator.js";
import { DateTimeFormat, dateState, formatDate } from "./date-time-format.js";
import { DisplayNames } from "./display-names.js";
import { ListFormat, RelativeTimeFormat } from "./lists.js";
import { canonicalList, Locale } from "./locale.js";
import { CURRENCY_NAMES, UNITS } from "./number-data.js";
import { formatNumber, NumberFormat, numberState } from "./number-format.js";
import { PluralRules } from "./plural-rules.js";
import { Segmenter } from "./segmenter.js";
import { zoneNames } from "./zones.js";

const SUPPORTED = {
    calendar: () => ["gregory"],
    collation: () => ["emoji", "eor"],
    currency: () => Object.keys(CURRENCY_NAMES).sort(),
    numberingSystem: () => ["latn"],
    timeZone: zoneNames,
    unit: () => Object.keys(UNITS).sort(),
};

const functions = {
    getCanonicalLocales: (locales) => canonicalList(locales),
    supportedValuesOf(key) {
        const name = String(key);
        if (!Object.hasOwn(SUPPORTED, name)) {
            throw new RangeError(`Invalid key : ${name}`);
        }
        return SUPPORTED[name]();
    },
};

function define(target, values) {
    for (const [name, value] of Object.entries(values)) {
        Object.defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
    }
}

/** The state for the arguments of a method; the one for no arguments is kept. */
function cachedState(make) {
    let usual;
    return (locales, options) => {
        if (locales === undefined && options === undefined) {
            usual ??= make(undefined, undefined);
            return usual;
        }
        return make(locales, options);
    };
}

const numbers = cachedState(numberState);
const collators = cachedState(collatorState);
const dateStates = {
    toLocaleString: cachedState((locales, options) => dateState(locales, options, "any", "all")),
    toLocaleDateString: cachedState((locales, options) => dateState(locales, options, "date", "date")),
    toLocaleTimeString: cachedState((locales, options) => dateState(locales, options, "time", "time")),
};

const { valueOf: numberOf } = Number.prototype;
const { valueOf: bigIntOf } = BigInt.prototype;
const { getTime } = Date.prototype;

function dateMethod(name) {
    return {
        [name](locales = undefined, options = undefined) {
            const ms = Reflect.apply(getTime, this, []);
            const state = dateStates[name](locales, options);
            return Number.isNaN(ms) ? "Invalid Date" : formatDate(ms, state);
        },
    }[name];
}

function elementText(element, locales, options) {
    return element === undefined || element === null ? "" : element.toLocaleString(locales, options);
}

function installMethods() {
    define(Number.prototype, {
        toLocaleString(locales = undefined, options = undefined) {
            return formatNumber(Reflect.apply(numberOf, this, []), numbers(locales, options));
        },
    });
    define(BigInt.prototype, {
        toLocaleString(locales = undefined, options = undefined) {
            return formatNumber(Reflect.apply(bigIntOf, this, []), numbers(locales, options));
        },
    });
    define(Date.prototype, {
        toLocaleString: dateMethod("toLocaleString"),
        toLocaleDateString: dateMethod("toLocaleDateString"),
        toLocaleTimeString: dateMethod("toLocaleTimeString"),
    });
    const { toLocaleString } = {
        toLocaleString(locales = undefined, options = undefined) {
            return Array.from(this, (element) => elementText(element, locales, options)).join(",");
        },
    };
    define(Array.prototype, { toLocaleString });
    define(Object.getPrototypeOf(Uint8Array.prototype), { toLocaleString });
    define(String.prototype, {
        localeCompare(that, locales = undefined, options = undefined) {
            if (this === undefined || this === null) {
                throw new TypeError("String.prototype.localeCompare called on null or undefined");
            }
            return compare(String(this), String(that), collators(locales, options));
        },
    });
}

/** Puts `Intl` and the methods in place. Called once, before the freeze. */
export function installIntl(global) {
    const intl = {};
    define(intl, {
        ...functions, Collator, DateTimeFormat, DisplayNames, ListFormat, Locale, NumberFormat, PluralRules,
        RelativeTimeFormat, Segmenter,
    });
    Object.defineProperty(intl, Symbol.toStringTag, { value: "Intl", configurable: true });
    define(global, { Intl: intl });
    installMethods();
}
