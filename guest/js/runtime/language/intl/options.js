/**
 * Reading the options of `Intl` constructors, as ECMA-402 does.
 *
 * Invariant: each option is read once, in the order of the calls here.
 */

/** The options object, or an empty one. */
export function optionsObject(options) {
    if (options === undefined) {
        return Object.create(null);
    }
    if (options === null) {
        throw new TypeError("Cannot convert undefined or null to object");
    }
    return Object(options);
}

/**
 * A string option.
 *
 * @param {object} options
 * @param {string} name
 * @param {string[] | undefined} allowed
 * @param {unknown} fallback
 */
export function stringOption(options, name, allowed, fallback) {
    const value = options[name];
    if (value === undefined) {
        return fallback;
    }
    const text = String(value);
    if (allowed !== undefined && !allowed.includes(text)) {
        throw new RangeError(`Value ${text} out of range for Intl options property ${name}`);
    }
    return text;
}

/** A boolean option. */
export function booleanOption(options, name, fallback) {
    const value = options[name];
    return value === undefined ? fallback : Boolean(value);
}

/** A number option within bounds. */
export function numberOption(options, name, min, max, fallback) {
    const value = options[name];
    if (value === undefined) {
        return fallback;
    }
    const number = Number(value);
    if (!(number >= min && number <= max)) {
        throw new RangeError(`${name} value is out of range.`);
    }
    return Math.floor(number);
}

/** Formats keep their state here, so that their classes have methods on the prototype only. */
export function internals(map, object, method) {
    const state = map.get(object);
    if (state === undefined) {
        throw new TypeError(
            `Method ${method} called on incompatible receiver ${Object.prototype.toString.call(object)}`,
        );
    }
    return state;
}

/** Makes a class of `Intl` callable without `new`, as the oldest ones are. */
export function callable(Class) {
    const { name } = Class;
    const wrapper = {
        [name]: function (...args) {
            return Reflect.construct(Class, args, new.target ?? wrapper);
        },
    }[name];
    Object.defineProperty(wrapper, "prototype", { value: Class.prototype, writable: false });
    Object.defineProperty(wrapper, "length", { value: 0, configurable: true });
    Object.defineProperty(Class.prototype, "constructor", { value: wrapper, writable: true, configurable: true });
    Object.defineProperty(wrapper, "supportedLocalesOf", {
        value: Class.supportedLocalesOf,
        writable: true,
        configurable: true,
    });
    return wrapper;
}
