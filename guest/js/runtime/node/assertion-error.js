/**
 * The error of an assertion that does not hold, with the difference of the two values.
 *
 * Invariant: the text depends on the values only.
 */

import { inspect } from "../console/inspect.js";

const HEADINGS = {
    deepStrictEqual: "Expected values to be strictly deep-equal:",
    partialDeepStrictEqual: "Expected values to be partially and strictly deep-equal:",
    strictEqual: "Expected values to be strictly equal:",
    strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
    deepEqual: "Expected values to be loosely deep-equal:",
    notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
    notStrictEqual: 'Expected "actual" to be strictly unequal to:',
    notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
    notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
    notIdentical: "Values have same structure but are not reference-equal:",
};
const MAX_LINES = 50;
/** Beyond this many cells the table of the difference would cost more than it tells. */
const MAX_CELLS = 250_000;

function show(value) {
    return inspect(value, {
        compact: false,
        customInspect: false,
        depth: 1000,
        maxArrayLength: Infinity,
        showHidden: false,
        showProxy: false,
        sorted: true,
        getters: true,
        breakLength: Infinity,
    });
}

/** Lengths of the longest common subsequences of all tails of `a` and `b`. */
function commonLengths(a, b) {
    const width = b.length + 1;
    const table = new Uint32Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--) {
        for (let j = b.length - 1; j >= 0; j--) {
            table[i * width + j] =
                a[i] === b[j]
                    ? table[(i + 1) * width + j + 1] + 1
                    : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
        }
    }
    return (i, j) => table[i * width + j];
}

/** Lines with `+` where only `actual` has them and `-` where only `expected` does. */
function difference(actual, expected) {
    if (actual.length * expected.length > MAX_CELLS) {
        return [...actual.map((line) => `+ ${line}`), ...expected.map((line) => `- ${line}`)];
    }
    const common = commonLengths(actual, expected);
    const lines = [];
    let [i, j] = [0, 0];
    while (i < actual.length || j < expected.length) {
        if (i < actual.length && j < expected.length && actual[i] === expected[j]) {
            lines.push(`  ${actual[i]}`);
            i += 1;
            j += 1;
        } else if (j >= expected.length || (i < actual.length && common(i + 1, j) >= common(i, j + 1))) {
            lines.push(`+ ${actual[i++]}`);
        } else {
            lines.push(`- ${expected[j++]}`);
        }
    }
    return lines;
}

function isSimple(value) {
    return value === null || (typeof value !== "object" && typeof value !== "function");
}

function describeDifference(actual, expected, operator) {
    const left = show(actual).split("\n");
    const right = show(expected).split("\n");
    const objects = !isSimple(actual) && !isSimple(expected);
    const heading = operator === "strictEqual" && objects ? HEADINGS.strictEqualObject : HEADINGS[operator];
    if (left.length === 1 && right.length === 1 && left[0] !== right[0]) {
        const short = isSimple(actual) && isSimple(expected) && (actual !== 0 || expected !== 0);
        if (short && left[0].length + right[0].length <= 12) {
            return `${HEADINGS[operator]}\n\n${left[0]} !== ${right[0]}\n`;
        }
    }
    if (left.join("\n") === right.join("\n") && operator === "strictEqual") {
        return `${HEADINGS.notIdentical}\n\n${left.join("\n")}\n`;
    }
    const lines = difference(left, right);
    const shown = lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES - 1), "..."] : lines;
    return `${heading}\n+ actual - expected\n\n${shown.join("\n")}\n`;
}

function describeEquality(actual, operator) {
    const objects = !isSimple(actual);
    const heading = operator === "notStrictEqual" && objects ? HEADINGS.notStrictEqualObject : HEADINGS[operator];
    const lines = show(actual).split("\n");
    const shown = lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES - 1), "..."] : lines;
    return shown.length === 1
        ? `${heading}${shown[0].length > 5 ? "\n\n" : " "}${shown[0]}`
        : `${heading}\n\n${shown.join("\n")}\n`;
}

function describeLoose(actual, expected, operator) {
    const [left, right] = [actual, expected].map((value) => inspect(value));
    if (operator === "deepEqual") {
        return `${HEADINGS.deepEqual}\n\n${show(actual)}\n\nshould loosely deep-equal\n\n${show(expected)}`;
    }
    return `${left} ${operator} ${right}`;
}

function generate(actual, expected, operator) {
    switch (operator) {
        case "deepStrictEqual":
        case "partialDeepStrictEqual":
        case "strictEqual":
            return describeDifference(actual, expected, operator);
        case "notDeepStrictEqual":
        case "notStrictEqual":
        case "notDeepEqual":
            return describeEquality(actual, operator);
        case "throws":
        case "rejects":
            return describeDifference(actual, expected, "deepStrictEqual");
        default:
            return describeLoose(actual, expected, operator);
    }
}

/** See the file's comment. */
export class AssertionError extends Error {
    /**
     * @param {{message?: string, actual?: unknown, expected?: unknown, operator?: string, stackStartFn?: Function}}
     *     options
     */
    constructor(options) {
        const { message, actual, expected, operator, stackStartFn } = options;
        super(message === undefined || message === null ? generate(actual, expected, operator) : String(message));
        this.generatedMessage = message === undefined || message === null;
        Object.defineProperty(this, "name", {
            value: "AssertionError [ERR_ASSERTION]",
            enumerable: false,
            writable: true,
            configurable: true,
        });
        this.code = "ERR_ASSERTION";
        this.actual = actual;
        this.expected = expected;
        this.operator = operator;
        Error.captureStackTrace?.(this, stackStartFn ?? this.constructor);
        void this.stack;
        this.name = "AssertionError";
    }

    toString() {
        return `${this.name} [${this.code}]: ${this.message}`;
    }
}
