/**
 * `Intl.Segmenter`: graphemes by Unicode's rules, words and sentences by simple ones.
 *
 * Invariant: the segments of a string, joined, are the string.
 */

import { LOCALE, resolveLocale, supportedLocales } from "./locale.js";
import { internals, optionsObject, stringOption } from "./options.js";

const states = new WeakMap();
const EXTEND = "[\\p{Grapheme_Extend}\\p{Mc}\\p{Emoji_Modifier}\\u200d]";
const HANGUL =
    "[\\u1100-\\u115f]*(?:[\\uac00-\\ud7a3]|[\\u1160-\\u11a7]+)[\\u1160-\\u11ff]*|" +
    "[\\u1100-\\u115f]+|[\\u11a8-\\u11ff]+";
const EMOJI =
    "\\p{Extended_Pictographic}(?:[\\p{Grapheme_Extend}\\p{Emoji_Modifier}]*\\u200d\\p{Extended_Pictographic})*";
const PATTERNS = {
    grapheme: new RegExp(`\\r\\n|[\\p{Cc}\\u2028\\u2029]|(?:\\p{RI}\\p{RI}|${EMOJI}|${HANGUL}|.)${EXTEND}*`, "gsu"),
    word: new RegExp(
        "\\r\\n|\\p{Script=Han}|[\\p{Script=Hiragana}]+|[\\p{Script=Katakana}ー]+|" +
            "[\\p{L}\\p{N}\\p{M}_](?:" +
            "[\\p{L}\\p{N}\\p{M}_\\u200d]|(?<=\\p{L})['’.:·](?=\\p{L})|(?<=\\p{N})[.,;'](?=\\p{N}))*|" +
            `[ \\u3000]+|(?:\\p{RI}\\p{RI}|${EMOJI}|.)${EXTEND}*`,
        "gsu",
    ),
    sentence: /[^.?!\n\r。！？]*(?:[.?!。！？]+["'”’)\]]*(?:\s+|$|(?<=[。！？]["'”’)\]]*))|[\n\r]+|[.?!]+|$)/gu,
};
const WORD_LIKE = /[\p{L}\p{N}]/u;

function* segmentsOf(input, granularity) {
    for (const match of input.matchAll(PATTERNS[granularity])) {
        const [segment] = match;
        if (segment !== "") {
            yield granularity === "word"
                ? { segment, index: match.index, input, isWordLike: WORD_LIKE.test(segment) }
                : { segment, index: match.index, input };
        }
    }
}

class Segments {
    #input;
    #granularity;

    constructor(input, granularity) {
        this.#input = input;
        this.#granularity = granularity;
    }

    containing(index = 0) {
        const at = Math.trunc(Number(index)) || 0;
        if (at < 0 || at >= this.#input.length) {
            return undefined;
        }
        for (const data of this) {
            if (at < data.index + data.segment.length) {
                return data;
            }
        }
        return undefined;
    }

    [Symbol.iterator]() {
        return segmentsOf(this.#input, this.#granularity);
    }
}

/** `Intl.Segmenter`. */
export class Segmenter {
    constructor(locales = undefined, givenOptions = undefined) {
        resolveLocale(locales);
        const options = optionsObject(givenOptions);
        stringOption(options, "localeMatcher", ["lookup", "best fit"], "best fit");
        states.set(this, {
            granularity: stringOption(options, "granularity", ["grapheme", "word", "sentence"], "grapheme"),
        });
    }

    static supportedLocalesOf(locales, options) {
        return supportedLocales(locales, options);
    }

    segment(input) {
        return new Segments(String(input), internals(states, this, "Intl.Segmenter.prototype.segment").granularity);
    }

    resolvedOptions() {
        return { locale: LOCALE, ...internals(states, this, "Intl.Segmenter.prototype.resolvedOptions") };
    }
}
Object.defineProperty(Segmenter.prototype, Symbol.toStringTag, { value: "Intl.Segmenter", configurable: true });
