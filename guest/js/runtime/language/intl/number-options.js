/**
 * The options of `Intl.NumberFormat` and `Intl.PluralRules`: what ECMA-402 makes of what is given.
 *
 * Invariant: the result holds only valid, resolved values.
 */

import { CURRENCY_DIGITS, UNITS } from "./number-data.js";
import { numberOption, stringOption } from "./options.js";

const ROUNDING_MODES = [
    "ceil",
    "floor",
    "expand",
    "trunc",
    "halfCeil",
    "halfFloor",
    "halfExpand",
    "halfTrunc",
    "halfEven",
];
const INCREMENTS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000];

function simpleUnit(unit) {
    return Object.hasOwn(UNITS, unit);
}

function validUnit(unit) {
    const parts = unit.split("-per-");
    return simpleUnit(unit) || (parts.length === 2 && parts.every(simpleUnit));
}

/** Reads style, currency and unit into `state`. */
export function readStyle(state, options) {
    state.style = stringOption(options, "style", ["decimal", "percent", "currency", "unit"], "decimal");
    const currency = stringOption(options, "currency", undefined, undefined);
    if (currency !== undefined && !/^[a-z]{3}$/i.test(currency)) {
        throw new RangeError(`Invalid currency code : ${currency}`);
    }
    if (state.style === "currency" && currency === undefined) {
        throw new TypeError("Currency code is required with currency style.");
    }
    const display = stringOption(options, "currencyDisplay", ["code", "symbol", "narrowSymbol", "name"], "symbol");
    const sign = stringOption(options, "currencySign", ["standard", "accounting"], "standard");
    const unit = stringOption(options, "unit", undefined, undefined);
    if (unit !== undefined && !validUnit(unit)) {
        throw new RangeError(`Invalid unit argument for Intl.NumberFormat() '${unit}'`);
    }
    if (state.style === "unit" && unit === undefined) {
        throw new TypeError("Unit is required with unit style.");
    }
    const unitDisplay = stringOption(options, "unitDisplay", ["short", "narrow", "long"], "short");
    if (state.style === "currency") {
        Object.assign(state, { currency: currency.toUpperCase(), currencyDisplay: display, currencySign: sign });
    } else if (state.style === "unit") {
        Object.assign(state, { unit, unitDisplay });
    }
}

/** How many digits after the point a style has by default: `[min, max]`. */
export function defaultFraction(state) {
    if (state.style === "currency" && state.notation === "standard") {
        const digits = CURRENCY_DIGITS[state.currency] ?? 2;
        return [digits, digits];
    }
    return [0, state.style === "percent" ? 0 : 3];
}

function fractionDigits(state, options, defaults) {
    let [min, max] = defaults;
    const givenMin = numberOption(options, "minimumFractionDigits", 0, 100, undefined);
    const givenMax = numberOption(options, "maximumFractionDigits", 0, 100, undefined);
    if (givenMin === undefined && givenMax !== undefined) {
        min = Math.min(min, givenMax);
        max = givenMax;
    } else if (givenMin !== undefined && givenMax === undefined) {
        min = givenMin;
        max = Math.max(max, givenMin);
    } else if (givenMin !== undefined) {
        if (givenMin > givenMax) {
            throw new RangeError("maximumFractionDigits value is out of range.");
        }
        [min, max] = [givenMin, givenMax];
    }
    state.minimumFractionDigits = min;
    state.maximumFractionDigits = max;
}

/** Reads all that says how many digits are shown. */
export function readDigits(state, options, defaults) {
    state.minimumIntegerDigits = numberOption(options, "minimumIntegerDigits", 1, 21, 1);
    const hasFraction = options.minimumFractionDigits !== undefined || options.maximumFractionDigits !== undefined;
    const hasSignificant =
        options.minimumSignificantDigits !== undefined || options.maximumSignificantDigits !== undefined;
    const increment = numberOption(options, "roundingIncrement", 1, 5000, 1);
    if (!INCREMENTS.includes(increment)) {
        throw new RangeError("roundingIncrement value is out of range.");
    }
    state.roundingIncrement = increment;
    state.roundingMode = stringOption(options, "roundingMode", ROUNDING_MODES, "halfExpand");
    const priority = stringOption(options, "roundingPriority", ["auto", "morePrecision", "lessPrecision"], "auto");
    state.trailingZeroDisplay = stringOption(options, "trailingZeroDisplay", ["auto", "stripIfInteger"], "auto");
    const wantsBoth = priority !== "auto";
    const needSignificant = wantsBoth || hasSignificant;
    const needFraction = wantsBoth || (!hasSignificant && (hasFraction || state.notation !== "compact"));
    if (needSignificant && (hasSignificant || wantsBoth)) {
        state.minimumSignificantDigits = numberOption(options, "minimumSignificantDigits", 1, 21, 1);
        state.maximumSignificantDigits = numberOption(
            options,
            "maximumSignificantDigits",
            state.minimumSignificantDigits,
            21,
            21,
        );
    }
    if (needFraction) {
        fractionDigits(state, options, increment === 1 ? defaults : [defaults[1], defaults[1]]);
    }
    if (!needSignificant && !needFraction) {
        Object.assign(state, {
            minimumFractionDigits: 0,
            maximumFractionDigits: 0,
            minimumSignificantDigits: 1,
            maximumSignificantDigits: 2,
            rounding: "morePrecision",
        });
        state.roundingPriority = "morePrecision";
        return;
    }
    state.rounding = wantsBoth ? priority : hasSignificant ? "significant" : "fraction";
    state.roundingPriority = priority;
    if (increment !== 1) {
        if (state.rounding !== "fraction") {
            throw new TypeError("roundingIncrement cannot be used with significant digits or a rounding priority");
        }
        if (state.minimumFractionDigits !== state.maximumFractionDigits) {
            throw new RangeError(
                "With roundingIncrement, minimumFractionDigits and maximumFractionDigits must be equal.",
            );
        }
    }
}

/** Reads `useGrouping`, which is a boolean or a string. */
export function readGrouping(state, options) {
    const fallback = state.notation === "compact" ? "min2" : "auto";
    const value = options.useGrouping;
    if (value === undefined) {
        state.useGrouping = fallback;
    } else if (value === true) {
        state.useGrouping = "always";
    } else if (!value) {
        state.useGrouping = false;
    } else {
        const text = String(value);
        if (text === "true" || text === "false") {
            state.useGrouping = fallback;
        } else if (["min2", "auto", "always"].includes(text)) {
            state.useGrouping = text;
        } else {
            throw new RangeError(`Value ${text} out of range for Intl.NumberFormat options property useGrouping`);
        }
    }
}
