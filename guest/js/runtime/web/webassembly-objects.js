/**
 * What instances share with JavaScript: memories, tables and globals.
 *
 * Invariant: each object is a number or an address of the engine's; what it holds is there.
 */

import { host } from "../host.js";
import { isObject } from "./webidl.js";

/** Passed by this file alone as the second argument of a constructor: the first one is what the object stands for. */
const KEY = Symbol("made");

/** Operations of the engine on tables of functions. */
const NEW = 0;
const EXPORTED = 1;
const SIZE = 2;
const GROW = 3;
const ANY = 0xffffffff;

const MAX_PAGES = 65536;
const MAX_ELEMENTS = 10_000_000;
const TYPES = ["i32", "i64", "f32", "f64"];

/** `[EnforceRange] unsigned long` below a limit. */
function limit(value, where, name, max) {
    const number = Number(value);
    if (!Number.isFinite(number)) {
        throw new TypeError(`${where}: ${name} must be convertible to a valid number`);
    }
    const whole = Math.trunc(number);
    if (whole < 0) {
        throw new TypeError(`${where}: ${name} must be non-negative`);
    }
    if (whole > max) {
        throw new TypeError(`${where}: ${name} must be below or equal to ${max}`);
    }
    return whole;
}

function limits(descriptor, where, max) {
    if (!isObject(descriptor)) {
        const what = where.includes("Memory") ? "memory" : "table";
        throw new TypeError(`${where}: Argument 0 must be a ${what} descriptor`);
    }
    const given = descriptor.initial ?? descriptor.minimum;
    if (given === undefined) {
        throw new TypeError(`${where}: Property 'initial' is required`);
    }
    const initial = limit(given, where, "Property 'initial'", max);
    const maximum = descriptor.maximum === undefined
        ? undefined
        : limit(descriptor.maximum, where, "Property 'maximum'", 0xffffffff);
    if (maximum !== undefined && maximum < initial) {
        throw new RangeError(`${where}: Property 'maximum': value ${maximum} is below the lower bound`);
    }
    return { initial, maximum };
}

/** The engine's number of a memory; `undefined` for anything else. */
export let memoryNumber;

/** `WebAssembly.Memory`. */
export class Memory {
    #number;

    constructor(descriptor, key) {
        if (key === KEY) {
            this.#number = descriptor;
            return;
        }
        const { initial, maximum } = limits(descriptor, "WebAssembly.Memory()", MAX_PAGES);
        this.#number = host.wasmMemoryNew(initial, maximum);
    }

