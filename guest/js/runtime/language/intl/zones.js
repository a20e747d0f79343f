/**
 * Time zones: offsets from the zone's compiled data (RFC 9636), names in `en-US`.
 *
 * Invariant: without the native that has the data there are only UTC and fixed offsets.
 */

import { host } from "../../host.js";
import { ZONE_ALIASES, ZONE_NAMES } from "./zone-names.js";

const DAY_S = 86_400;
const UTC_NAMES = new Set(["utc", "etc/utc", "etc/uct", "uct", "zulu", "etc/zulu", "universal", "etc/universal"]);
const GMT_NAMES = new Set(["gmt", "etc/gmt", "etc/gmt0", "gmt0", "etc/greenwich", "greenwich", "gmt+0", "gmt-0"]);

/**
 * @typedef {object} Zone
 * @property {string} name
 * @property {(ms: number) => {offsetS: number, summer: boolean}} at What holds at a time.
 */

/** @type {Map<string, Zone>} */
const zones = new Map();

function fixed(name, offsetS) {
    const answer = { offsetS, summer: false };
    return { name, at: () => answer };
}

/** The zone of UTC. */
export const UTC = fixed("UTC", 0);

/** A rule such as `M3.2.0/2` of the footer: seconds from the start of the year. */
function ruleSeconds(rule, year) {
    const [date, time = "2"] = rule.split("/");
    const [, sign, hours, minutes = "0", seconds = "0"] = /^([+-]?)(\d+)(?::(\d+))?(?::(\d+))?$/.exec(time);
    const timeS = (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
    const start = Date.UTC(year, 0, 1) / 1000;
    if (date[0] !== "M") {
        const leap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
        const day =
            date[0] === "J" ? Number(date.slice(1)) - 1 + (leap && Number(date.slice(1)) > 59 ? 1 : 0) : Number(date);
        return start + day * DAY_S + timeS;
    }
    const [month, week, weekday] = date.slice(1).split(".").map(Number);
    const firstWeekday = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
    let day = 1 + ((weekday - firstWeekday + 7) % 7) + (week - 1) * 7;
    const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
    while (day > days) {
        day -= 7;
    }
    return Date.UTC(year, month - 1, day) / 1000 + timeS;
}

function footerOffset(text) {
    const [, sign, hours, minutes = "0", seconds = "0"] = /^([+-]?)(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text);
    return (sign === "-" ? 1 : -1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

const FOOTER = /^(?:<[^>]+>|[A-Za-z]+)([+-]?[\d:]+)(?:(?:<[^>]+>|[A-Za-z]+)([+-]?[\d:]+)?(?:,([^,]+),([^,]+))?)?$/;

/** What holds after the last transition. */
function footerRule(text) {
    const match = FOOTER.exec(text);
    if (match === null) {
        return undefined;
    }
    const offsetS = footerOffset(match[1]);
    const standard = { offsetS, summer: false };
    if (match[3] === undefined) {
        return () => standard;
    }
    const summer = { offsetS: match[2] === undefined ? offsetS + 3600 : footerOffset(match[2]), summer: true };
    return (seconds) => {
        const year = new Date((seconds + offsetS) * 1000).getUTCFullYear();
        const begin = ruleSeconds(match[3], year) - offsetS;
        const end = ruleSeconds(match[4], year) - summer.offsetS;
        const inside = begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
        return inside ? summer : standard;
    };
}

/** Reads the second, 64-bit part of a compiled zone. */
function readCompiled(buffer) {
    const view = new DataView(buffer);
    const counts = (start) => [0, 1, 2, 3, 4, 5].map((index) => view.getUint32(start + 20 + index * 4));
    const [isutc, isstd, leap, timecnt, typecnt, charcnt] = counts(0);
    const second = 44 + timecnt * 5 + typecnt * 6 + charcnt + leap * 8 + isstd + isutc;
    const [isutc2, isstd2, leap2, times, types, chars] = counts(second);
    let at = second + 44;
    const transitions = Array.from({ length: times }, (_, index) => Number(view.getBigInt64(at + index * 8)));
    at += times * 8;
    const indices = new Uint8Array(buffer, at, times);
    at += times;
    const kinds = Array.from({ length: types }, (_, index) => ({
        offsetS: view.getInt32(at + index * 6),
        summer: view.getUint8(at + index * 6 + 4) === 1,
    }));
    at += types * 6 + chars + leap2 * 12 + isstd2 + isutc2;
    const footer = String.fromCharCode(...new Uint8Array(buffer, at)).trim();
    return { transitions, indices, kinds, footer };
}

function compiled(name, buffer) {
    const { transitions, indices, kinds, footer } = readCompiled(buffer);
    const rule = footerRule(footer);
    const last = transitions.at(-1) ?? -Infinity;
    return {
        name,
        at(ms) {
            const seconds = Math.floor(ms / 1000);
            if (seconds >= last && rule !== undefined) {
                return rule(seconds);
            }
            let [low, high] = [0, transitions.length];
            while (low < high) {
                const middle = (low + high) >> 1;
                if (transitions[middle] <= seconds) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return kinds[low === 0 ? 0 : indices[low - 1]];
        },
    };
}

const OFFSET = /^([+-])([01]\d|2[0-3])(?::?([0-5]\d))?$/;

function find(text) {
    const lower = text.toLowerCase();
    if (UTC_NAMES.has(lower)) {
        return UTC;
    }
    if (GMT_NAMES.has(lower)) {
        return fixed("UTC", 0);
    }
    const offset = OFFSET.exec(text);
    if (offset !== null) {
        const [, sign, hours, minutes = "00"] = offset;
        const seconds = (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
        return fixed(`${seconds === 0 ? "+" : sign}${hours}:${minutes}`, seconds);
    }
    const data = host.timeZone?.(text);
    return data === undefined ? undefined : compiled(ZONE_ALIASES[data[0]] ?? data[0], data[1]);
}

/**
 * The zone of a name.
 *
 * @param {string} name In any case.
 * @throws {RangeError} For names of no zone.
 */
export function zoneOf(name) {
    let zone = zones.get(name);
    if (zone === undefined) {
        zone = find(name);
        if (zone === undefined) {
            throw new RangeError(`Invalid time zone specified: ${name}`);
        }
        zones.set(name, zone);
    }
    return zone;
}

/** All names of zones. */
export function zoneNames() {
    return [...Object.values(ZONE_NAMES).flatMap((names) => names.split(" ")), "UTC"].sort();
}

/** @type {Map<string, string[]>} */
let shared;

const GREENWICH = ["Greenwich Mean Time", "", "Greenwich Mean Time", "GMT"];

function namesOf(zone) {
    if (shared === undefined) {
        shared = new Map();
        for (const [names, members] of Object.entries(ZONE_NAMES)) {
            const list = names.split("|");
            members.split(" ").forEach((member) => shared.set(member, list));
        }
        shared.set("UTC", ["Coordinated Universal Time", "", "", "UTC"]);
    }
    return shared.get(zone.name) ?? (zone.name === "+00:00" ? GREENWICH : []);
}

function offsetText(offsetS, long) {
    const total = Math.abs(offsetS);
    const hours = Math.floor(total / 3600);
    const minutes = Math.floor((total % 3600) / 60);
    const seconds = total % 60;
    const pad = (value) => `${value}`.padStart(2, "0");
    let text = `GMT${offsetS < 0 ? "-" : "+"}${long ? pad(hours) : hours}`;
    if (long || minutes !== 0 || seconds !== 0) {
        text += `:${pad(minutes)}`;
    }
    return seconds === 0 ? text : `${text}:${pad(seconds)}`;
}

/**
 * The name of a zone.
 *
 * @param {Zone} zone
 * @param {number} ms
 * @param {"short" | "long" | "shortOffset" | "longOffset" | "shortGeneric" | "longGeneric"} style
 */
export function zoneName(zone, ms, style) {
    const { offsetS, summer } = zone.at(ms);
    const greenwich = /^G(?:MT|reenwich)/;
    // A zone that is called after Greenwich may have had another time once.
    const names = namesOf(zone).map((name) => (offsetS !== 0 && greenwich.test(name) ? "" : name));
    const season = summer ? 1 : 0;
    switch (style) {
        case "long":
            return names[season] || offsetText(offsetS, true);
        case "short":
            return names[3 + season] || offsetText(offsetS, false);
        case "longGeneric":
            return names[2] || offsetText(offsetS, true);
        case "shortGeneric":
            return names[5] || names[2] || offsetText(offsetS, false);
        default:
            return offsetText(offsetS, style === "longOffset");
    }
}

/** The offset of a zone at a time, in milliseconds. */
export function offsetMs(zone, ms) {
    return zone.at(ms).offsetS * 1000;
}
