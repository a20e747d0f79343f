/**
 * The fields of a time in a zone, as `en-US` writes each of them.
 *
 * Invariant: pure.
 */

import { offsetMs, zoneName } from "./zones.js";

const MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ERAS = { long: ["Before Christ", "Anno Domini"], short: ["BC", "AD"], narrow: ["B", "A"] };

function shortened(name, width) {
    return width === "long" ? name : name.slice(0, width === "narrow" ? 1 : 3);
}

function padded(value, width) {
    return width === "2-digit" ? `${value % 100}`.padStart(2, "0") : `${value}`;
}

/** The parts of the day that have names of their own. */
function dayPeriodName(hour, minute, width) {
    if (hour === 12 && minute === 0) {
        return width === "narrow" ? "n" : "noon";
    }
    if (hour < 12) {
        return "in the morning";
    }
    if (hour < 18) {
        return "in the afternoon";
    }
    return hour < 21 ? "in the evening" : "at night";
}

function hourText(hour, { hour: width, hourCycle }) {
    switch (hourCycle) {
        case "h11":
            return padded(hour % 12, width);
        case "h12":
            return padded(hour % 12 || 12, width);
        case "h24":
            return padded(hour || 24, "2-digit");
        default:
            return padded(hour, "2-digit");
    }
}

/** A time as the fields of its zone's clock. */
export class Fields {
    #date;
    #ms;

    constructor(ms, zone) {
        this.#ms = ms;
        this.#date = new Date(ms + offsetMs(zone, ms));
        this.zone = zone;
    }

    /** The year of its era and the era's index. */
    #year() {
        const year = this.#date.getUTCFullYear();
        return year > 0 ? [year, 1] : [1 - year, 0];
    }

    /** Numbers that tell whether two times have the same date. */
    get dayNumber() {
        return Math.floor(this.#date.getTime() / 86_400_000);
    }
    get yearNumber() {
        return this.#date.getUTCFullYear();
    }
    get monthNumber() {
        return this.#date.getUTCMonth();
    }
    get half() {
        return this.#date.getUTCHours() < 12 ? 0 : 1;
    }

    /** The text of a field. */
    text(name, state) {
        const date = this.#date;
        switch (name) {
            case "weekday":
                return shortened(WEEKDAYS[date.getUTCDay()], state.weekday);
            case "era":
                return ERAS[state.era][this.#year()[1]];
            case "year":
                return padded(this.#year()[0], state.year);
            case "month":
                return state.month === "numeric" || state.month === "2-digit"
                    ? padded(date.getUTCMonth() + 1, state.month)
                    : shortened(MONTHS[date.getUTCMonth()], state.month);
            case "day":
                return padded(date.getUTCDate(), state.day);
            case "hour":
                return hourText(date.getUTCHours(), state);
            case "minute":
                return padded(date.getUTCMinutes(), this.#isPadded(state, "minute") ? "2-digit" : "numeric");
            case "second":
                return padded(date.getUTCSeconds(), this.#isPadded(state, "second") ? "2-digit" : "numeric");
            case "fractionalSecond":
                return `${date.getUTCMilliseconds()}`.padStart(3, "0").slice(0, state.fractionalSecondDigits);
            case "dayPeriod":
                return this.#dayPeriod(state);
            default:
                return zoneName(this.zone, this.#ms, state.timeZoneName);
        }
    }

    /** Minutes and seconds have two digits where another field of the time stands before or after them. */
    #isPadded({ hour, minute, second, fractionalSecondDigits }, name) {
        if (name === "minute") {
            return hour !== undefined || second !== undefined || fractionalSecondDigits !== undefined;
        }
        return hour !== undefined || minute !== undefined;
    }

    #dayPeriod(state) {
        const hour = this.#date.getUTCHours();
        if (state.dayPeriod !== undefined) {
            return dayPeriodName(hour, state.minute === undefined ? 0 : this.#date.getUTCMinutes(), state.dayPeriod);
        }
        return hour < 12 ? "AM" : "PM";
    }
}
