/**
 * The namespace `WebAssembly`: modules that were bundled can be instantiated; code cannot be made of bytes
 * (reference §2.2).
 *
 * Invariant: what a module has and whether it fits its imports is decided here; calls and memories are the engine's.
 */

import { host } from "../host.js";
import { CompileError, LinkError, RuntimeError } from "./webassembly-errors.js";
import { Exception, JSTag, Tag, isTag, trap } from "./webassembly-exceptions.js";
import {
    Global,
    Memory,
    Table,
    constantGlobal,
    definedMemory,
    exportedGlobal,
    exportedTable,
    globalParts,
    memoryNumber,
    tableParts,
} from "./webassembly-objects.js";
import { isObject } from "./webidl.js";

const INSTANCE = "WebAssembly.Instance()";
const INSTANTIATE = "WebAssembly.instantiate()";
const FORBIDDEN = "Wasm code generation disallowed by embedder";

/** What the engine tells of a module, by the key that only `wasmModule` passes. */
const KEY = Symbol("described");

/** What the engine told of a module; `undefined` for anything else. */
let described;

/** `WebAssembly.Module`. */
class Module {
    #described;

    constructor(described, key) {
        if (key !== KEY) {
            throw new CompileError(`WebAssembly.Module(): ${FORBIDDEN}`);
        }
        this.#described = described;
    }

    static imports(module) {
        const { imports } = describedOf(module, "WebAssembly.Module.imports()");
        return imports.map(({ module: from, name, kind }) => ({ module: from, name, kind }));
    }

    static exports(module) {
        const { exports } = describedOf(module, "WebAssembly.Module.exports()");
        return exports.map(({ name, kind }) => ({ name, kind }));
    }

    static customSections(module, name) {
        describedOf(module, "WebAssembly.Module.customSections()");
        if (name === undefined) {
            throw new TypeError("WebAssembly.Module.customSections(): Argument 1 is required");
        }
        return [];
    }

    static {
        described = (module) => (isObject(module) && #described in module ? module.#described : undefined);
    }
}

function describedOf(module, where) {
    const found = described(module);
    if (found === undefined) {
        throw new TypeError(`${where}: Argument 0 must be a WebAssembly.Module`);
    }
    return found;
}

/** The module that the engine describes. */
export function wasmModule(description) {
    return new Module(description, KEY);
}

/** Gathers what a module's imports stand for, in the order in which the engine wants them. */
class Imports {
    functions = [];
    /** Pairs of a value and its type; `"address"` for a global that can change. */
    globals = [];
    tables = [];
    references = [];
    tags = [];
    /** What was given for each global and table, by its index: exporting it again gives the same object. */
    given = { global: [], table: [], memory: [], function: [] };

    constructor(module, where) {
        this.module = module;
        this.where = where;
    }

    read(imports) {
        this.module.imports.forEach((wanted, number) => {
            const from = imports[wanted.module];
            if (!isObject(from)) {
                throw new TypeError(
                    `${this.where}: Import #${number} "${wanted.module}": module is not an object or function`,
                );
            }
            const what = `${this.where}: Import #${number} "${wanted.module}" "${wanted.name}"`;
            this[wanted.kind](from[wanted.name], wanted, what);
        });
        return this;
    }

    function(value, wanted, what) {
        if (typeof value !== "function") {
            throw new LinkError(`${what}: function import requires a callable`);
        }
        this.functions.push(value);
        this.given.function.push(host.wasmIsFunction(value) ? value : undefined);
    }

    tag(value, wanted, what) {
        if (!isTag(value)) {
            throw new LinkError(`${what}: tag import requires a WebAssembly.Tag`);
        }
        this.tags.push(value);
    }

    memory(value, wanted, what) {
        if (memoryNumber(value) === undefined) {
            throw new LinkError(`${what}: memory import must be a WebAssembly.Memory object`);
        }
        const pages = value.buffer.byteLength / 65536;
        const { minimum } = this.module.memory;
        if (pages < minimum) {
            throw new LinkError(
                `${what}: memory import has ${pages} pages which is smaller than the declared initial of ${minimum}`,
            );
        }
        this.given.memory.push(value);
    }

    table(value, wanted, what) {
        const parts = tableParts(value);
        if (parts === undefined) {
            throw new LinkError(`${what}: table import requires a WebAssembly.Table`);
        }
        if (parts.type !== wanted.type) {
            throw new LinkError(`${what}: imported table does not match the expected type`);
        }
        if (value.length < wanted.minimum) {
            throw new LinkError(
                `${what}: table import has ${value.length} elements, which is less than the declared ${wanted.minimum}`,
            );
        }
        this.given.table[wanted.index] = value;
        if (parts.type === "externref") {
            this.references.push(wanted.index, parts.number);
        } else {
            this.tables.push(parts.number);
        }
    }

