/**
 * `Intl.PluralRules`: English has one and other, and four endings of ordinals.
 *
 * Invariant: results are those of `en-US`.
 */

import { LOCALE, resolveLocale, supportedLocales } from "./locale.js";
import { numericValue } from "./number-format.js";
import { readDigits } from "./number-options.js";
import { roundedText } from "./number-parts.js";
import { internals, optionsObject, stringOption } from "./options.js";

const states = new WeakMap();

/** `one` or `other` for a number as it is shown. */
export function cardinal({ whole, fraction }) {
    return whole === "1" && fraction === "" ? "one" : "other";
}

function ordinal({ whole, fraction }) {
    if (!/^0*$/.test(fraction) || /1[123]$/.test(whole)) {
        return "other";
    }
    return { 1: "one", 2: "two", 3: "few" }[whole.at(-1)] ?? "other";
}

export class PluralRules {
    constructor(locales = undefined, givenOptions = undefined) {
        resolveLocale(locales);
        const options = optionsObject(givenOptions);
        const state = { notation: "standard" };
        stringOption(options, "localeMatcher", ["lookup", "best fit"], "best fit");
        state.type = stringOption(options, "type", ["cardinal", "ordinal"], "cardinal");
        readDigits(state, options, [0, 3]);
        states.set(this, state);
    }

    static supportedLocalesOf(locales, options) {
        return supportedLocales(locales, options);
    }

    select(value) {
        const state = internals(states, this, "Intl.PluralRules.prototype.select");
        const number = numericValue(Number(value));
        if (typeof number === "string") {
            return "other";
        }
        const text = roundedText(number, state);
        return state.type === "ordinal" ? ordinal(text) : cardinal(text);
    }

    selectRange(start, end) {
        if (start === undefined || end === undefined) {
            throw new TypeError("startRange or endRange is undefined");
        }
        if (Number.isNaN(Number(start)) || Number.isNaN(Number(end))) {
            throw new RangeError("Invalid argument for Intl.PluralRules.prototype.selectRange()");
        }
        return this.select(end) === "one" && internals(states, this, "selectRange").type === "ordinal"
            ? "one"
            : "other";
    }

    resolvedOptions() {
        const state = internals(states, this, "Intl.PluralRules.prototype.resolvedOptions");
        const result = { locale: LOCALE, type: state.type };
        for (const name of ORDER.filter((each) => state[each] !== undefined)) {
            result[name] = state[name];
        }
        return {
            ...result,
            pluralCategories: state.type === "ordinal" ? ["few", "one", "two", "other"] : ["one", "other"],
            roundingIncrement: state.roundingIncrement,
            roundingMode: state.roundingMode,
            roundingPriority: state.roundingPriority,
            trailingZeroDisplay: state.trailingZeroDisplay,
        };
    }
}
const ORDER = [
    "minimumIntegerDigits",
    "minimumFractionDigits",
    "maximumFractionDigits",
    "minimumSignificantDigits",
    "maximumSignificantDigits",
];
Object.defineProperty(PluralRules.prototype, Symbol.toStringTag, { value: "Intl.PluralRules", configurable: true });
