/**
 * `FormData`: an ordered list of names with strings and files.
 *
 * Invariant: knows no format; see `multipart.js`.
 */

import { bytesOfBlob, File, fileFrom, isBlobLike } from "./blob.js";
import { defineInterface, illegalInvocation, pairIterator, parameterError, usv } from "./webidl.js";

let flatOf;

function requireName(count, method) {
    if (count === 0) {
        throw parameterError(method, "FormData", 1, "string");
    }
}

/** What an entry keeps: a string, or a file, which has the name `filename` if that is given. */
function entryValue(name, value, filename) {
    if (!isBlobLike(value)) {
        return usv(value);
    }
    if (value instanceof File) {
        return filename === undefined
            ? value
            : fileFrom(bytesOfBlob(value), usv(filename), value.type, value.lastModified);
    }
    return fileFrom(bytesOfBlob(value), filename === undefined ? name : usv(filename), value.type);
}

/** https://xhr.spec.whatwg.org/#interface-formdata */
export class FormData {
    /** @type {Array<string | File>} Names and values in turns. */
    #list = [];

    static {
        flatOf = (form) => {
            if (!(#list in form)) {
                throw illegalInvocation();
            }
            return form.#list;
        };
    }

    append(name, value, filename = undefined) {
        const list = flatOf(this);
        requireName(arguments.length, "append");
        if (arguments.length < 2) {
            throw parameterError("append", "FormData", 2, "File or Blob or string");
        }
        const key = usv(name);
        list.push(key, entryValue(key, value, filename));
    }

    delete(name) {
        const list = flatOf(this);
        requireName(arguments.length, "delete");
        const key = usv(name);
        let kept = 0;
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] !== key) {
                list[kept] = list[i];
                list[kept + 1] = list[i + 1];
                kept += 2;
            }
        }
        list.length = kept;
    }

    get(name) {
        const list = flatOf(this);
        requireName(arguments.length, "get");
        const key = usv(name);
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] === key) {
                return list[i + 1];
            }
        }
        return null;
    }

    getAll(name) {
        const list = flatOf(this);
        requireName(arguments.length, "getAll");
        const key = usv(name);
        const found = [];
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] === key) {
                found.push(list[i + 1]);
            }
        }
        return found;
    }

    has(name) {
        const list = flatOf(this);
        requireName(arguments.length, "has");
        const key = usv(name);
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] === key) {
                return true;
            }
        }
        return false;
    }

    set(name, value, filename = undefined) {
        const list = flatOf(this);
        requireName(arguments.length, "set");
        if (arguments.length < 2) {
            throw parameterError("set", "FormData", 2, "File or Blob or string");
        }
        const key = usv(name);
        const entry = entryValue(key, value, filename);
        let kept = 0;
        let isSet = false;
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] === key && isSet) {
                continue;
            }
            const isFirst = list[i] === key;
            list[kept] = list[i];
            list[kept + 1] = isFirst ? entry : list[i + 1];
            isSet ||= isFirst;
            kept += 2;
        }
        list.length = kept;
        if (!isSet) {
            list.push(key, entry);
        }
    }

    entries() {
        flatOf(this);
        return new EntryIterator(this);
    }

    keys() {
        flatOf(this);
        return new KeyIterator(this);
    }

    values() {
        flatOf(this);
        return new ValueIterator(this);
    }

    forEach(callback, thisArg = undefined) {
        const list = flatOf(this);
        if (typeof callback !== "function") {
            throw parameterError("forEach", "FormData", 1, "function");
        }
        for (let i = 0; i < list.length; i += 2) {
            Reflect.apply(callback, thisArg, [list[i + 1], list[i], this]);
        }
    }
}

/** The item at an index of a list of names and values; `undefined` after the last one. */
function itemAt(form, index, item) {
    const list = flatOf(form);
    const at = index * 2;
    return at < list.length ? item(list, at) : undefined;
}

const EntryIterator = pairIterator("EntryIterator", (form, index) =>
    itemAt(form, index, (list, at) => [list[at], list[at + 1]]));
const KeyIterator = pairIterator("KeyIterator", (form, index) => itemAt(form, index, (list, at) => list[at]));
const ValueIterator = pairIterator("ValueIterator", (form, index) => itemAt(form, index, (list, at) => list[at + 1]));

defineInterface(FormData);
Object.defineProperty(FormData.prototype, Symbol.iterator, {
    value: FormData.prototype.entries,
    writable: true,
    configurable: true,
});

/** Whether a value is a `FormData`. */
export function isFormData(value) {
    return value instanceof FormData;
}

/** Names and values in turns; the caller must not change it. */
export function entriesOf(form) {
    return flatOf(form);
}
