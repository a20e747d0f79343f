/**
 * A number as parts: rounding, grouping, signs, currencies, units and powers of ten, as `en-US` writes them.
 *
 * Invariant: pure; `state` is the resolved options of `number-options.js`.
 */

import { magnitude, roundToDigits, roundToIncrement, roundToPlace, shift, toText } from "./decimal.js";
import { CURRENCY_NAMES, CURRENCY_SYMBOLS, NARROW_SYMBOLS, UNITS } from "./number-data.js";

const COMPACT = [
    [3, "K", "thousand"],
    [6, "M", "million"],
    [9, "B", "billion"],
    [12, "T", "trillion"],
];
/** What follows the slash, where it is not the unit's own short name. */
const PER = {
    __proto__: null,
    day: "d",
    hour: "h",
    second: "s",
    month: "m",
    week: "w",
    year: "y",
    foot: "ft",
    inch: "in",
    minute: "min",
    pound: "lb",
};
const SPECIAL_UNITS = {
    __proto__: null,
    "mile-per-hour": ["# mph", "#mph"],
    "mile-per-gallon": ["# mpg", "#mpg"],
};

/** The decimal rounded to the digits that are shown, and how many after the point are shown at least. */
function round(decimal, state) {
    const mode = state.roundingMode;
    const byFraction = () => ({
        rounded: roundToIncrement(decimal, -state.maximumFractionDigits, state.roundingIncrement, mode),
        minFraction: state.minimumFractionDigits,
    });
    const bySignificant = () => {
        const rounded = roundToDigits(decimal, state.maximumSignificantDigits, mode);
        const integers = rounded.digits === "" ? 1 : rounded.point;
        return { rounded, minFraction: Math.max(0, state.minimumSignificantDigits - integers) };
    };
    if (state.rounding === "fraction") {
        return byFraction();
    }
    if (state.rounding === "significant") {
        return bySignificant();
    }
    const places =
        decimal.digits === "" ? state.maximumSignificantDigits - 1 : state.maximumSignificantDigits - decimal.point;
    const significantIsFiner = places > state.maximumFractionDigits;
    return significantIsFiner === (state.rounding === "morePrecision") ? bySignificant() : byFraction();
}

function compactScale(power) {
    return COMPACT.findLast(([exponent]) => power >= exponent);
}

/** The rounded number, and what power of ten was taken out of it. */
function scale(decimal, state) {
    if (state.notation === "standard") {
        return { ...round(decimal, state), exponent: 0 };
    }
    const exponentOf = (power) => {
        if (state.notation === "scientific") {
            return power;
        }
        return state.notation === "engineering" ? Math.floor(power / 3) * 3 : (compactScale(power)?.[0] ?? 0);
    };
    const exponent = exponentOf(magnitude(decimal));
    const result = round(shift(decimal, -exponent), state);
    // 999.9K rounds to 1000K, which is 1M.
    const after = exponentOf(magnitude(result.rounded) + exponent);
    return after === exponent || result.rounded.digits === ""
        ? { ...result, exponent }
        : { ...round(shift(decimal, -after), state), exponent: after };
}

function groupedParts(whole, state) {
    const minimum = state.useGrouping === "min2" ? 5 : 4;
    if (state.useGrouping === false || whole.length < minimum) {
        return [{ type: "integer", value: whole }];
    }
    const parts = [];
    const first = whole.length % 3 || 3;
    parts.push({ type: "integer", value: whole.slice(0, first) });
    for (let at = first; at < whole.length; at += 3) {
        parts.push({ type: "group", value: "," }, { type: "integer", value: whole.slice(at, at + 3) });
    }
    return parts;
}

function digitParts(rounded, minFraction, state) {
    const { whole, fraction } = toText(rounded, minFraction);
    const parts = groupedParts(whole.padStart(state.minimumIntegerDigits, "0"), state);
    const strip = state.trailingZeroDisplay === "stripIfInteger" && /^0*$/.test(fraction);
    if (fraction !== "" && !strip) {
        parts.push({ type: "decimal", value: "." }, { type: "fraction", value: fraction });
    }
    return parts;
}

function exponentParts(exponent, state) {
    if (state.notation === "scientific" || state.notation === "engineering") {
        const parts = [{ type: "exponentSeparator", value: "E" }];
        if (exponent < 0) {
            parts.push({ type: "exponentMinusSign", value: "-" });
        }
        parts.push({ type: "exponentInteger", value: `${Math.abs(exponent)}` });
        return parts;
    }
    const found = COMPACT.find(([power]) => power === exponent);
    if (found === undefined || state.notation !== "compact") {
        return [];
    }
    return state.compactDisplay === "long"
        ? [
              { type: "literal", value: " " },
              { type: "compact", value: found[2] },
          ]
        : [{ type: "compact", value: found[1] }];
}

