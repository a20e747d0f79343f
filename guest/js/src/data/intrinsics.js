// What Rust needs of JavaScript's own library and the engine has no C function for. Evaluated before anything else, so
// it holds the originals whatever a script does to the globals later.
// Invariant: touches nothing but its arguments and what it captured.
(() => {
    const { apply, construct, getOwnPropertyDescriptor, getPrototypeOf, defineProperty } = Reflect;
    const getter = (prototype, name) => {
        const { get } = getOwnPropertyDescriptor(prototype, name);
        return (object) => apply(get, object, []);
    };
    const method = (prototype, name) => {
        const original = prototype[name];
        return (object, ...rest) => apply(original, object, rest);
    };
    const Originals = { Map, Set, RegExp, DataView, ArrayBuffer, Object, BigInt, String, Array, Symbol };
    const errors = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
    const typedArray = getPrototypeOf(Uint8Array.prototype);

    const forEachEntry = Map.prototype.forEach;
    const forEachItem = Set.prototype.forEach;
    const setEntry = Map.prototype.set;
    const addItem = Set.prototype.add;
    const viewGetters = (prototype) => ({
        buffer: getter(prototype, "buffer"),
        byteOffset: getter(prototype, "byteOffset"),
        byteLength: getter(prototype, "byteLength"),
    });
    const typed = viewGetters(typedArray);
    const dataView = viewGetters(DataView.prototype);
    const resizable = getter(ArrayBuffer.prototype, "resizable");
    const maxByteLength = getter(ArrayBuffer.prototype, "maxByteLength");
    const detached = getter(ArrayBuffer.prototype, "detached");
    const transfer = method(ArrayBuffer.prototype, "transfer");
    const source = getter(RegExp.prototype, "source");
    const regexpFlags = [
        ["global", 1], ["ignoreCase", 2], ["multiline", 4], ["sticky", 8], ["unicode", 16], ["dotAll", 32],
        ["hasIndices", 128], ["unicodeSets", 256],
    ].map(([name, bit]) => [getter(RegExp.prototype, name), bit]);
    const functionText = method(Function.prototype, "toString");
    const objectToString = Object.prototype.toString;
    const bigintText = method(BigInt.prototype, "toString");
    const symbolText = method(Symbol.prototype, "toString");
    const unboxers = {
        Boolean: method(Boolean.prototype, "valueOf"),
        Number: method(Number.prototype, "valueOf"),
        String: method(String.prototype, "valueOf"),
        BigInt: method(BigInt.prototype, "valueOf"),
        Date: method(Date.prototype, "getTime"),
    };

    // The value of a data property, own or inherited; getters and proxies are not asked.
    const dataProperty = (object, name) => {
        for (let at = object; at !== null; at = getPrototypeOf(at)) {
            const found = getOwnPropertyDescriptor(at, name);
            if (found) return found.value;
        }
        return undefined;
    };
    const ownData = (object, name) => {
        const found = getOwnPropertyDescriptor(object, name);
        return found && "value" in found ? found : undefined;
    };

    return {
        // Flat keys and values of a Map, items of a Set, as they are now.
        mapEntries(map) {
            const flat = [];
            let at = 0;
            apply(forEachEntry, map, [(value, key) => {
                flat[at++] = key;
                flat[at++] = value;
            }]);
            return flat;
        },
        setItems(set) {
            const flat = [];
            let at = 0;
            apply(forEachItem, set, [(item) => {
                flat[at++] = item;
            }]);
            return flat;
        },
        newMap: () => new Originals.Map(),
        newSet: () => new Originals.Set(),
        setEntry: (map, key, value) => {
            apply(setEntry, map, [key, value]);
        },
        addItem: (set, item) => {
            apply(addItem, set, [item]);
        },
        viewParts(view, isDataView) {
            const { buffer, byteOffset, byteLength } = isDataView ? dataView : typed;
            return [buffer(view), byteOffset(view), byteLength(view)];
        },
        newDataView: (buffer, offset, length) => new Originals.DataView(buffer, offset, length),
        // undefined: detached; -1: of fixed length; else how long it may become.
        bufferLimit: (buffer) => (detached(buffer) ? undefined : resizable(buffer) ? maxByteLength(buffer) : -1),
        newResizable: (length, max) => new Originals.ArrayBuffer(length, { maxByteLength: max }),
        transfer: (buffer) => transfer(buffer),
        regexpParts(regexp) {
            let bits = 0;
            for (let at = 0; at < regexpFlags.length; at++) {
                if (regexpFlags[at][0](regexp)) bits |= regexpFlags[at][1];
            }
            return [source(regexp), bits];
        },
        newRegExp: (text, flags) => new Originals.RegExp(text, flags),
        unbox: (object, kind) => unboxers[kind](object),
        box: (primitive) => Originals.Object(primitive),
        bigintHex: (bigint) => bigintText(bigint, 16),
        bigintFromHex: (hex, negative) => (negative ? -Originals.BigInt(hex) : Originals.BigInt(hex)),
        // [name, message or undefined, stack or undefined, whether there is a cause, cause]
        errorParts(error) {
            const message = ownData(error, "message");
            const cause = ownData(error, "cause");
            const name = Originals.String(error.name);
            const text = message && Originals.String(message.value);
            const stack = error.stack;
            return [name, text, typeof stack === "string" ? stack : undefined, cause !== undefined, cause?.value];
        },
        newError(name, message, stack) {
            const error = message === undefined ? new errors[name]() : new errors[name](message);
            defineProperty(error, "stack", { value: stack, writable: true, enumerable: false, configurable: true });
            return error;
        },
        setCause(error, cause) {
            defineProperty(error, "cause", { value: cause, writable: true, enumerable: false, configurable: true });
        },
        constructorName(object) {
            const constructor = dataProperty(object, "constructor");
            const name = typeof constructor === "function" ? ownData(constructor, "name")?.value : undefined;
            return typeof name === "string" ? name : "";
        },
        // What V8 puts into its messages for a value that it may not run code of; `kind` is the engine's class.
        describe(value, kind) {
            if (typeof value === "symbol") return symbolText(value);
            if (kind === "Proxy") return Originals.Array.isArray(value) ? "[object Object]" : "#<Object>";
            if (typeof value === "function") return functionText(value);
            if (dataProperty(value, "toString") === objectToString) {
                const constructor = dataProperty(value, "constructor");
                const name = typeof constructor === "function" ? ownData(constructor, "name")?.value : undefined;
                if (typeof name === "string" && name !== "") return `#<${name}>`;
            }
            const tag = dataProperty(value, Originals.Symbol.toStringTag);
            return `[object ${typeof tag === "string" ? tag : kind}]`;
        },
    };
})()
