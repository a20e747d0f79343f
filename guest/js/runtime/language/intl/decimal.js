/**
 * Exact decimal numbers: a sign, digits and the place of the point; rounding as ECMA-402 names it.
 *
 * Invariant: pure; binary fractions come in as their shortest decimal text, so `1.005` rounds as it reads.
 */

/**
 * `digits` has no leading zeros (zero is empty); the value is `0.digits * 10 ** point`.
 *
 * @typedef {object} Decimal
 * @property {boolean} negative
 * @property {string} digits
 * @property {number} point
 */

function decimalOf(negative, digits, point) {
    const start = digits.search(/[^0]/);
    if (start === -1) {
        return { negative, digits: "", point: 0 };
    }
    return { negative, digits: digits.slice(start).replace(/0+$/, ""), point: point - start };
}

const NUMERAL = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i;

/**
 * The decimal for a finite number, a big integer or the text of a number.
 *
 * @returns {Decimal | undefined} `undefined` where the text is no finite number.
 */
export function toDecimal(value) {
    const text = Object.is(value, -0) ? "-0" : String(value).trim();
    const match = NUMERAL.exec(text);
    if (match === null || (match[2] === "" && match[3] === "")) {
        return undefined;
    }
    const [, sign, whole, fraction, exponent = "0"] = match;
    return decimalOf(sign === "-", whole + fraction, whole.length + Number(exponent));
}

/** The decimal times `10 ** power`. */
export function shift(decimal, power) {
    return decimal.digits === "" ? decimal : { ...decimal, point: decimal.point + power };
}

/** The power of ten of the first digit; 0 for zero. */
export function magnitude(decimal) {
    return decimal.digits === "" ? 0 : decimal.point - 1;
}

function increment(digits) {
    let at = digits.length - 1;
    while (at >= 0 && digits[at] === "9") {
        at -= 1;
    }
    const zeros = "0".repeat(digits.length - 1 - at);
    return at === -1 ? `1${zeros}` : digits.slice(0, at) + String.fromCharCode(digits.charCodeAt(at) + 1) + zeros;
}

/** Whether the magnitude goes up when the digits after `kept` are dropped. */
function roundsUp(mode, negative, kept, dropped) {
    if (/^0*$/.test(dropped)) {
        return false;
    }
    switch (mode) {
        case "ceil":
            return !negative;
        case "floor":
            return negative;
        case "expand":
            return true;
        case "trunc":
            return false;
        default:
            break;
    }
    const half = dropped[0] < "5" ? -1 : dropped[0] > "5" || /[1-9]/.test(dropped.slice(1)) ? 1 : 0;
    if (half !== 0) {
        return half > 0;
    }
    switch (mode) {
        case "halfCeil":
            return !negative;
        case "halfFloor":
            return negative;
        case "halfTrunc":
            return false;
        case "halfEven":
            return Number(kept.at(-1) ?? "0") % 2 === 1;
        default:
            return true;
    }
}

/** Rounds to a place: `place` is the power of ten of the last digit that stays. */
export function roundToPlace(decimal, place, mode) {
    const count = decimal.point - place;
    if (count >= decimal.digits.length) {
        return decimal;
    }
    const kept = count > 0 ? decimal.digits.slice(0, count) : "";
    const dropped = count >= 0 ? decimal.digits.slice(count) : "0".repeat(-count) + decimal.digits;
    if (!roundsUp(mode, decimal.negative, kept, dropped)) {
        return decimalOf(decimal.negative, kept, decimal.point);
    }
    const raised = kept === "" ? "1" : increment(kept);
    const point = kept === "" ? place + 1 : decimal.point + raised.length - kept.length;
    return decimalOf(decimal.negative, raised, point);
}

/** Rounds to a number of digits. */
export function roundToDigits(decimal, count, mode) {
    return decimal.digits === "" ? decimal : roundToPlace(decimal, decimal.point - count, mode);
}

/** Rounds to a multiple of `step * 10 ** place`. */
export function roundToIncrement(decimal, place, step, mode) {
    if (step === 1) {
        return roundToPlace(decimal, place, mode);
    }
    const { whole, fraction } = toText(shift(decimal, -place), 0);
    const unit = 10n ** BigInt(fraction.length);
    const value = BigInt(whole + fraction || "0");
    const divisor = BigInt(step) * unit;
    const quotient = value / divisor;
    // What is left over, as digits after the point, with one more where they do not tell all.
    const rest = (value % divisor) * 10n ** 6n;
    const digits = `${rest / divisor}`.padStart(6, "0") + (rest % divisor === 0n ? "" : "1");
    const up = roundsUp(mode, decimal.negative, `${quotient}`, digits);
    const result = toDecimal((quotient + (up ? 1n : 0n)) * BigInt(step));
    return { ...shift(result, place), negative: decimal.negative };
}

/**
 * The digits before and after the point.
 *
 * @param {Decimal} decimal
 * @param {number} minFraction Digits after the point that are shown even when they are zero.
 */
export function toText(decimal, minFraction) {
    const { digits, point } = decimal;
    const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "";
    const fraction = point > 0 ? digits.slice(point) : digits === "" ? "" : "0".repeat(-point) + digits;
    return { whole, fraction: fraction.padEnd(minFraction, "0") };
}
