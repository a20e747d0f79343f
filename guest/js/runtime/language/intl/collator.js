/**
 * `Intl.Collator` and the comparison of `localeCompare`: base letters first, then accents, then case.
 *
 * Invariant: pure; strings that are canonically equivalent are equal.
 */

import { CURRENCIES, EXPANSIONS, LATIN, MARKS, SYMBOLS } from "./collation-data.js";
import { LOCALE, resolveLocale, supportedLocales, unicodeExtension } from "./locale.js";
import { booleanOption, callable, internals, optionsObject, stringOption } from "./options.js";

const SPACES = "\t\n\v\f\r\u0085\u2028\u2029 ";
/** Ranks of groups of characters; inside a group the code point or a table decides. */
const SYMBOL = 0x1000;
const OTHER_SYMBOL = 0x2000;
const CURRENCY = 0x40000;
const DIGIT = 0x50000;
const LATIN_LETTER = 0x60000;
const OTHER_LETTER = 0x70000;
const HANGUL = 0x100000;
const KANA = 0x200000;
const HAN = 0x300000;

/** @type {Map<string, number>} */
const ranks = new Map();
function addRanks(text, start) {
    Array.from(text).forEach((character, index) => ranks.set(character, start + index));
}
addRanks(SPACES, 1);
addRanks(SYMBOLS, SYMBOL);
addRanks(CURRENCIES, CURRENCY);
addRanks(LATIN, LATIN_LETTER);
for (let digit = 0; digit < 10; digit++) {
    ranks.set(`${digit}`, DIGIT + digit);
}

/** Ranks of ASCII; 0 is ignored. Upper case has the rank of lower case. */
const ASCII = new Uint32Array(128);
for (let code = 0; code < 128; code++) {
    ASCII[code] = ranks.get(String.fromCharCode(code).toLowerCase()) ?? 0;
}

const IS_LETTER = /^[\p{L}\p{Nl}\p{No}]$/u;
const IS_MARK = /^\p{M}$/u;
const IS_DIGIT = /^\p{Nd}$/u;
const IS_IGNORED = /^[\p{Cc}\p{Cf}]$/u;
const IS_SPACE = /^\p{Z}$/u;

function letterRank(code) {
    if (code >= 0xac00 && code <= 0xd7a3) {
        return HANGUL + code;
    }
    if ((code >= 0x3041 && code <= 0x30ff) || (code >= 0x31f0 && code <= 0x31ff)) {
        return KANA + (code >= 0x30a1 && code <= 0x30f6 ? code - 0x60 : code);
    }
    return (code >= 0x3400 && code <= 0x9fff) || (code >= 0xf900 && code <= 0xfaff) || code >= 0x20000
        ? HAN + code
        : OTHER_LETTER + code;
}

function rankOf(character) {
    let rank = ranks.get(character);
    if (rank === undefined) {
        const code = character.codePointAt(0);
        if (IS_LETTER.test(character)) {
            rank = letterRank(code);
        } else if (IS_DIGIT.test(character)) {
            let zero = code;
            while (IS_DIGIT.test(String.fromCodePoint(zero - 1)) && code - zero < 9) {
                zero -= 1;
            }
            rank = DIGIT + code - zero;
        } else if (IS_SPACE.test(character)) {
            rank = SPACES.length;
        } else {
            rank = IS_IGNORED.test(character) ? 0 : OTHER_SYMBOL + code;
        }
        ranks.set(character, rank);
    }
    return rank;
}

/**
 * What is compared of a string, level by level.
 *
 * @typedef {object} Key
 * @property {(number | bigint)[]} primary
 * @property {number[]} secondary A 0 for each base character, then its marks.
 * @property {number[]} tertiary 1 where a base character is in upper case.
 * @property {number[]} kana Where katakana stand, which follow hiragana.
 */

function addBase(key, character, upper, ignorePunctuation) {
    const rank = rankOf(character);
    if (rank === 0 || (ignorePunctuation && rank < OTHER_SYMBOL)) {
        return;
    }
    key.primary.push(rank);
    key.secondary.push(0);
    key.tertiary.push(upper);
}

function markRank(mark) {
    const index = MARKS.indexOf(mark);
    return index === -1 ? 0x1000 + mark.codePointAt(0) : 1 + index;
}

function addCharacter(key, character, { ignorePunctuation }) {
    const lower = character.toLowerCase();
    const upper = lower === character ? 0 : 1;
    if (character >= "ァ" && character <= "ヶ") {
        key.kana.push(key.primary.length);
    }
    const expansion = EXPANSIONS[lower];
    if (expansion === undefined) {
        addBase(key, lower, upper, ignorePunctuation);
        return;
    }
    for (const part of expansion) {
        addBase(key, part, upper, ignorePunctuation);
    }
    key.secondary.push(0x800);
}