    global(value, wanted, what) {
        const parts = globalParts(value);
        if (parts !== undefined) {
            if (parts.type !== wanted.type || parts.mutable !== wanted.mutable) {
                throw new LinkError(`${what}: imported global does not match the expected ${
                    parts.type === wanted.type ? "mutability" : "type"}`);
            }
            this.given.global.push(value);
            this.globals.push(...(wanted.mutable ? [parts.address, "address"] : [value.value, wanted.type]));
            return;
        }
        if (wanted.mutable) {
            throw new LinkError(`${what}: imported mutable global must be a WebAssembly.Global object`);
        }
        const fits = wanted.type === "i64" ? typeof value === "bigint" : typeof value === "number";
        if (!fits) {
            throw new LinkError(`${what}: global import must be a ${wanted.type === "i64" ? "BigInt" : "number"}, ` +
                "valid Wasm reference, or WebAssembly.Global object");
        }
        this.given.global.push(constantGlobal(wanted.type, value));
        this.globals.push(value, wanted.type);
    }
}

function link(module, imports, where) {
    if (module.imports.length > 0 && !isObject(imports)) {
        throw new TypeError(`${where}: Imports argument must be present and must be an object`);
    }
    if (imports !== undefined && !isObject(imports)) {
        throw new TypeError(`${where}: Argument 1 must be an object`);
    }
    return new Imports(module, where).read(imports ?? {});
}

function exportsOf(module, instance, { given, tags }, memory) {
    const exports = Object.create(null);
    const importedGlobals = given.global.length;
    const own = new Map();
    const once = (key, make) => {
        if (!own.has(key)) {
            own.set(key, make());
        }
        return own.get(key);
    };
    const makers = {
        function: ({ index }) => given.function[index] ?? host.wasmFunction(instance, index),
        memory: () => memory,
        tag: ({ index }) => tags[index],
        table: (table) => given.table[table.index] ??
            once(`table ${table.index}`, () => exportedTable(instance, table)),
        global: (global) => given.global[global.index] ??
            once(`global ${global.index}`, () =>
                exportedGlobal(host.wasmCellOf(instance, global.index - importedGlobals), global)),
    };
    for (const export_ of module.exports) {
        exports[export_.name] = makers[export_.kind](export_);
    }
    return Object.freeze(exports);
}

/** `WebAssembly.Instance`. */
class Instance {
    #exports;

    constructor(module, imports) {
        this.#exports = instantiateModule(describedOf(module, INSTANCE), imports);
    }

    get exports() {
        return this.#exports;
    }
}

function instantiateModule(module, imports) {
    const linked = link(module, imports, INSTANCE);
    let memory = linked.given.memory[0];
    if (module.memory !== undefined && memory === undefined) {
        memory = definedMemory(module.memory);
    }
    linked.tags.push(...module.tags.map((parameters) => new Tag({ parameters })));
    const instance = host.wasmInstantiate(
        module.number,
        [...linked.functions, ...linked.tags],
        memory === undefined ? undefined : memoryNumber(memory),
        linked.globals,
        linked.tables,
        linked.references,
    );
    return exportsOf(module, instance, linked, memory);
}

const functions = {
    async instantiate(module, imports) {
        if (described(module) !== undefined) {
            // Messages name the function that was called; the object is what `new Instance` makes.
            return makeInstance(module, imports);
        }
        throw new CompileError(`${INSTANTIATE}: ${FORBIDDEN}`);
    },
    async compile() {
        throw new CompileError(`WebAssembly.compile(): ${FORBIDDEN}`);
    },
    validate(bytes) {
        // As in V8, a `DataView` is none.
        const isSource = bytes instanceof ArrayBuffer || ArrayBuffer.isView(bytes);
        if (!isSource || bytes instanceof DataView) {
            throw new TypeError("WebAssembly.validate(): Argument 0 must be a buffer source");
        }
        return host.wasmValidate(bytes);
    },
};

function makeInstance(module, imports) {
    try {
        return new Instance(module, imports);
    } catch (error) {
        if (error instanceof Error && typeof error.message === "string") {
            error.message = error.message.replace(INSTANCE, INSTANTIATE);
        }
        throw error;
    }
}

/** The error of a trap. */
export function wasmError(kind, message) {
    const constructor = { RangeError, LinkError }[kind] ?? RuntimeError;
    return trap(new constructor(message));
}

/** Puts the namespace in place. Called once, before the freeze. */
export function installWebAssembly(global) {
    const namespace = {};
    const hidden = (target, key, value) =>
        Object.defineProperty(target, key, { value, writable: true, configurable: true });
    for (const [name, value] of Object.entries(functions)) {
        namespace[name] = value;
    }
    const classes = { Module, Instance, Memory, Table, Global, Tag, Exception, CompileError, LinkError, RuntimeError };
    for (const [name, value] of Object.entries(classes)) {
        Object.defineProperty(value, "name", { value: name, configurable: true });
        if (!(value.prototype instanceof Error)) {
            Object.defineProperty(value.prototype, Symbol.toStringTag, {
                value: `WebAssembly.${name}`,
                configurable: true,
            });
        }
        hidden(namespace, name, value);
    }
    Object.defineProperty(namespace, "JSTag", { value: JSTag, configurable: true });
    Object.defineProperty(namespace, Symbol.toStringTag, { value: "WebAssembly", configurable: true });
    hidden(global, "WebAssembly", namespace);
}
