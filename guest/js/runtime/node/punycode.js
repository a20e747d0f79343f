/**
 * `node:punycode`: RFC 3492.
 *
 * Invariant: pure.
 */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_CODE = 128;
const MAX = 0x7fffffff;

export const version = "2.1.0";

function adapt(delta, count, first) {
    let rest = first ? Math.floor(delta / DAMP) : delta >> 1;
    rest += Math.floor(rest / count);
    let k = 0;
    for (; rest > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) {
        rest = Math.floor(rest / (BASE - T_MIN));
    }
    return Math.floor(k + ((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}

function thresholdOf(k, bias) {
    return Math.min(T_MAX, Math.max(T_MIN, k - bias));
}

function digitOf(character) {
    const code = character?.charCodeAt(0) ?? 0;
    if (code >= 48 && code < 58) {
        return code - 22;
    }
    const letter = (code | 32) - 97;
    return letter >= 0 && letter < 26 ? letter : BASE;
}

function characterOf(digit) {
    return String.fromCharCode(digit < 26 ? digit + 97 : digit + 22);
}

/** Code points of a string. */
export const ucs2 = {
    decode: (text) => Array.from(text, (character) => character.codePointAt(0)),
    encode: (codes) => String.fromCodePoint(...codes),
};

/** The Unicode text of an ASCII one. */
export function decode(text) {
    const dash = text.lastIndexOf("-");
    const output = ucs2.decode(dash > 0 ? text.slice(0, dash) : "");
    if (output.some((code) => code >= INITIAL_CODE)) {
        throw new RangeError("Illegal input >= 0x80 (not a basic code point)");
    }
    let [code, bias, position] = [INITIAL_CODE, INITIAL_BIAS, 0];
    for (let at = dash > 0 ? dash + 1 : 0; at < text.length;) {
        const start = position;
        for (let weight = 1, k = BASE; ; k += BASE) {
            const digit = digitOf(text[at++]);
            if (digit >= BASE || digit > Math.floor((MAX - position) / weight)) {
                throw new RangeError(
                    digit >= BASE ? "Invalid input" : "Overflow: input needs wider integers to process",
                );
            }
            position += digit * weight;
            const threshold = thresholdOf(k, bias);
            if (digit < threshold) {
                break;
            }
            weight *= BASE - threshold;
        }
        const count = output.length + 1;
        bias = adapt(position - start, count, start === 0);
        code += Math.floor(position / count);
        position %= count;
        output.splice(position++, 0, code);
    }
    return ucs2.encode(output);
}

function encodeDelta(delta, bias) {
    let text = "";
    let rest = delta;
    for (let k = BASE; ; k += BASE) {
        const threshold = thresholdOf(k, bias);
        if (rest < threshold) {
            return text + characterOf(rest);
        }
        const over = rest - threshold;
        text += characterOf(threshold + (over % (BASE - threshold)));
        rest = Math.floor(over / (BASE - threshold));
    }
}

/** The ASCII text of a Unicode one. */
export function encode(text) {
    const codes = ucs2.decode(text);
    const basic = codes.filter((code) => code < INITIAL_CODE);
    let output = String.fromCodePoint(...basic);
    if (basic.length > 0) {
        output += "-";
    }
    let [handled, code, delta, bias] = [basic.length, INITIAL_CODE, 0, INITIAL_BIAS];
    while (handled < codes.length) {
        const next = Math.min(...codes.filter((each) => each >= code));
        delta += (next - code) * (handled + 1);
        code = next;
        for (const each of codes) {
            if (each < code) {
                delta += 1;
            } else if (each === code) {
                output += encodeDelta(delta, bias);
                bias = adapt(delta, handled + 1, handled === basic.length);
                delta = 0;
                handled += 1;
            }
        }
        delta += 1;
        code += 1;
    }
    return output;
}

function mapLabels(text, convert) {
    const at = text.lastIndexOf("@");
    const domain = text.slice(at + 1).replace(/[\u3002\uFF0E\uFF61]/g, ".");
    return text.slice(0, at + 1) + domain.split(".").map(convert).join(".");
}

/** A domain or address with its ASCII labels decoded. */
export function toUnicode(text) {
    return mapLabels(text, (label) => (/^xn--/i.test(label) ? decode(label.slice(4).toLowerCase()) : label));
}

/** A domain or address with its other labels encoded. */
export function toASCII(text) {
    return mapLabels(text, (label) => (/[^\0-\x7F]/.test(label) ? `xn--${encode(label)}` : label));
}
