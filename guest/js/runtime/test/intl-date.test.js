/** Dates come out as node's own `Intl` writes them for `en-US`. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { host } from "./fake-host.js";

const NodeIntl = globalThis.Intl;
const { DateTimeFormat } = await import("../language/intl/date-time-format.js");

/** The system's own compiled zones stand for those of the engine. */
host.timeZone = (name) => {
    try {
        const canonical =
            NodeIntl.supportedValuesOf("timeZone").find((each) => each.toLowerCase() === name.toLowerCase()) ?? name;
        const bytes = readFileSync(`/usr/share/zoneinfo/${canonical}`);
        return [canonical, bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)];
    } catch {
        return undefined;
    }
};

const TIMES = [
    0,
    Date.UTC(2024, 2, 5, 0, 7, 9, 45),
    Date.UTC(2024, 2, 5, 12, 0),
    Date.UTC(2024, 6, 31, 13, 5, 59, 999),
    Date.UTC(2023, 11, 31, 23, 59, 59),
    Date.UTC(2024, 1, 29, 6, 30),
    Date.UTC(1969, 11, 31, 18, 0),
    -62198755200000,
    Date.UTC(2038, 5, 1, 21, 15),
    Date.UTC(2024, 9, 3, 20, 0),
    Date.UTC(12024, 0, 1),
];
const SUBSETS = [];
for (const weekday of [undefined, "long", "short", "narrow"]) {
    for (const year of [undefined, "numeric", "2-digit"]) {
        for (const month of [undefined, "numeric", "2-digit", "long", "short", "narrow"]) {
            for (const day of [undefined, "numeric", "2-digit"]) {
                // No one writes a year and a day, or a weekday and a month, alone.
                if (
                    (month !== undefined || year === undefined || day === undefined) &&
                    (weekday === undefined || (month === undefined && year === undefined) || day !== undefined)
                ) {
                    SUBSETS.push({ weekday, year, month, day });
                }
            }
        }
    }
}
const OPTIONS = [
    {},
    ...SUBSETS,
    ...["full", "long", "medium", "short"].flatMap((dateStyle) => [
        { dateStyle },
        ...["full", "long", "medium", "short"].map((timeStyle) => ({ dateStyle, timeStyle })),
    ]),
    ...["full", "long", "medium", "short"].map((timeStyle) => ({ timeStyle })),
    { timeStyle: "medium", hourCycle: "h23" },
    { hour: "numeric" },
    { hour: "2-digit" },
    { hour: "numeric", minute: "numeric" },
    { hour: "2-digit", minute: "2-digit" },
    { hour: "numeric", minute: "2-digit", second: "2-digit" },
    { minute: "numeric" },
    { second: "numeric" },
    { minute: "2-digit", second: "2-digit" },
    { hour: "numeric", hourCycle: "h23" },
    { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    { hour: "numeric", minute: "2-digit", hourCycle: "h11" },
    { hour: "numeric", hour12: true },
    { year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "2-digit" },
    { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" },
    {
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
        hourCycle: "h23",
    },
    { weekday: "long", hour: "numeric" },
    {
        weekday: "long",
        year: "numeric",
        month: "long",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
        timeZoneName: "short",
    },
    { hour: "numeric", minute: "numeric", second: "numeric", fractionalSecondDigits: 3 },
    { second: "numeric", fractionalSecondDigits: 1 },
    { fractionalSecondDigits: 2 },
    { minute: "numeric", second: "numeric", fractionalSecondDigits: 2 },
    { timeZoneName: "short" },
    { timeZoneName: "long", hour: "numeric" },
    { year: "numeric", timeZoneName: "short" },
    { era: "short" },
    { era: "long", year: "numeric" },
    { era: "narrow", year: "numeric", month: "long", day: "numeric" },
    { era: "short", year: "numeric", month: "short" },
    { hour: "numeric", dayPeriod: "long" },
    { hour: "numeric", minute: "2-digit", dayPeriod: "short" },
    { dayPeriod: "long" },
];

test("dates in UTC", () => {
    for (const options of OPTIONS) {
        const given = { ...options, timeZone: "UTC" };
        const [ours, theirs] = [new DateTimeFormat("en-US", given), new NodeIntl.DateTimeFormat("en-US", given)];
        for (const time of TIMES) {
            const label = `${JSON.stringify(options)} ${new Date(time).toISOString()}`;
            assert.equal(ours.format(time), theirs.format(time), label);
            // Node's parts keep a narrow space that newer versions write as a plain one.
            const plain = theirs
                .formatToParts(time)
                .map((part) => ({ ...part, value: part.value.replace("\u202f", " ") }));
            assert.deepEqual(ours.formatToParts(time), plain, label);
        }
        if (options.era === undefined && !("fractionalSecondDigits" in options) && options.dayPeriod === undefined) {
            assert.deepEqual(ours.resolvedOptions(), theirs.resolvedOptions(), JSON.stringify(options));
        }
    }
});

test("half a day or a whole one", () => {
    const time = Date.UTC(2024, 2, 5, 0, 7, 9);
    assert.equal(new DateTimeFormat("en-US", { hour: "numeric", hour12: false }).format(time), "00");
    assert.equal(new DateTimeFormat("en-US", { timeStyle: "medium", hour12: false }).format(time), "00:07:09");
    assert.equal(new DateTimeFormat("en-US-u-hc-h23", { timeStyle: "short" }).format(time), "00:07");
});

const ZONES = [
    "America/New_York",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Europe/London",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Asia/Calcutta",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "America/Phoenix",
    "Africa/Cairo",
    "America/Caracas",
    "europe/paris",
    "Asia/Singapore",
    "Europe/Istanbul",
    "UTC",
    "Etc/UTC",
    "America/Halifax",
    "America/St_Johns",
];

const noZones = !existsSync("/usr/share/zoneinfo/Europe/Berlin") && "this system has no compiled time zones";

test("time zones", { skip: noZones }, () => {
    const times = [
        ...TIMES.slice(0, 6),
        Date.UTC(2025, 2, 9, 9, 59),
        Date.UTC(2025, 2, 9, 10, 1),
        Date.UTC(2025, 10, 2, 9, 0),
        Date.UTC(2026, 6, 1),
        Date.UTC(2045, 6, 1),
        Date.UTC(2045, 0, 1),
        Date.UTC(1985, 6, 1),
    ];
    for (const timeZone of ZONES) {
        for (const options of [
            { dateStyle: "short", timeStyle: "long" },
            { dateStyle: "full", timeStyle: "full" },
            { timeZoneName: "shortOffset" },
            { timeZoneName: "longOffset" },
            { timeZoneName: "longGeneric" },
        ]) {
            const [ours, theirs] = [
                new DateTimeFormat("en-US", { ...options, timeZone }),
                new NodeIntl.DateTimeFormat("en-US", { ...options, timeZone }),
            ];
            assert.equal(ours.resolvedOptions().timeZone, theirs.resolvedOptions().timeZone);
            // What a zone was called long ago is not known here.
            for (const time of options.timeZoneName === "longGeneric" || options.timeStyle === "full"
                ? times.slice(6, 12)
                : times) {
                assert.equal(
                    ours.format(time),
                    theirs.format(time),
                    `${timeZone} ${new Date(time).toISOString()} ${JSON.stringify(options)}`,
                );
            }
        }
    }
    for (const [timeZone, text, name] of [
        ["+05:30", "5:30:00 AM GMT+5:30", "+05:30"],
        ["-0800", "4:00:00 PM GMT-8", "-08:00"],
        ["+01", "1:00:00 AM GMT+1", "+01:00"],
        ["+00:00", "12:00:00 AM GMT", "+00:00"],
    ]) {
        const format = new DateTimeFormat("en", { timeZone, timeStyle: "long" });
        assert.deepEqual([format.format(0), format.resolvedOptions().timeZone], [text, name]);
    }
    for (const timeZone of ["Nowhere/Land", "", "+25:00"]) {
        assert.throws(() => new DateTimeFormat("en", { timeZone }), {
            name: "RangeError",
            message: `Invalid time zone specified: ${timeZone}`,
        });
    }
});

test("ranges", () => {
    const day = 86_400_000;
    const start = Date.UTC(2024, 2, 5, 9, 7);
    for (const options of [
        { dateStyle: "medium" },
        { dateStyle: "long" },
        {},
        { dateStyle: "short", timeStyle: "short" },
        { timeStyle: "short" },
        { month: "short", day: "numeric" },
    ]) {
        for (const length of [0, 3600_000, 6 * 3600_000, 3 * day, 40 * day, 400 * day]) {
            if (options.timeStyle && !options.dateStyle && length >= day) {
                continue; // Node adds the date where only the time was asked for.
            }
            const given = { ...options, timeZone: "UTC" };
            const [ours, theirs] = [new DateTimeFormat("en-US", given), new NodeIntl.DateTimeFormat("en-US", given)];
            if (options.month && length >= 300 * day) {
                continue; // and the year
            }
            assert.equal(
                ours.formatRange(start, start + length),
                theirs.formatRange(start, start + length).replace(/[\u2009\u202f]/g, " "),
                `${JSON.stringify(options)} ${length / day}`,
            );
        }
    }
});

test("wrong options and times", () => {
    for (const options of [
        { dateStyle: "short", year: "numeric" },
        { month: "x" },
        { fractionalSecondDigits: 4 },
        { dateStyle: "x" },
        { hourCycle: "x" },
        { timeZoneName: "x" },
    ]) {
        const names = [DateTimeFormat, NodeIntl.DateTimeFormat].map((Format) => {
            try {
                return new Format("en", options) && "no error";
            } catch (error) {
                return `${error.name}: ${error.message}`;
            }
        });
        assert.equal(names[0].split(":")[0], names[1].split(":")[0], JSON.stringify(options));
    }
    assert.throws(() => new DateTimeFormat().format(NaN), { name: "RangeError", message: "Invalid time value" });
    assert.throws(() => new DateTimeFormat().format(new Date(NaN)), RangeError);
});
