/**
 * The options of an inspection, and its colours.
 *
 * Invariant: knows nothing of values.
 */

/** Node's own. What a program changes here changes for every later inspection, as in Node. */
export const DEFAULTS = {
    showHidden: false,
    depth: 2,
    colors: false,
    customInspect: true,
    showProxy: false,
    maxArrayLength: 100,
    maxStringLength: 10000,
    breakLength: 80,
    compact: 3,
    sorted: false,
    getters: false,
    numericSeparator: false,
};
/** The numbers that switch a style on and off. */
export const COLORS = {
    __proto__: null,
    reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27],
    hidden: [8, 28], strikethrough: [9, 29], doubleunderline: [21, 24],
    black: [30, 39], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39],
    cyan: [36, 39], white: [37, 39],
    bgBlack: [40, 49], bgRed: [41, 49], bgGreen: [42, 49], bgYellow: [43, 49], bgBlue: [44, 49], bgMagenta: [45, 49],
    bgCyan: [46, 49], bgWhite: [47, 49], framed: [51, 54], overlined: [53, 55],
    gray: [90, 39], grey: [90, 39], blackBright: [90, 39], redBright: [91, 39], greenBright: [92, 39],
    yellowBright: [93, 39], blueBright: [94, 39], magentaBright: [95, 39], cyanBright: [96, 39], whiteBright: [97, 39],
    bgGray: [100, 49], bgGrey: [100, 49], bgBlackBright: [100, 49], bgRedBright: [101, 49], bgGreenBright: [102, 49],
    bgYellowBright: [103, 49], bgBlueBright: [104, 49], bgMagentaBright: [105, 49], bgCyanBright: [106, 49],
    bgWhiteBright: [107, 49],
};
/** The style of each sort of value. */
export const STYLES = {
    __proto__: null,
    special: "cyan",
    number: "yellow",
    bigint: "yellow",
    boolean: "yellow",
    undefined: "grey",
    null: "bold",
    string: "green",
    symbol: "green",
    date: "magenta",
    regexp: "red",
    module: "underline",
};

function withColor(text, style) {
    const color = COLORS[STYLES[style]];
    return color === undefined ? text : `\u001b[${color[0]}m${text}\u001b[${color[1]}m`;
}

/** Leaves text as it is. */
export function withoutColor(text) {
    return text;
}

/**
 * The state of one inspection.
 *
 * @param {object | undefined} options Node's.
 */
export function contextOf(options) {
    const context = {
        ...DEFAULTS,
        stylize: withoutColor,
        indentation: 0,
        currentDepth: 0,
        seen: [],
        circular: undefined,
        budget: 0,
        userOptions: options,
    };
    if (options !== undefined && options !== null) {
        for (const key of Object.keys(options)) {
            if (Object.hasOwn(DEFAULTS, key) || key === "stylize") {
                context[key] = options[key];
            }
        }
    }
    if (context.colors && context.stylize === withoutColor) {
        context.stylize = withColor;
    }
    if (context.maxArrayLength === null) {
        context.maxArrayLength = Infinity;
    }
    if (context.maxStringLength === null) {
        context.maxStringLength = Infinity;
    }
    return context;
}
