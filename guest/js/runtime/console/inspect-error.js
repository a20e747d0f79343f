/**
 * Errors as inspection shows them: the stack, with the class's name where the stack has another, and what else they
 * hold.
 *
 * Invariant: reads `name`, `message`, `stack`, `cause` and `errors` only, and survives getters that throw.
 */

import { prefixOf } from "./names.js";

function read(error, key) {
    try {
        return error[key];
    } catch {
        return undefined;
    }
}

/** The stack with its heading, however the engine writes stacks. */
function stackOf(error) {
    const stack = read(error, "stack");
    if (typeof stack !== "string" || stack === "") {
        return Error.prototype.toString.call(error);
    }
    if (!/^\s+at /.test(stack)) {
        return stack;
    }
    return `${Error.prototype.toString.call(error)}\n${stack.trimEnd()}`;
}

/** Drops keys whose values the stack already shows. */
function dropShown(context, keys, error, stack) {
    if (context.showHidden) {
        return;
    }
    for (const name of ["name", "message", "stack"]) {
        const index = keys.indexOf(name);
        const value = index === -1 ? undefined : read(error, name);
        if (index !== -1 && (typeof value !== "string" || stack.includes(value))) {
            keys.splice(index, 1);
        }
    }
}

function fallbackName(stack) {
    const start = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(stack) ?? /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
    return start?.[1] || "Error";
}

/** Puts the class's name in front where the stack only has the name of an ancestor. */
function withClassName(stack, constructorName, name, tag) {
    const length = name.length;
    const shown = name.endsWith("Error") && stack.startsWith(name);
    const ended = stack.length === length || stack[length] === ":" || stack[length] === "\n";
    if (constructorName !== null && !(shown && ended)) {
        return stack;
    }
    const fallback = constructorName === null ? fallbackName(stack) : "Error";
    const prefix = prefixOf(constructorName, tag, fallback).slice(0, -1);
    if (name === prefix) {
        return stack;
    }
    if (!prefix.includes(name)) {
        return `${prefix} [${name}]${stack.slice(length)}`;
    }
    return length === 0 ? `${prefix}: ${stack}` : `${prefix}${stack.slice(length)}`;
}

/** The index and length of the longest run of frames at the end of `frames` that `cause` ends with too. */
function commonFrames(frames, cause) {
    let count = 0;
    while (
        count < frames.length &&
        count < cause.length &&
        frames[frames.length - 1 - count] === cause[cause.length - 1 - count]
    ) {
        count += 1;
    }
    return count;
}

/** The frames, without those at the end that the cause's stack shows again. */
function framesOf(context, error, text) {
    const frames = text.split("\n");
    const cause = read(error, "cause");
    if (!(cause instanceof Error)) {
        return frames;
    }
    const causeStack = stackOf(cause);
    const start = causeStack.indexOf("\n    at");
    if (start === -1) {
        return frames;
    }
    const common = commonFrames(frames, causeStack.slice(start + 1).split("\n"));
    if (common > 3) {
        const note = `    ... ${common - 2} lines matching cause stack trace ...`;
        frames.splice(frames.length - common + 1, common - 2, context.stylize(note, "undefined"));
    }
    return frames;
}

/**
 * The text of an error without its properties.
 *
 * @param {object} context Of `inspect.js`.
 * @param {Error} error
 * @param {string | null} constructorName
 * @param {string} tag
 * @param {PropertyKey[]} keys What is to be shown beside it; changed in place.
 */
export function formatError(context, error, constructorName, tag, keys) {
    const rawName = read(error, "name");
    const name = rawName === null || rawName === undefined ? "Error" : String(rawName);
    let stack = stackOf(error);
    dropShown(context, keys, error, stack);
    if ("cause" in error && !keys.includes("cause")) {
        keys.push("cause");
    }
    if (Array.isArray(read(error, "errors")) && !keys.includes("errors")) {
        keys.push("errors");
    }
    stack = withClassName(stack, constructorName, name, tag);
    const message = read(error, "message");
    let position = typeof message === "string" && message !== "" ? stack.indexOf(message) : -1;
    if (position !== -1) {
        position += message.length;
    }
    const framesStart = stack.indexOf("\n    at", position);
    if (framesStart === -1) {
        stack = `[${stack}]`;
    } else {
        const frames = framesOf(context, error, stack.slice(framesStart + 1));
        stack = `${stack.slice(0, framesStart)}\n${frames.join("\n")}`;
    }
    return context.indentation === 0 ? stack : stack.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
}
