/**
 * The global `console`: lines for the log of the host, at one of five levels.
 *
 * Invariant: never throws because of what it is given to show; a line is one call of `host.log`.
 */

import { host } from "../host.js";
import { formatArguments } from "./format.js";
import { inspect } from "./inspect.js";
import { table as drawTable } from "./table.js";

const DEBUG = 0;
const LOG = 1;
const INFO = 2;
const WARN = 3;
const ERROR = 4;

let indent = "";
/** @type {Map<string, number>} */
const counts = new Map();
/** Starting times in milliseconds. @type {Map<string, number>} */
const timers = new Map();

function render(args) {
    try {
        return formatArguments(args, undefined);
    } catch (error) {
        return `[value that cannot be shown: ${safeText(error)}]`;
    }
}

function safeText(error) {
    try {
        return String(error);
    } catch {
        return "error without text";
    }
}

function emit(level, text) {
    host.log(level, indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`));
}

function write(level, args) {
    // Most lines are one string, which nothing needs to look at.
    emit(level, args.length === 1 && typeof args[0] === "string" ? args[0] : render(args));
}

function durationText(elapsedMs) {
    if (elapsedMs < 1000) {
        return `${Number(elapsedMs.toFixed(3))}ms`;
    }
    const seconds = elapsedMs / 1000;
    if (seconds < 60) {
        return `${seconds.toFixed(3)}s`;
    }
    const minutes = Math.floor(seconds / 60);
    const rest = (seconds % 60).toFixed(3).padStart(6, "0");
    if (minutes < 60) {
        return `${minutes}:${rest} (m:ss.mmm)`;
    }
    const padded = `${minutes % 60}`.padStart(2, "0");
    return `${Math.floor(minutes / 60)}:${padded}:${rest.slice(0, 2)} (h:mm:ss)`;
}

function reportTime(method, label, args) {
    const start = timers.get(label);
    if (start === undefined) {
        emit(WARN, `Warning: No such label '${label}' for console.${method}()`);
        return false;
    }
    const text = `${label}: ${durationText(host.now() - start)}`;
    emit(LOG, args.length === 0 ? text : `${text} ${render(args)}`);
    return true;
}

function labelOf(value) {
    return value === undefined ? "default" : `${value}`;
}

/** The object behind `globalThis.console`, in the platform's order of methods. */
export const console = {
    debug(...args) {
        write(DEBUG, args);
    },
    error(...args) {
        write(ERROR, args);
    },
    info(...args) {
        write(INFO, args);
    },
    log(...args) {
        write(LOG, args);
    },
    warn(...args) {
        write(WARN, args);
    },
    dir(value, options) {
        emit(LOG, inspect(value, { customInspect: false, ...options }));
    },
    dirxml(...args) {
        write(LOG, args);
    },
    table(data, columns) {
        const text = drawTable(data, columns);
        if (text === undefined) {
            write(LOG, [data]);
        } else {
            emit(LOG, text);
        }
    },
    trace(...args) {
        const holder = { name: "Trace", message: render(args) };
        Error.captureStackTrace(holder, console.trace);
        const heading = holder.message === "" ? "Trace" : `Trace: ${holder.message}`;
        const frames = `${holder.stack}`.split("\n").filter((line) => /^\s+at /.test(line));
        emit(LOG, [heading, ...frames].join("\n"));
    },
    group(...args) {
        if (args.length > 0) {
            write(LOG, args);
        }
        indent += "  ";
    },
    groupCollapsed(...args) {
        console.group(...args);
    },
    groupEnd() {
        indent = indent.slice(2);
    },
    clear() {},
    count(label) {
        const name = labelOf(label);
        const count = (counts.get(name) ?? 0) + 1;
        counts.set(name, count);
        emit(LOG, `${name}: ${count}`);
    },
    countReset(label) {
        const name = labelOf(label);
        if (!counts.delete(name)) {
            emit(WARN, `Warning: Count for '${name}' does not exist`);
        }
    },
    assert(condition, ...args) {
        if (condition) {
            return;
        }
        if (typeof args[0] === "string") {
            args[0] = `Assertion failed: ${args[0]}`;
        } else {
            args.unshift("Assertion failed");
        }
        write(ERROR, args);
    },
    profile() {},
    profileEnd() {},
    time(label) {
        const name = labelOf(label);
        if (timers.has(name)) {
            emit(WARN, `Warning: Label '${name}' already exists for console.time()`);
            return;
        }
        timers.set(name, host.now());
    },
    timeLog(label, ...args) {
        reportTime("timeLog", labelOf(label), args);
    },
    timeEnd(label) {
        const name = labelOf(label);
        if (reportTime("timeEnd", name, [])) {
            timers.delete(name);
        }
    },
    timeStamp() {},
    context() {
        return console;
    },
};
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
