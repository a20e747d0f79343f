/**
 * Durable Object namespaces, ids and stubs (reference §1.1 to §1.3).
 *
 * Invariant: ids are made and checked by the host; making a stub sends nothing.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";
import { requireHandler } from "../scope.js";
import {
    defineInterface, illegalConstructor, illegalInvocation, parameterError, usv,
} from "../web/webidl.js";
import { Fetcher, FETCHER_TOKEN } from "./fetcher.js";
import { checkOptions } from "./parameters.js";

const OWNER = "DurableObjectNamespace";

/** Stubs are made in handlers (reference §2.2). Test files, which run in one as other tools have it, may keep some. */
function requireHandlerOrTest() {
    if (!enabled("emu_test")) {
        requireHandler();
    }
}

const INTERNAL = Symbol("internal");
const NO_JURISDICTIONS = "Jurisdiction restrictions are not implemented in workerd.";

/** Set by the class: what others need of its insides. */
let isId;
let hexOf;

/** The id of an object. */
export class DurableObjectId {
    #hex;

    static {
        isId = (value) => typeof value === "object" && value !== null && #hex in value;
        hexOf = (id) => id.#hex;
    }

    constructor(token, hex, name) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#hex = hex;
        this.jurisdiction = undefined;
        this.name = name;
    }

    /** 64 hex digits. */
    toString() {
        if (!(#hex in this)) {
            throw illegalInvocation();
        }
        return this.#hex;
    }

    /** Whether another id names the same object. */
    equals(other) {
        if (!(#hex in this)) {
            throw illegalInvocation();
        }
        if (!isId(other)) {
            throw parameterError("equals", "DurableObjectId", 1, "DurableObjectId");
        }
        return this.#hex === other.#hex;
    }
}

defineInterface(DurableObjectId);

/** The id with these digits, and the name it was made from, if any. */
export function durableObjectId(hex, name) {
    return new DurableObjectId(INTERNAL, hex, name);
}

// The platform calls the class of stubs like the class that objects extend.
const Stub = {
    DurableObject: class extends Fetcher {
        // Defined, not set: a set would look for a setter as far as the proxy behind the prototypes.
        name;
        id;

        constructor(token, namespace, id) {
            if (token !== INTERNAL) {
                throw illegalConstructor();
            }
            super(FETCHER_TOKEN, [namespace, hexOf(id), id.name]);
            this.name = id.name;
            this.id = id;
        }
    },
}.DurableObject;

defineInterface(Stub, { name: "DurableObject" });

/** How many names a namespace remembers the ids of: deriving one takes longer than all else that making a stub does. */
const MAX_NAMES = 256;
/** Longer names are not remembered. */
const MAX_NAME_LENGTH = 256;

/** Set by the class: what others need of its insides. */
let isNamespace;
/** Set by the class: the host's number of a namespace; `undefined` for anything else. */
export let numberOf;

/** The objects of a class. */
export class DurableObjectNamespace {
    #namespace;
    /** @type {Map<string, string>} The hex digits of ids by the name they were derived from. */
    #known = new Map();

    static {
        isNamespace = (value) => typeof value === "object" && value !== null && #namespace in value;
        numberOf = (value) => (isNamespace(value) ? value.#namespace : undefined);
    }

    constructor(token, namespace) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#namespace = namespace;
    }

    /** A new random id. */
    newUniqueId(options) {
        check(this);
        checkOptions(options, "newUniqueId", OWNER, 1, "NewUniqueIdOptions");
        if (options?.jurisdiction !== undefined) {
            throw new Error(NO_JURISDICTIONS);
        }
        return new DurableObjectId(INTERNAL, host.idUnique(this.#namespace), undefined);
    }

    /** The id that belongs to a name. */
    idFromName(name) {
        check(this);
        if (arguments.length === 0) {
            throw parameterError("idFromName", OWNER, 1, "string");
        }
        return this.#idNamed(usv(name));
    }

    /** The id that prints as `hex`. */
    idFromString(hex) {
        check(this);
        if (arguments.length === 0) {
            throw parameterError("idFromString", OWNER, 1, "string");
        }
        return new DurableObjectId(INTERNAL, host.idFromString(this.#namespace, usv(hex)), undefined);
    }

    /** The stub of an object. */
    get(id, options) {
        check(this);
        requireHandlerOrTest();
        if (!isId(id)) {
            throw parameterError("get", OWNER, 1, "DurableObjectId");
        }
        if (options !== undefined) {
            checkStubOptions(options, "get");
        }
        return new Stub(INTERNAL, this.#namespace, id);
    }

    /** The stub of the object with a name. */
    getByName(name, options) {
        check(this);
        requireHandlerOrTest();
        if (arguments.length === 0) {
            throw parameterError("getByName", OWNER, 1, "string");
        }
        if (options !== undefined) {
            checkStubOptions(options, "getByName");
        }
        return new Stub(INTERNAL, this.#namespace, this.#idNamed(usv(name)));
    }

    #idNamed(name) {
        let hex = this.#known.get(name);
        if (hex === undefined) {
            hex = host.idFromName(this.#namespace, name);
            if (name.length <= MAX_NAME_LENGTH) {
                if (this.#known.size === MAX_NAMES) {
                    this.#known.clear();
                }
                this.#known.set(name, hex);
            }
        }
        return new DurableObjectId(INTERNAL, hex, name);
    }

    /** The part of the namespace in a jurisdiction. */
    jurisdiction() {
        check(this);
        throw new Error(NO_JURISDICTIONS);
    }
}

defineInterface(DurableObjectNamespace);

function check(value) {
    if (!isNamespace(value)) {
        throw illegalInvocation();
    }
}

function checkStubOptions(options, method) {
    checkOptions(options, method, OWNER, 2, "GetDurableObjectOptions");
    const mode = options?.routingMode;
    if (mode !== undefined && mode !== "primary-only") {
        throw new RangeError(`unknown routingMode: ${mode}`);
    }
}

/** A stub of the object with an id, in the namespace that the host numbers so. */
export function stubOf(namespace, id) {
    return new Stub(INTERNAL, namespace, id);
}

/** The namespace that the host numbers so. */
export function durableObjectNamespace(number) {
    return new DurableObjectNamespace(INTERNAL, number);
}