/** @returns {Key} */
function keyOf(text, options) {
    const { numeric } = options;
    const key = { primary: [], secondary: [], tertiary: [], kana: [] };
    const normal = text.normalize("NFD");
    for (const [piece] of numeric ? normal.matchAll(/\d+|./gsu) : normal.matchAll(/./gsu)) {
        if (numeric && piece >= "0" && piece <= "9:") {
            const digits = piece.replace(/^0+(?=\d)/, "");
            // A number sorts by its length, then by its digits; one that begins a longer one is smaller.
            key.primary.push(DIGIT + digits.length * 16, ...Array.from(digits, (digit) => DIGIT + Number(digit)));
            key.secondary.push(0);
            key.tertiary.push(0);
        } else if (IS_MARK.test(piece)) {
            key.secondary.push(markRank(piece));
        } else {
            addCharacter(key, piece, options);
        }
    }
    return key;
}

function compareLists(a, b) {
    const shared = Math.min(a.length, b.length);
    for (let at = 0; at < shared; at++) {
        if (a[at] !== b[at]) {
            return a[at] < b[at] ? -1 : 1;
        }
    }
    return Math.sign(a.length - b.length);
}

function compareKeys(a, b, options) {
    const [left, right] = [keyOf(a, options), keyOf(b, options)];
    const { sensitivity } = options;
    let result = compareLists(left.primary, right.primary);
    if (result === 0 && (sensitivity === "accent" || sensitivity === "variant")) {
        result = compareLists(left.secondary, right.secondary);
    }
    if (result === 0 && (sensitivity === "case" || sensitivity === "variant")) {
        const order = compareLists(left.tertiary, right.tertiary);
        result = options.caseFirst === "upper" ? 0 - order : order;
    }
    return result === 0 && sensitivity === "variant" ? compareLists(left.kana, right.kana) : result;
}

const DEFAULTS = { sensitivity: "variant", numeric: false, ignorePunctuation: false, caseFirst: "false" };

/** Strings of ASCII without control characters need no keys. */
export function compare(a, b, options = DEFAULTS) {
    if (a === b) {
        return 0;
    }
    if (options.numeric || options.ignorePunctuation) {
        return compareKeys(a, b, options);
    }
    const shared = Math.min(a.length, b.length);
    let letterCase = 0;
    for (let at = 0; at < shared; at++) {
        const left = a.charCodeAt(at);
        const right = b.charCodeAt(at);
        if (left > 127 || right > 127) {
            return compareKeys(a, b, options);
        }
        const [leftRank, rightRank] = [ASCII[left], ASCII[right]];
        if (leftRank === 0 || rightRank === 0) {
            return compareKeys(a, b, options);
        }
        if (leftRank !== rightRank) {
            // What follows may be a mark, which does not change which base letter is greater.
            return leftRank < rightRank ? -1 : 1;
        }
        if (left !== right && letterCase === 0) {
            letterCase = left > right ? -1 : 1;
        }
    }
    if (a.length !== b.length) {
        const rest = a.length > b.length ? a : b;
        for (let at = shared; at < rest.length; at++) {
            const code = rest.charCodeAt(at);
            if (code > 127 || ASCII[code] === 0) {
                return compareKeys(a, b, options);
            }
        }
        return a.length < b.length ? -1 : 1;
    }
    if (options.sensitivity === "base" || options.sensitivity === "accent") {
        return 0;
    }
    return options.caseFirst === "upper" ? 0 - letterCase : letterCase;
}

/** @type {WeakMap<object, object>} */
const states = new WeakMap();

/** The resolved options of a collator. */
export function collatorState(locales, givenOptions) {
    resolveLocale(locales);
    const options = optionsObject(givenOptions);
    const state = { usage: stringOption(options, "usage", ["sort", "search"], "sort") };
    stringOption(options, "localeMatcher", ["lookup", "best fit"], "best fit");
    const numeric = unicodeExtension(locales, "kn");
    state.numeric = booleanOption(options, "numeric", numeric === "true");
    state.caseFirst = stringOption(
        options,
        "caseFirst",
        ["upper", "lower", "false"],
        unicodeExtension(locales, "kf") ?? "false",
    );
    state.sensitivity = stringOption(options, "sensitivity", ["base", "accent", "case", "variant"], "variant");
    state.ignorePunctuation = booleanOption(options, "ignorePunctuation", false);
    return state;
}

class CollatorClass {
    constructor(locales = undefined, options = undefined) {
        states.set(this, { options: collatorState(locales, options), compare: undefined });
    }

    static supportedLocalesOf(locales, options) {
        return supportedLocales(locales, options);
    }

    get compare() {
        const state = internals(states, this, "get Intl.Collator.prototype.compare");
        state.compare ??= Object.defineProperty((a, b) => compare(String(a), String(b), state.options), "name", {
            value: "",
        });
        return state.compare;
    }

    resolvedOptions() {
        const { options } = internals(states, this, "Intl.Collator.prototype.resolvedOptions");
        const { usage, sensitivity, ignorePunctuation, numeric, caseFirst } = options;
        return { locale: LOCALE, usage, sensitivity, ignorePunctuation, collation: "default", numeric, caseFirst };
    }
}
Object.defineProperty(CollatorClass, "name", { value: "Collator" });
Object.defineProperty(CollatorClass.prototype, Symbol.toStringTag, { value: "Intl.Collator", configurable: true });

export const Collator = callable(CollatorClass);
