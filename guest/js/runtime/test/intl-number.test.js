/** Numbers come out as node's own `Intl` writes them for `en-US`. */

import assert from "node:assert/strict";
import { test } from "node:test";

const NodeIntl = globalThis.Intl;
const { NumberFormat } = await import("../language/intl/number-format.js");
const { PluralRules } = await import("../language/intl/plural-rules.js");

const VALUES = [
    0,
    -0,
    1,
    -1,
    2,
    1.005,
    0.5,
    1.5,
    2.5,
    -2.5,
    12,
    123,
    999,
    1000,
    1234.5,
    9999,
    10000,
    12345.678,
    999999,
    1e6,
    1234567.891,
    999950,
    1e9,
    1.5e12,
    1e15,
    123456789012345680000,
    1e21,
    1e-7,
    0.000123456,
    0.05,
    99.95,
    -0.001,
    NaN,
    Infinity,
    -Infinity,
    12345678901234567890n,
    5n,
    "123456789.123456789123456789",
    "  42 ",
    "abc",
    "",
    true,
    null,
    undefined,
    0.1 + 0.2,
    1 / 3,
];
const OPTIONS = [
    {},
    { maximumFractionDigits: 0 },
    { minimumFractionDigits: 2 },
    { maximumFractionDigits: 20 },
    { minimumFractionDigits: 1, maximumFractionDigits: 2 },
    { maximumSignificantDigits: 3 },
    { minimumSignificantDigits: 4 },
    { minimumIntegerDigits: 4 },
    { useGrouping: false },
    { useGrouping: "min2" },
    { useGrouping: true },
    { useGrouping: "always" },
    { style: "percent" },
    { style: "percent", maximumFractionDigits: 1 },
    { signDisplay: "always" },
    { signDisplay: "exceptZero" },
    { signDisplay: "never" },
    { signDisplay: "negative" },
    ...["USD", "EUR", "JPY", "GBP", "CHF", "KWD", "xyz", "CAD", "INR"].map((currency) => ({
        style: "currency",
        currency,
    })),
    { style: "currency", currency: "USD", currencyDisplay: "code" },
    { style: "currency", currency: "CAD", currencyDisplay: "narrowSymbol" },
    { style: "currency", currency: "SEK", currencyDisplay: "narrowSymbol" },
    { style: "currency", currency: "USD", currencyDisplay: "name" },
    { style: "currency", currency: "EUR", currencyDisplay: "name", maximumFractionDigits: 0 },
    { style: "currency", currency: "USD", currencySign: "accounting" },
    { style: "currency", currency: "USD", maximumFractionDigits: 0 },
    { style: "currency", currency: "USD", notation: "compact" },
    { style: "currency", currency: "USD", currencySign: "accounting", signDisplay: "always" },
    { style: "currency", currency: "USD", trailingZeroDisplay: "stripIfInteger" },
    { notation: "compact" },
    { notation: "compact", compactDisplay: "long" },
    { notation: "compact", maximumFractionDigits: 1 },
    { notation: "compact", minimumFractionDigits: 1 },
    { notation: "compact", maximumSignificantDigits: 4 },
    { notation: "scientific" },
    { notation: "engineering" },
    { notation: "scientific", maximumFractionDigits: 1 },
    ...[
        "kilometer",
        "kilobyte",
        "celsius",
        "hour",
        "mile-per-hour",
        "kilometer-per-hour",
        "liter",
        "percent",
        "megabyte-per-second",
        "foot",
        "meter-per-second",
    ].flatMap((unit) => ["long", "short", "narrow"].map((unitDisplay) => ({ style: "unit", unit, unitDisplay }))),
    ...["ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"].map(
        (roundingMode) => ({ maximumFractionDigits: 0, roundingMode }),
    ),
    { roundingIncrement: 5, maximumFractionDigits: 2, minimumFractionDigits: 2 },
    { roundingIncrement: 50, maximumFractionDigits: 0 },
    { roundingIncrement: 25, minimumFractionDigits: 2, maximumFractionDigits: 2, roundingMode: "halfEven" },
    { maximumSignificantDigits: 3, maximumFractionDigits: 1 },
    { maximumSignificantDigits: 3, maximumFractionDigits: 1, roundingPriority: "morePrecision" },
    { maximumSignificantDigits: 3, maximumFractionDigits: 1, roundingPriority: "lessPrecision" },
    { trailingZeroDisplay: "stripIfInteger", minimumFractionDigits: 2 },
];

