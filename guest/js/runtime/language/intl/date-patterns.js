/**
 * In which order `en-US` writes the fields of a date and of a time.
 *
 * Invariant: facts and their combination; no dates here.
 */

/** By year, month and day; `MMM` is a month in letters. */
const DATES = {
    d: "{day}",
    M: "{month}",
    Md: "{month}/{day}",
    MMM: "{month}",
    MMMd: "{month} {day}",
    y: "{year}",
    yd: "{year} (day: {day})",
    yM: "{month}/{year}",
    yMd: "{month}/{day}/{year}",
    yMMM: "{month} {year}",
    yMMMd: "{month} {day}, {year}",
};

function isText(month) {
    return month === "long" || month === "short" || month === "narrow";
}

/** The pattern of the date's fields; empty where none is wanted. */
export function datePattern({ weekday, era, year, month, day }) {
    const key = (year ? "y" : "") + (month ? (isText(month) ? "MMM" : "M") : "") + (day ? "d" : "");
    let pattern = DATES[key] ?? "";
    if (era) {
        pattern = pattern === "" ? `${DATES.yMd} {era}` : `${pattern} {era}`;
    }
    if (!weekday) {
        return pattern;
    }
    if (month && day) {
        return `{weekday}, ${pattern}`;
    }
    return key === "yd" ? "{day} {weekday} {year}" : `${pattern} {weekday}`.trim();
}

/** The pattern of the time's fields; `hour12` says whether it ends with a part of the day. */
export function timePattern({ hour, minute, second, fractionalSecondDigits, dayPeriod, hour12 }) {
    const fraction = fractionalSecondDigits ? "{fractionalSecond}" : "";
    let clock = [hour && "{hour}", minute && "{minute}", (second || (fraction && minute)) && "{second}"]
        .filter(Boolean)
        .join(":");
    if (fraction) {
        clock = clock === "" ? fraction : `${clock}.${fraction}`;
    }
    if (hour ? hour12 : dayPeriod) {
        return clock === "" ? "{dayPeriod}" : `${clock} {dayPeriod}`;
    }
    return clock;
}

/** What stands between date and time. */
export function joint(fields) {
    const { dateStyle, weekday, year, month, day } = fields;
    if (weekday !== undefined && year === undefined && month === undefined && day === undefined) {
        return " ";
    }
    const wide = dateStyle === undefined ? month === "long" : dateStyle === "full" || dateStyle === "long";
    return wide ? " at " : ", ";
}

/** What the styles mean as fields. */
export const DATE_STYLES = {
    full: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
    long: { year: "numeric", month: "long", day: "numeric" },
    medium: { year: "numeric", month: "short", day: "numeric" },
    short: { year: "2-digit", month: "numeric", day: "numeric" },
};
export const TIME_STYLES = {
    full: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "long" },
    long: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
    medium: { hour: "numeric", minute: "2-digit", second: "2-digit" },
    short: { hour: "numeric", minute: "2-digit" },
};
