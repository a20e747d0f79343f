/**
 * `performance`: the clock of the turn, marks and measures.
 *
 * Invariant: the clock is the host's, and stands still while code runs.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";
import { EventTarget } from "./event.js";
import {
    defineGlobals, defineInterface, fieldError, illegalConstructor, illegalInvocation, isObject, parameterError, string,
} from "./webidl.js";

const permit = {};

/** https://w3c.github.io/performance-timeline/#the-performanceentry-interface */
export class PerformanceEntry {
    #name;
    #entryType;
    #startTime;
    #duration;

    constructor(token, name, entryType, startTime, duration) {
        if (token !== permit) {
            throw illegalConstructor();
        }
        this.#name = name;
        this.#entryType = entryType;
        this.#startTime = startTime;
        this.#duration = duration;
    }

    get name() {
        if (!(#name in this)) {
            throw illegalInvocation();
        }
        return this.#name;
    }

    get entryType() {
        if (!(#entryType in this)) {
            throw illegalInvocation();
        }
        return this.#entryType;
    }

    /** Milliseconds. */
    get startTime() {
        if (!(#startTime in this)) {
            throw illegalInvocation();
        }
        return this.#startTime;
    }

    /** Milliseconds. */
    get duration() {
        if (!(#duration in this)) {
            throw illegalInvocation();
        }
        return this.#duration;
    }

    toJSON() {
        const { name, entryType, startTime, duration } = this;
        return { name, entryType, startTime, duration };
    }
}

defineInterface(PerformanceEntry);

/** What a mark or measure carries: `null` when nothing was given. */
function detailOf(options) {
    const { detail } = options;
    if (detail === undefined || detail === null) {
        return null;
    }
    if (!isObject(detail)) {
        throw fieldError("detail", "Options", "Object");
    }
    return detail;
}

/** https://w3c.github.io/user-timing/#performancemark */
export class PerformanceMark extends PerformanceEntry {
    #detail;

    constructor(name, options = undefined) {
        const { startTime } = options ?? {};
        super(permit, string(name), "mark", startTime === undefined ? host.now() : Number(startTime), 0);
        this.#detail = detailOf(options ?? {});
    }

    get detail() {
        if (!(#detail in this)) {
            throw illegalInvocation();
        }
        return this.#detail;
    }
}

defineInterface(PerformanceMark);

/** https://w3c.github.io/user-timing/#performancemeasure */
export class PerformanceMeasure extends PerformanceEntry {
    #detail;

    constructor(token, name, startTime, endTime, detail) {
        super(token, name, "measure", startTime, endTime - startTime);
        this.#detail = detail;
    }

    get detail() {
        if (!(#detail in this)) {
            throw illegalInvocation();
        }
        return this.#detail;
    }
}

defineInterface(PerformanceMeasure);

/** https://w3c.github.io/hr-time/#the-performance-interface */
export class Performance extends EventTarget {
    /** @type {PerformanceEntry[]} */
    #entries = [];

    constructor(token) {
        if (token !== permit) {
            throw illegalConstructor();
        }
        super();
    }

    /** Always 0: times are those of `Date.now()`. */
    get timeOrigin() {
        if (!(#entries in this)) {
            throw illegalInvocation();
        }
        return 0;
    }

    /** Milliseconds since `timeOrigin`. */
    now() {
        if (!(#entries in this)) {
            throw illegalInvocation();
        }
        return host.now();
    }

    mark(name, options = undefined) {
        if (!(#entries in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("mark", "Performance", 1, "string");
        }
        const mark = new PerformanceMark(name, options);
        this.#entries.push(mark);
        return mark;
    }

    measure(name, startOrOptions = undefined, endMark = undefined) {
        if (!(#entries in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("measure", "Performance", 1, "string");
        }
        const options = isObject(startOrOptions) ? startOrOptions : { start: startOrOptions, end: endMark };
        const { start, end, duration } = options;
        let startTime = start === undefined ? 0 : this.#time(start);
        let endTime = end === undefined ? host.now() : this.#time(end);
        if (duration !== undefined && end === undefined) {
            endTime = startTime + Number(duration);
        } else if (duration !== undefined && start === undefined) {
            startTime = endTime - Number(duration);
        }
        const measure = new PerformanceMeasure(permit, string(name), startTime, endTime, detailOf(options));
        this.#entries.push(measure);
        return measure;
    }

    /** A time, or that of the last mark with a name; an unknown mark counts from 0, as on the platform. */
    #time(mark) {
        if (typeof mark === "number") {
            return mark;
        }
        const name = string(mark);
        return this.#entries.findLast((entry) => entry.name === name && entry.entryType === "mark")?.startTime ?? 0;
    }

    clearMarks(name = undefined) {
        this.#clear("mark", name);
    }

    clearMeasures(name = undefined) {
        this.#clear("measure", name);
    }

    #clear(type, name) {
        if (!(#entries in this)) {
            throw illegalInvocation();
        }
        this.#entries = this.#entries.filter(
            (entry) => entry.entryType !== type || (name !== undefined && entry.name !== string(name)),
        );
    }

    clearResourceTimings() {}

    setResourceTimingBufferSize() {}

    getEntries() {
        return this.#select(() => true);
    }

    getEntriesByName(name, type = undefined) {
        return this.#select((entry) => entry.name === name && (type === undefined || entry.entryType === type));
    }

    getEntriesByType(type) {
        return this.#select((entry) => entry.entryType === type);
    }

    #select(isWanted) {
        if (!(#entries in this)) {
            throw illegalInvocation();
        }
        return this.#entries.filter(isWanted).sort((a, b) => a.startTime - b.startTime);
    }

    toJSON() {
        return { timeOrigin: this.timeOrigin };
    }
}

defineInterface(Performance);

/** The global `performance`. */
export const performance = new Performance(permit);

/** Puts what depends on flags on the global object. */
export function install(global) {
    if (enabled("enable_global_performance_classes")) {
        defineGlobals(global, { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure });
    }
}