test("numbers", () => {
    for (const options of OPTIONS) {
        const [ours, theirs] = [new NumberFormat("en-US", options), new NodeIntl.NumberFormat("en-US", options)];
        for (const value of VALUES) {
            const label = `${JSON.stringify(options)} ${String(value)}`;
            assert.equal(ours.format(value), theirs.format(value), label);
            assert.deepEqual(ours.formatToParts(value), theirs.formatToParts(value), label);
        }
        assert.deepEqual(ours.resolvedOptions(), theirs.resolvedOptions(), JSON.stringify(options));
    }
});

const WRONG = [
    { style: "currency" },
    { style: "unit" },
    { style: "nope" },
    { style: "currency", currency: "US" },
    { style: "unit", unit: "parsec" },
    { maximumFractionDigits: 101 },
    { minimumFractionDigits: 5, maximumFractionDigits: 2 },
    { minimumIntegerDigits: 0 },
    { notation: "x" },
    { useGrouping: "x" },
    { roundingIncrement: 3 },
    { maximumSignificantDigits: 0 },
    { signDisplay: "x" },
];

test("wrong options", () => {
    for (const options of WRONG) {
        const caught = [NumberFormat, NodeIntl.NumberFormat].map((Format) => {
            try {
                return new Format("en", options) && "no error";
            } catch (error) {
                return error.name;
            }
        });
        assert.equal(caught[0], caught[1], JSON.stringify(options));
    }
    assert.throws(() => new NumberFormat("not a tag"), {
        name: "RangeError",
        message: /^Incorrect locale information provided/,
    });
    assert.throws(() => NumberFormat.prototype.formatToParts.call({}), TypeError);
});

test("ranges of numbers", () => {
    for (const [options, start, end] of [
        [{}, 3, 5],
        [{}, 3, 3],
        [{ style: "currency", currency: "USD" }, 3, 5.5],
        [{ style: "currency", currency: "USD", maximumFractionDigits: 0 }, 2.9, 3.1],
    ]) {
        assert.equal(
            new NumberFormat("en", options).formatRange(start, end),
            new NodeIntl.NumberFormat("en-US", options).formatRange(start, end),
        );
    }
});

test("a format is a function too, and its method is bound", () => {
    assert.deepEqual([1, 2.5].map(NumberFormat("en").format), ["1", "2.5"]);
    assert.ok(NumberFormat() instanceof NumberFormat);
    assert.deepEqual(NumberFormat.supportedLocalesOf(["en-GB", "de", "en"]), ["en-GB", "en"]);
});

test("plurals", () => {
    for (const options of [{}, { type: "ordinal" }, { minimumFractionDigits: 1 }, { maximumSignificantDigits: 2 }]) {
        const [ours, theirs] = [new PluralRules("en", options), new NodeIntl.PluralRules("en-US", options)];
        for (const value of [
            ...VALUES.filter((each) => typeof each === "number"),
            3,
            4,
            11,
            13,
            21,
            22,
            23,
            101,
            111,
            112,
        ]) {
            assert.equal(ours.select(value), theirs.select(value), `${JSON.stringify(options)} ${value}`);
        }
        assert.deepEqual(
            new Set(ours.resolvedOptions().pluralCategories),
            new Set(theirs.resolvedOptions().pluralCategories),
        );
    }
});
