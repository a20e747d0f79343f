/** Order, lists, relative times, segments and names are those of node's own `Intl` for `en-US`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import "./fake-host.js";

const NodeIntl = globalThis.Intl;
const { Collator } = await import("../language/intl/collator.js");
const { ListFormat, RelativeTimeFormat } = await import("../language/intl/lists.js");
const { Segmenter } = await import("../language/intl/segmenter.js");
const { DisplayNames } = await import("../language/intl/display-names.js");
const { canonicalList, Locale } = await import("../language/intl/locale.js");

const WORDS = [
    "",
    "a",
    "A",
    "b",
    "B",
    "aa",
    "aB",
    "Ab",
    "AB",
    "z",
    "Z",
    "ä",
    "Ä",
    "á",
    "à",
    "â",
    "ã",
    "å",
    "äb",
    "ab",
    "e",
    "é",
    "è",
    "E",
    "É",
    "ñ",
    "n",
    "N",
    "ö",
    "o",
    "ø",
    "Ø",
    "ß",
    "ss",
    "SS",
    "sz",
    "æ",
    "ae",
    "af",
    "Æ",
    "œ",
    "oe",
    "đ",
    "d",
    "ł",
    "l",
    "m",
    "ç",
    "c",
    "ı",
    "i",
    "j",
    "þ",
    "résumé",
    "resume",
    "Resume",
    "Résumé",
    "résumés",
    "coop",
    "co-op",
    "CO-OP",
    "co op",
    "co_op",
    "1",
    "2",
    "10",
    "02",
    "20",
    "a1",
    "a10",
    "a2",
    "A1b",
    "item 9",
    "item 10",
    "item 100",
    " ",
    "_",
    "-",
    ",",
    ";",
    ":",
    "!",
    "?",
    ".",
    "'",
    '"',
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "@",
    "*",
    "/",
    "\\",
    "&",
    "#",
    "%",
    "`",
    "^",
    "+",
    "<",
    "=",
    ">",
    "|",
    "~",
    "$",
    "€",
    "£",
    "¥",
    "°",
    "§",
    "©",
    "«",
    "—",
    "–",
    "α",
    "β",
    "Ω",
    "а",
    "б",
    "Я",
    "ё",
    "е",
    "漢",
    "字",
    "あ",
    "ア",
    "か",
    "한",
    "글",
    "א",
    "ب",
    "\u0301",
    "e\u0301",
    "a\u0000b",
    "😀",
];
const sign = Math.sign;

test("order", () => {
    for (const options of [
        {},
        { sensitivity: "base" },
        { sensitivity: "accent" },
        { sensitivity: "case" },
        { numeric: true },
        { caseFirst: "upper" },
    ]) {
        const [ours, theirs] = [new Collator("en", options), new NodeIntl.Collator("en-US", options)];
        for (const a of WORDS) {
            for (const b of WORDS) {
                assert.equal(
                    sign(ours.compare(a, b)),
                    sign(theirs.compare(a, b)),
                    `${JSON.stringify([a, b])} ${JSON.stringify(options)}`,
                );
            }
        }
        assert.deepEqual(ours.resolvedOptions(), { ...theirs.resolvedOptions(), locale: "en-US" });
    }
    assert.deepEqual(["10", "9", "b", "A"].sort(new Collator("en-u-kn").compare), ["9", "10", "A", "b"]);
});

test("lists", () => {
    for (const type of ["conjunction", "disjunction", "unit"]) {
        for (const style of ["long", "short", "narrow"]) {
            const [ours, theirs] = [
                new ListFormat("en", { type, style }),
                new NodeIntl.ListFormat("en-US", { type, style }),
            ];
            for (const list of [[], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]]) {
                assert.equal(ours.format(list), theirs.format(list), `${type} ${style} ${list}`);
                assert.deepEqual(ours.formatToParts(list), theirs.formatToParts(list));
            }
        }
    }
    assert.throws(() => new ListFormat().format([1]), TypeError);
});

test("relative times", () => {
    for (const style of ["long", "short", "narrow"]) {
        for (const numeric of ["always", "auto"]) {
            const [ours, theirs] = [
                new RelativeTimeFormat("en", { style, numeric }),
                new NodeIntl.RelativeTimeFormat("en-US", { style, numeric }),
            ];
            for (const unit of ["second", "minute", "hour", "days", "week", "month", "quarter", "years"]) {
                for (const value of [-1234.5, -2, -1, -0, 0, 0.5, 1, 1.5, 2, 1000]) {
                    assert.equal(
                        ours.format(value, unit),
                        theirs.format(value, unit),
                        `${style} ${numeric} ${unit} ${value}`,
                    );
                    assert.deepEqual(ours.formatToParts(value, unit), theirs.formatToParts(value, unit));
                }
            }
        }
    }
    assert.throws(() => new RelativeTimeFormat().format(1, "era"), RangeError);
    assert.throws(() => new RelativeTimeFormat().format(NaN, "day"), RangeError);
});

test("segments", () => {
    const texts = ["", "abc", "e\u0301a\u0308x", "👨‍👩‍👧👍🏽🇩🇪🇫🇷x", "한국어 \u1112\u1161\u11ab", "a\r\nb\n", "नमन", "1️⃣☎️"];
    for (const text of texts) {
        const [ours, theirs] = [new Segmenter("en"), new NodeIntl.Segmenter("en-US")];
        assert.deepEqual(
            [...ours.segment(text)].map((each) => each.segment).join("|"),
            [...theirs.segment(text)].map((each) => each.segment).join("|"),
        );
        for (let index = 0; index < text.length; index++) {
            assert.deepEqual(
                ours.segment(text).containing(index)?.segment,
                theirs.segment(text).containing(index)?.segment,
            );
        }
    }
    for (const text of ["Hello, world! It's 3.14 o'clock.", "foo_bar  baz-qux", "a b\tc", "e.g. this (that)"]) {
        const segments = [Segmenter, NodeIntl.Segmenter].map((Class) => [
            ...new Class("en", { granularity: "word" }).segment(text),
        ]);
        assert.deepEqual(
            segments[0].map((each) => [each.segment, each.index, each.isWordLike]),
            segments[1].map((each) => [each.segment, each.index, each.isWordLike]),
        );
    }
    for (const text of ["One. Two! Three? four", "Line one\nLine two. End", "Just one"]) {
        const segments = [Segmenter, NodeIntl.Segmenter].map((Class) =>
            [...new Class("en", { granularity: "sentence" }).segment(text)].map((each) => each.segment),
        );
        assert.deepEqual(segments[0], segments[1]);
    }
});

test("names", () => {
    for (const [type, codes] of [
        ["region", ["US", "DE", "GB", "QQ"]],
        ["language", ["en", "en-US", "de-AT", "fr", "zh-Hant", "xx", "sr-Latn", "fr-DE"]],
        ["currency", ["USD", "EUR", "XYZ"]],
        ["script", ["Latn", "Cyrl"]],
        ["dateTimeField", ["year", "dayPeriod"]],
    ]) {
        for (const fallback of ["code", "none"]) {
            for (const code of codes) {
                const names = [DisplayNames, NodeIntl.DisplayNames].map((Class) =>
                    new Class("en-US", { type, fallback }).of(code),
                );
                assert.equal(names[0], names[1], `${type} ${code}`);
            }
        }
    }
    assert.throws(() => new DisplayNames("en", { type: "region" }).of("nope"), RangeError);
    assert.throws(() => new DisplayNames("en"), TypeError);
});

test("tags", () => {
    for (const list of [
        "EN-us",
        ["zh-hans-cn", "iw"],
        "sl-rozaj-biske",
        "de-DE-u-co-phonebk",
        "x-private",
        "en-a-bbb-x-a",
        "i-klingon",
        "a",
        "en-",
        "en-US-en",
        "",
        [5],
        "de-1996",
    ]) {
        const results = [canonicalList, NodeIntl.getCanonicalLocales].map((canonicalize) => {
            try {
                return canonicalize(list);
            } catch (error) {
                return error.name;
            }
        });
        if (!["x-private", "i-klingon", "en-US-en"].includes(list)) {
            // tags of an older standard
            assert.deepEqual(results[0], results[1], JSON.stringify(list));
        }
    }
    const locale = new Locale("en-latn-us-u-hc-h23", { numeric: true });
    assert.deepEqual(
        [locale.language, locale.script, locale.region, locale.hourCycle, locale.numeric, locale.baseName, `${locale}`],
        ["en", "Latn", "US", "h23", true, "en-Latn-US", "en-Latn-US-u-hc-h23-kn"],
    );
});