/** Which sign a number shows: "-", "+" or "". */
function signOf(negative, zero, state) {
    switch (state.signDisplay) {
        case "never":
            return "";
        case "always":
            return negative ? "-" : "+";
        case "exceptZero":
            return zero ? "" : negative ? "-" : "+";
        case "negative":
            return negative && !zero ? "-" : "";
        default:
            return negative ? "-" : "";
    }
}

function isOne(parts) {
    return parts.length === 1 && parts[0].value === "1";
}

/** The parts of a pattern such as `#km/h`. */
function unitParts(pattern, number) {
    const [before, after] = pattern.split("#");
    const parts = [];
    const add = (text) => {
        const [, lead, name, trail] = /^(\s*)(.*?)(\s*)$/.exec(text);
        if (lead !== "") {
            parts.push({ type: "literal", value: lead });
        }
        if (name !== "") {
            parts.push({ type: "unit", value: name });
        }
        if (trail !== "") {
            parts.push({ type: "literal", value: trail });
        }
    };
    add(before);
    parts.push(...number);
    add(after);
    return parts;
}

function choose(forms, one) {
    const [single, many = single] = forms.split("|");
    return one ? single : many;
}

function unitPattern(unit, display, one) {
    const index = ["long", "short", "narrow"].indexOf(display);
    if (index > 0 && unit in SPECIAL_UNITS) {
        return SPECIAL_UNITS[unit][index - 1];
    }
    if (Object.hasOwn(UNITS, unit)) {
        return choose(UNITS[unit][index], one);
    }
    const [over, under] = unit.split("-per-");
    const top = choose(UNITS[over][index], one);
    const bottom = choose(UNITS[under][index], true).replace("#", "").trim();
    if (index === 0) {
        return `${top} per ${bottom}`;
    }
    const gallon = index === 1 ? "gal US" : "gal";
    return `${top}/${under === "gallon" ? gallon : (PER[under] ?? bottom)}`;
}

function currencyText({ currency, currencyDisplay }) {
    if (currencyDisplay === "code") {
        return currency;
    }
    const narrow = currencyDisplay === "narrowSymbol" ? NARROW_SYMBOLS[currency] : undefined;
    return narrow ?? CURRENCY_SYMBOLS[currency] ?? currency;
}

function withCurrency(number, sign, state) {
    if (state.currencyDisplay === "name") {
        const names = CURRENCY_NAMES[state.currency];
        const name = names === undefined ? state.currency : choose(names, isOne(number));
        return [...sign, ...number, { type: "literal", value: " " }, { type: "currency", value: name }];
    }
    const text = currencyText(state);
    const symbol = [{ type: "currency", value: text }];
    if (/\p{L}$/u.test(text) && number[0].type === "integer") {
        symbol.push({ type: "literal", value: "\u00a0" });
    }
    return [...sign, ...symbol, ...number];
}

function wrap(number, sign, state) {
    const signParts = sign === "" ? [] : [{ type: sign === "-" ? "minusSign" : "plusSign", value: sign }];
    switch (state.style) {
        case "percent":
            return [...signParts, ...number, { type: "percentSign", value: "%" }];
        case "currency":
            if (sign === "-" && state.currencySign === "accounting" && state.currencyDisplay !== "name") {
                return [
                    { type: "literal", value: "(" },
                    ...withCurrency(number, [], state),
                    { type: "literal", value: ")" },
                ];
            }
            return withCurrency(number, signParts, state);
        case "unit":
            return [...signParts, ...unitParts(unitPattern(state.unit, state.unitDisplay, isOne(number)), number)];
        default:
            return [...signParts, ...number];
    }
}

/**
 * The parts of a number.
 *
 * @param {import("./decimal.js").Decimal | "NaN" | "Infinity" | "-Infinity"} value
 * @param {object} state
 * @returns {{type: string, value: string}[]}
 */
export function numberParts(value, state) {
    if (value === "NaN") {
        return wrap([{ type: "nan", value: "NaN" }], signOf(false, true, state), state);
    }
    if (typeof value === "string") {
        return wrap([{ type: "infinity", value: "∞" }], signOf(value === "-Infinity", false, state), state);
    }
    const scaled = state.style === "percent" ? shift(value, 2) : value;
    const { rounded, minFraction, exponent } = scale(scaled, state);
    const number = [...digitParts(rounded, minFraction, state), ...exponentParts(exponent, state)];
    return wrap(number, signOf(value.negative, rounded.digits === "", state), state);
}

/** The digits of a rounded number, for plural rules. */
export function roundedText(value, state) {
    const { rounded, minFraction } = round(value, state);
    const { whole, fraction } = toText(rounded, minFraction);
    return { whole: whole === "" ? "0" : whole, fraction };
}