    get buffer() {
        return host.wasmMemoryBuffer(this.#number);
    }

    grow(delta) {
        const before = host.wasmMemoryGrow(this.#number, limit(delta, "WebAssembly.Memory.grow()", "Argument 0", ANY));
        if (before < 0) {
            throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
        }
        return before;
    }

    static {
        memoryNumber = (memory) => (isObject(memory) && #number in memory ? memory.#number : undefined);
    }
}

/** The memory that an instance defines. */
export function definedMemory({ minimum, maximum }) {
    return new Memory(host.wasmMemoryNew(minimum, maximum), KEY);
}

/** The engine's number and the type of elements of a table; `undefined` for anything else. */
export let tableParts;

/** `WebAssembly.Table`. */
export class Table {
    /** @type {{number: number, type: "anyfunc" | "externref"}} */
    #parts;

    constructor(descriptor, value) {
        if (value === KEY) {
            this.#parts = descriptor;
            return;
        }
        const where = "WebAssembly.Table()";
        const { initial, maximum } = limits(descriptor, where, MAX_ELEMENTS);
        const type = `${descriptor.element}`;
        if (type !== "anyfunc" && type !== "externref") {
            throw new TypeError(`${where}: Descriptor property 'element' must be a WebAssembly reference type`);
        }
        const number = type === "externref"
            ? host.wasmReferencesNew(initial, maximum)
            : host.wasmTable(NEW, 0, initial, maximum ?? ANY);
        if (number < 0) {
            throw new RangeError(`${where}: could not allocate table`);
        }
        this.#parts = { number, type };
        if (value !== undefined && type === "anyfunc") {
            for (let index = 0; index < initial; index++) {
                this.set(index, value);
            }
        } else if (value !== undefined) {
            for (let index = 0; index < initial; index++) {
                host.wasmReferencesSet(number, index, value);
            }
        }
    }

    get length() {
        const { number, type } = this.#parts;
        return type === "externref" ? host.wasmReferencesSize(number) : host.wasmTable(SIZE, number, 0, 0);
    }

    get(index) {
        const { number, type } = this.#parts;
        const at = limit(index, "WebAssembly.Table.get()", "Argument 0", ANY);
        if (at >= this.length) {
            throw new RangeError(`WebAssembly.Table.get(): invalid address ${at} in ${tableName(type)} table of size ${
                this.length}`);
        }
        return type === "externref" ? host.wasmReferencesGet(number, at) : host.wasmTableGet(number, at);
    }

    set(index, value) {
        const { number, type } = this.#parts;
        const where = "WebAssembly.Table.set()";
        const at = limit(index, where, "Argument 0", ANY);
        if (at >= this.length) {
            throw new RangeError(`${where}: invalid address ${at} in ${tableName(type)} table of size ${this.length}`);
        }
        if (type === "externref") {
            host.wasmReferencesSet(number, at, value);
            return;
        }
        const entry = value ?? null;
        if (entry !== null && !host.wasmIsFunction(entry)) {
            throw new TypeError(
                `${where}: Argument 1 is invalid for table: function-typed object expected`,
            );
        }
        host.wasmTableSet(number, at, entry);
    }

    grow(delta, value) {
        const { number, type } = this.#parts;
        const where = "WebAssembly.Table.grow()";
        const count = limit(delta, where, "Argument 0", ANY);
        const before = type === "externref"
            ? host.wasmReferencesGrow(number, count, value)
            : host.wasmTable(GROW, number, count, 0);
        if (before < 0) {
            throw new RangeError(`${where}: failed to grow table by ${count}`);
        }
        if (type !== "externref" && value !== undefined && value !== null) {
            for (let index = before; index < before + count; index++) {
                this.set(index, value);
            }
        }
        return before;
    }

    static {
        tableParts = (table) => (isObject(table) && #parts in table ? table.#parts : undefined);
    }
}

function tableName(type) {
    return type === "externref" ? "externref" : "funcref";
}

/** The table `index` that an instance defines. */
export function exportedTable(instance, { index, type }) {
    const number = type === "externref"
        ? host.wasmReferencesOf(instance, index)
        : host.wasmTable(EXPORTED, instance, index, 0);
    return new Table({ number, type }, KEY);
}

/** The cell, the type and the mutability of a global; `undefined` for anything else. */
export let globalParts;

/** `WebAssembly.Global`. */
export class Global {
    /** @type {{address: number, type: string, mutable: boolean}} */
    #parts;

    constructor(descriptor, value) {
        if (value === KEY) {
            this.#parts = descriptor;
            return;
        }
        const where = "WebAssembly.Global()";
        if (!isObject(descriptor)) {
            throw new TypeError(`${where}: Argument 0 must be a global descriptor`);
        }
        const mutable = Boolean(descriptor.mutable);
        const type = `${descriptor.value}`;
        if (!TYPES.includes(type)) {
            throw new TypeError(`${where}: Descriptor property 'value' must be a WebAssembly type`);
        }
        const address = host.wasmCellNew();
        host.wasmCellSet(address, type, value ?? (type === "i64" ? 0n : 0));
        this.#parts = { address, type, mutable };
    }

    get value() {
        const { address, type } = this.#parts;
        return host.wasmCellGet(address, type);
    }

    set value(value) {
        const { address, type, mutable } = this.#parts;
        if (!mutable) {
            throw new TypeError("set WebAssembly.Global.value: Can't set the value of an immutable global.");
        }
        host.wasmCellSet(address, type, value);
    }

    valueOf() {
        return this.value;
    }

    static {
        globalParts = (global) => (isObject(global) && #parts in global ? global.#parts : undefined);
    }
}

/** A global of a value that an instance was given as its import. */
export function constantGlobal(type, value) {
    return new Global({ value: type }, value);
}

/** The global of a cell of an instance. */
export function exportedGlobal(address, { type, mutable }) {
    return new Global({ address, type, mutable }, KEY);
}
