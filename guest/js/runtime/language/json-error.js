/**
 * Why a text is no JSON, in the words of V8.
 *
 * Invariant: reads the text once and without recursion; called only for texts that did not parse.
 */

const SPACE = /[\t\n\r ]*/y;
const NUMBER_START = /[-0-9]/;
const LITERALS = { t: "true", f: "false", n: "null" };
/** How much of a long text is shown around the place. */
const CONTEXT = 10;
const SPECIAL = new Set(["NaN", "Infinity", "undefined", "[object Object]"]);

/** Only the message is used. */
class Problem extends Error {}

function at(text, position, message, where = " in JSON") {
    const before = text.slice(0, position).split(/\r\n|\r|\n/);
    const place = `line ${before.length} column ${before.at(-1).length + 1}`;
    return new Problem(`${message}${where} at position ${position} (${place})`);
}

function excerpt(text, position) {
    if (text.length <= 2 * CONTEXT) {
        return `"${text}"`;
    }
    const start = position < CONTEXT ? 0 : position - CONTEXT;
    const end = position >= text.length - CONTEXT ? text.length : position + CONTEXT;
    return `${start > 0 ? "..." : ""}"${text.slice(start, end)}"${end < text.length ? "..." : ""}`;
}

function unexpected(text, position) {
    if (position >= text.length) {
        return new Problem("Unexpected end of JSON input");
    }
    const character = text[position];
    if (NUMBER_START.test(character)) {
        return at(text, position, "Unexpected number");
    }
    if (character === '"') {
        return at(text, position, "Unexpected string");
    }
    return SPECIAL.has(text)
        ? new Problem(`"${text}" is not valid JSON`)
        : new Problem(`Unexpected token '${character}', ${excerpt(text, position)} is not valid JSON`);
}

class Scanner {
    #text;
    #position = 0;

    constructor(text) {
        this.#text = text;
    }

    get #next() {
        return this.#text[this.#position];
    }

    #skipSpace() {
        SPACE.lastIndex = this.#position;
        SPACE.test(this.#text);
        this.#position = SPACE.lastIndex;
    }

    #problem(message, position = this.#position) {
        return at(this.#text, position, message);
    }

    #string() {
        for (this.#position += 1; ; this.#position++) {
            const character = this.#next;
            if (character === undefined) {
                throw this.#problem("Unterminated string");
            }
            if (character === '"') {
                this.#position += 1;
                return;
            }
            if (character < " ") {
                throw this.#problem("Bad control character in string literal");
            }
            if (character === "\\") {
                this.#escape();
            }
        }
    }

    #escape() {
        this.#position += 1;
        const character = this.#next;
        if (character === undefined) {
            throw unexpected(this.#text, this.#position);
        }
        if (!'"\\/bfnrtu'.includes(character)) {
            throw this.#problem("Bad escaped character");
        }
        if (character !== "u") {
            return;
        }
        for (let count = 0; count < 4; count++) {
            this.#position += 1;
            if (!/[0-9a-fA-F]/.test(this.#next ?? "")) {
                throw this.#problem("Bad Unicode escape");
            }
        }
    }

    #digits() {
        while (this.#next >= "0" && this.#next <= "9") {
            this.#position += 1;
        }
    }

    #isDigit() {
        return this.#next >= "0" && this.#next <= "9";
    }

    #number() {
        if (this.#next === "-") {
            this.#position += 1;
            if (!this.#isDigit()) {
                throw this.#problem("No number after minus sign");
            }
        }
        if (this.#next === "0") {
            this.#position += 1;
            if (this.#isDigit()) {
                throw this.#problem("Unexpected number");
            }
        }
        this.#digits();
        if (this.#next === ".") {
            this.#position += 1;
            if (!this.#isDigit()) {
                throw this.#problem("Unterminated fractional number");
            }
            this.#digits();
        }
        if (this.#next === "e" || this.#next === "E") {
            this.#position += 1;
            if (this.#next === "+" || this.#next === "-") {
                this.#position += 1;
            }
            if (!this.#isDigit()) {
                throw this.#problem("Exponent part is missing a number");
            }
            this.#digits();
        }
    }

    #literal(word) {
        for (const character of word) {
            if (this.#next !== character) {
                throw unexpected(this.#text, this.#position);
            }
            this.#position += 1;
        }
    }

    /** A value without what is in it; returns the bracket that it opens, if any. */
    #value() {
        const character = this.#next;
        if (character === '"') {
            this.#string();
        } else if (character !== undefined && NUMBER_START.test(character)) {
            this.#number();
        } else if (Object.hasOwn(LITERALS, character ?? "")) {
            this.#literal(LITERALS[character]);
        } else if (character === "{" || character === "[") {
            this.#position += 1;
            return character;
        } else {
            throw unexpected(this.#text, this.#position);
        }
        return undefined;
    }

    #key(afterComma) {
        this.#skipSpace();
        if (this.#next !== '"') {
            throw this.#problem(afterComma ? "Expected double-quoted property name" : "Expected property name or '}'");
        }
        this.#string();
        this.#skipSpace();
        if (this.#next !== ":") {
            throw this.#problem("Expected ':' after property name");
        }
        this.#position += 1;
    }

    /** Throws the problem. */
    run() {
        const open = [];
        for (;;) {
            this.#skipSpace();
            const bracket = this.#value();
            if (bracket !== undefined) {
                this.#skipSpace();
                if (this.#next !== (bracket === "{" ? "}" : "]")) {
                    open.push(bracket);
                    if (bracket === "{") {
                        this.#key(false);
                    }
                    continue;
                }
                this.#position += 1;
            }
            if (!this.#close(open)) {
                break;
            }
        }
        this.#skipSpace();
        if (this.#position < this.#text.length) {
            throw at(this.#text, this.#position, "Unexpected non-whitespace character after JSON", "");
        }
    }

    /** After a value: closes what ends here; whether another value follows. */
    #close(open) {
        while (open.length > 0) {
            this.#skipSpace();
            const bracket = open.at(-1);
            if (this.#next === ",") {
                this.#position += 1;
                if (bracket === "{") {
                    this.#key(true);
                }
                return true;
            }
            if (this.#next !== (bracket === "{" ? "}" : "]")) {
                throw this.#problem(
                    bracket === "{"
                        ? "Expected ',' or '}' after property value"
                        : "Expected ',' or ']' after array element",
                );
            }
            this.#position += 1;
            open.pop();
        }
        return false;
    }
}

/** V8's message for a text that is no JSON; `undefined` where this file finds nothing wrong with it. */
export function jsonProblem(text) {
    try {
        new Scanner(text).run();
    } catch (problem) {
        return problem.message;
    }
    return undefined;
}

/** Replaces `JSON.parse` by one whose errors read as V8's. */
export function installJsonErrors() {
    const original = JSON.parse;
    const { parse } = {
        parse(text, reviver) {
            try {
                return reviver === undefined ? original(text) : original(text, reviver);
            } catch (error) {
                if (error instanceof SyntaxError && typeof reviver !== "function") {
                    const message = jsonProblem(`${text}`);
                    if (message !== undefined) {
                        Object.defineProperty(error, "message", { value: message, writable: true, configurable: true });
                    }
                }
                throw error;
            }
        },
    };
    Object.defineProperty(JSON, "parse", { value: parse, writable: true, configurable: true });
}
