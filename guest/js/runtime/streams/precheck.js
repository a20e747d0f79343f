/**
 * Checks before members of a class: how the streams of the library get the platform's texts.
 *
 * Invariant: a member keeps its name and its length.
 */

/**
 * Puts checks before members of a class.
 *
 * @param {Function} constructor The class.
 * @param {boolean} async Whether what a check throws becomes a rejection.
 * @param {Record<string, (...args: unknown[]) => void>} checks By name of the method or getter; each is called on the
 *     instance with the arguments, and throws.
 */
export function precheck(constructor, async, checks) {
    for (const [name, check] of Object.entries(checks)) {
        const descriptor = Object.getOwnPropertyDescriptor(constructor.prototype, name);
        const kind = descriptor.get === undefined ? "value" : "get";
        const checked = async ? asyncChecked(check, descriptor[kind]) : syncChecked(check, descriptor[kind]);
        copyShape(descriptor[kind], checked);
        Object.defineProperty(constructor.prototype, name, { ...descriptor, [kind]: checked });
    }
}

function syncChecked(check, original) {
    return {
        method(...args) {
            Reflect.apply(check, this, args);
            return Reflect.apply(original, this, args);
        },
    }.method;
}

function asyncChecked(check, original) {
    return {
        method(...args) {
            try {
                Reflect.apply(check, this, args);
            } catch (error) {
                return Promise.reject(error);
            }
            return Reflect.apply(original, this, args);
        },
    }.method;
}

function copyShape(from, to) {
    Object.defineProperty(to, "name", { value: from.name, configurable: true });
    Object.defineProperty(to, "length", { value: from.length, configurable: true });
}
