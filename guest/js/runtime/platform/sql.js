/**
 * `ctx.storage.sql` and its cursors (reference §1.7).
 *
 * Invariant: the host runs SQL; here values are converted, rows handed out and counted.
 */

import { host } from "../host.js";
import {
    bytesOf, defineInterface, illegalConstructor, illegalInvocation, parameterError, string,
} from "../web/webidl.js";
import { iteratorPrototype } from "./iterator.js";
import { noteWrite } from "./storage-operations.js";

const INTERNAL = Symbol("internal");
/** Rows asked for at a time when all are wanted. */
const ALL_ROWS = 4096;
/** The most rows that an iterator reads ahead. */
const READ_AHEAD = 256;

const EXPECTED_ONE = "Expected exactly one result from SQL query, but got";

/** What the platform binds for a value: null, bytes and numbers as such, everything else as a string. */
function binding(value) {
    switch (typeof value) {
        case "string":
        case "number":
            return value;
        case "undefined":
            return null;
        case "bigint":
            throw new TypeError("Cannot convert a BigInt value to a number");
        case "object":
            if (value === null) {
                return null;
            }
            return bytesOf(value) ?? string(value);
        default:
            return string(value);
    }
}

/** The SQL database of an object. */
export class SqlStorage {
    #object;

    constructor(token, object) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#object = object;
    }

    /** Runs the statements of a text; the cursor is over the last one, which alone may have parameters. */
    exec(query, ...bindings) {
        if (!(#object in this)) {
            throw illegalInvocation();
        }
        if (query === undefined && bindings.length === 0) {
            throw parameterError("exec", "SqlStorage", 1, "String");
        }
        for (let i = 0; i < bindings.length; i++) {
            const value = bindings[i];
            if (typeof value !== "string" && typeof value !== "number") {
                bindings[i] = binding(value);
            }
        }
        noteWrite();
        return new Cursor(INTERNAL, this.#object, host.sqlExec(this.#object, string(query), bindings));
    }

    /** The size of the database in bytes. */
    get databaseSize() {
        if (!(#object in this)) {
            throw illegalInvocation();
        }
        return host.sqlSize(this.#object);
    }
}

/** Set by the class: what others need of its insides. */
let isCursor;
let nextRow;

/** The rows of a statement. */
class Cursor {
    #object;
    /** The host's last answer: rows that were read ahead, counts, and whether more follow. */
    #answer;
    #cursor;
    #columns;
    #position = 0;
    /** How many rows to ask for next; 0 while somebody counts them, who sees each. */
    #readAhead = 1;

    static {
        isCursor = (value) => typeof value === "object" && value !== null && #object in value;
        nextRow = (cursor) => cursor.#nextRow();
    }

    constructor(token, object, answer) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#object = object;
        this.#answer = answer;
        this.#cursor = answer.cursor;
        this.#columns = answer.columns;
    }

    /** The next row as an object. */
    next() {
        check(this);
        const row = this.#nextRow();
        return row === undefined ? { done: true, value: undefined } : { done: false, value: this.#toObject(row) };
    }

    /** All rows that are left, as objects. */
    toArray() {
        check(this);
        const objects = [];
        this.#readAhead = ALL_ROWS;
        for (let row = this.#nextRow(); row !== undefined; row = this.#nextRow()) {
            objects.push(this.#toObject(row));
        }
        return objects;
    }

    /** The only row. */
    one() {
        check(this);
        const row = this.#nextRow();
        if (row === undefined) {
            throw new Error(`${EXPECTED_ONE} no results.`);
        }
        if (this.#nextRow() !== undefined) {
            throw new Error(`${EXPECTED_ONE} multiple results.`);
        }
        return this.#toObject(row);
    }

    /** The rows that are left, each as an array. */
    raw() {
        check(this);
        return new RawIterator(INTERNAL, this);
    }

    /** The names of the columns, with repetitions. */
    get columnNames() {
        check(this);
        return [...this.#columns];
    }

    /** Rows read so far; the platform bills them. */
    get rowsRead() {
        check(this);
        this.#readAhead = 0;
        const { end, rows, rowsRead } = this.#answer;
        // The host has stepped to the row behind the one that it handed over, the platform does so when it is taken.
        return this.#position === 0 && !end && rows.length > 0 && rowsRead > 0 ? rowsRead - 1 : rowsRead;
    }

    /** Rows written so far. */
    get rowsWritten() {
        check(this);
        return this.#answer.rowsWritten;
    }

    [Symbol.iterator]() {
        check(this);
        return new RowIterator(INTERNAL, this);
    }

    #nextRow() {
        if (this.#position === this.#answer.rows.length) {
            if (this.#answer.end) {
                return undefined;
            }
            this.#fetch();
            if (this.#answer.rows.length === 0) {
                return undefined;
            }
        }
        const row = this.#answer.rows[this.#position];
        this.#position += 1;
        return row;
    }

    #fetch() {
        const count = this.#readAhead;
        this.#readAhead = Math.max(count, Math.min(count * 4, READ_AHEAD));
        this.#position = 0;
        // If it fails, nothing follows.
        this.#answer = { ...this.#answer, rows: [], end: true };
        this.#answer = host.sqlNext(this.#object, this.#cursor, Math.max(count, 1));
    }

    #toObject(row) {
        const columns = this.#columns;
        const object = {};
        for (let i = 0; i < columns.length; i++) {
            if (columns[i] !== "__proto__") {
                object[columns[i]] = row[i];
            }
        }
        return object;
    }
}

function check(value) {
    if (!isCursor(value)) {
        throw illegalInvocation();
    }
}

class RowIterator {
    #cursor;

    constructor(token, cursor) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#cursor = cursor;
    }

    next() {
        if (!(#cursor in this)) {
            throw illegalInvocation();
        }
        return this.#cursor.next();
    }
}

class RawIterator {
    #cursor;

    constructor(token, cursor) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#cursor = cursor;
    }

    next() {
        if (!(#cursor in this)) {
            throw illegalInvocation();
        }
        const row = nextRow(this.#cursor);
        return row === undefined ? { done: true, value: undefined } : { done: false, value: row };
    }

    // The helper that all iterators have asks row by row.
    toArray() {
        if (!(#cursor in this)) {
            throw illegalInvocation();
        }
        const rows = [];
        for (let row = nextRow(this.#cursor); row !== undefined; row = nextRow(this.#cursor)) {
            rows.push(row);
        }
        return rows;
    }
}

/** What `sql.Statement` is; scripts cannot make one. */
class Statement {
    constructor() {
        throw illegalConstructor();
    }
}

Object.setPrototypeOf(RowIterator.prototype, iteratorPrototype);
Object.setPrototypeOf(RawIterator.prototype, iteratorPrototype);
for (const constructor of [SqlStorage, Cursor, RowIterator, RawIterator, Statement]) {
    defineInterface(constructor);
}
for (const [name, value] of Object.entries({ Cursor, Statement })) {
    Object.defineProperty(SqlStorage.prototype, name, { value, writable: true, enumerable: true, configurable: true });
}

/** The SQL database of an object. */
export function sqlStorage(object) {
    return new SqlStorage(INTERNAL, object);
}
