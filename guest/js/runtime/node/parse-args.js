/**
 * `util.parseArgs`.
 *
 * Invariant: pure; options and arguments are not changed.
 */

import { nodeError, validateBoolean, validateObject } from "./errors.js";

function optionOf(options, name) {
    const long = Object.hasOwn(options, name) ? options[name] : undefined;
    return { name, type: long?.type, multiple: long?.multiple };
}

function nameOfShort(options, short) {
    return Object.keys(options).find((name) => options[name].short === short) ?? short;
}

/** Splits `-abc` into options, the last of which may have a value. */
function shortTokens(argument, index, options, next) {
    const tokens = [];
    for (let at = 1; at < argument.length; at++) {
        const name = nameOfShort(options, argument[at]);
        const rawName = `-${argument[at]}`;
        if (optionOf(options, name).type !== "string") {
            tokens.push({ kind: "option", name, rawName, index, value: undefined, inlineValue: undefined });
            continue;
        }
        const inline = argument.slice(at + 1);
        const value = inline === "" ? next() : inline;
        tokens.push({
            kind: "option",
            name,
            rawName,
            index,
            value,
            inlineValue: value === undefined ? undefined : inline !== "",
        });
        break;
    }
    return tokens;
}

function longToken(argument, index, options, next) {
    const equals = argument.indexOf("=");
    const name = argument.slice(2, equals === -1 ? undefined : equals);
    const rawName = `--${name}`;
    if (equals !== -1) {
        return { kind: "option", name, rawName, index, value: argument.slice(equals + 1), inlineValue: true };
    }
    const value = optionOf(options, name).type === "string" ? next() : undefined;
    return { kind: "option", name, rawName, index, value, inlineValue: value === undefined ? undefined : false };
}

function tokenize(args, options) {
    const tokens = [];
    for (let at = 0; at < args.length; at++) {
        const argument = args[at];
        const index = at;
        const next = () => {
            const value = args[at + 1];
            if (value === undefined || (value.startsWith("-") && value !== "-")) {
                return undefined;
            }
            at += 1;
            return value;
        };
        if (argument === "--") {
            tokens.push({ kind: "option-terminator", index });
            args.slice(at + 1).forEach((value, offset) =>
                tokens.push({ kind: "positional", index: at + 1 + offset, value }),
            );
            break;
        }
        if (argument.startsWith("--") && argument.length > 2) {
            tokens.push(longToken(argument, index, options, next));
        } else if (argument.startsWith("-") && argument.length > 1) {
            tokens.push(...shortTokens(argument, index, options, next));
        } else {
            tokens.push({ kind: "positional", index, value: argument });
        }
    }
    return tokens;
}

function checkStrict(token, options, allowPositionals, allowNegative) {
    const negated = allowNegative && token.name.startsWith("no-") ? token.name.slice(3) : token.name;
    if (!Object.hasOwn(options, token.name) && !Object.hasOwn(options, negated)) {
        const hint = allowPositionals
            ? ". To specify a positional argument starting with a '-', place it at the end of the command after " +
              `'--', as in '-- "${token.rawName}"`
            : "";
        throw nodeError(TypeError, "ERR_PARSE_ARGS_UNKNOWN_OPTION", `Unknown option '${token.rawName}'${hint}`);
    }
    const { type } = optionOf(options, token.name);
    const shown = `${options[token.name]?.short ? `-${options[token.name].short}, ` : ""}--${token.name}`;
    if (type === "string" && typeof token.value !== "string") {
        throw nodeError(TypeError, "ERR_PARSE_ARGS_INVALID_OPTION_VALUE", `Option '${shown} <value>' argument missing`);
    }
    if (type === "boolean" && token.value !== undefined) {
        throw nodeError(
            TypeError,
            "ERR_PARSE_ARGS_INVALID_OPTION_VALUE",
            `Option '${shown}' does not take an argument`,
        );
    }
}

function store(values, token, options, allowNegative) {
    let { name } = token;
    let value = token.value ?? true;
    if (allowNegative && name.startsWith("no-") && !Object.hasOwn(options, name)) {
        name = name.slice(3);
        value = false;
    }
    if (name === "__proto__") {
        return;
    }
    if (optionOf(options, name).multiple) {
        (values[name] ??= []).push(value);
    } else {
        values[name] = value;
    }
}

/** Reads a command line; see Node's documentation. */
export function parseArgs(config = {}) {
    validateObject(config, "config");
    const { args = [], options = {}, strict = true, tokens: wantsTokens = false, allowNegative = false } = config;
    const allowPositionals = config.allowPositionals ?? !strict;
    validateBoolean(strict, "strict");
    const tokens = tokenize(args, options);
    const values = { __proto__: null };
    const positionals = [];
    for (const token of tokens) {
        if (token.kind === "option") {
            if (strict) {
                checkStrict(token, options, allowPositionals, allowNegative);
            }
            store(values, token, options, allowNegative);
        } else if (token.kind === "positional") {
            if (!allowPositionals) {
                throw nodeError(
                    TypeError,
                    "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL",
                    `Unexpected argument '${token.value}'. This command does not take positional arguments`,
                );
            }
            positionals.push(token.value);
        }
    }
    for (const [name, option] of Object.entries(options)) {
        if (option.default !== undefined && values[name] === undefined) {
            values[name] = option.default;
        }
    }
    return wantsTokens ? { values, positionals, tokens } : { values, positionals };
}
