/**
 * `Event`. There is no tree of targets here, so an event has one target and one phase.
 *
 * Invariant: knows no particular event; only `event.js` dispatches.
 */

import { enabled } from "../flags.js";
import { DOMException } from "./dom-exception.js";
import { constructorError, defineInterface, illegalInvocation, isObject, parameterError } from "./webidl.js";

const BUBBLES = 1;
const CANCELABLE = 2;
const COMPOSED = 4;
const TRUSTED = 8;
const STOPPED = 16;
const STOPPED_AT_ONCE = 32;
const CANCELED = 64;
const IN_PASSIVE = 128;
const DISPATCHING = 256;

let begin;
let end;
let setPassive;
let isStoppedAtOnce;

/** The name of an event that was given as something else than a string. */
function typeOf(type) {
    if (type === undefined) {
        throw constructorError("Event", 1, "string");
    }
    return `${type}`;
}

function flagsOf(init) {
    if (!isObject(init)) {
        throw constructorError("Event", 2, "Init");
    }
    return (init.bubbles ? BUBBLES : 0) | (init.cancelable ? CANCELABLE : 0) | (init.composed ? COMPOSED : 0);
}

/** https://dom.spec.whatwg.org/#event */
export class Event {
    #type;
    #flags = 0;
    #target = null;

    /**
     * @param {string} type The event's name.
     * @param {{bubbles?: boolean, cancelable?: boolean, composed?: boolean}} [init] Its properties.
     */
    constructor(type, init) {
        this.#type = typeof type === "string" ? type : typeOf(type);
        if (init !== undefined && init !== null) {
            this.#flags = flagsOf(init);
        }
    }

    static {
        begin = (event, shown, trusted) => {
            if (typeof event !== "object" || event === null || !(#flags in event)) {
                throw parameterError("dispatchEvent", "EventTarget", 1, "Event");
            }
            const flags = event.#flags;
            if ((flags & DISPATCHING) !== 0) {
                throw new DOMException("The event is already being dispatched.", "InvalidStateError");
            }
            event.#flags = trusted ? flags | DISPATCHING | TRUSTED : (flags | DISPATCHING) & ~TRUSTED;
            event.#target = shown;
            return event.#type;
        };
        end = (event) => {
            const flags = event.#flags;
            event.#flags = flags & ~(DISPATCHING | STOPPED | STOPPED_AT_ONCE | IN_PASSIVE);
            return (flags & CANCELED) === 0;
        };
        setPassive = (event, passive) => {
            event.#flags = passive ? event.#flags | IN_PASSIVE : event.#flags & ~IN_PASSIVE;
        };
        isStoppedAtOnce = (event) => (event.#flags & STOPPED_AT_ONCE) !== 0;
    }

    /** The event's name. */
    get type() {
        if (!(#type in this)) {
            throw illegalInvocation();
        }
        return this.#type;
    }

    /** `AT_TARGET` during a dispatch, else `NONE`. */
    get eventPhase() {
        return (Event.#flagsOf(this) & DISPATCHING) !== 0 ? 2 : 0;
    }

    static #flagsOf(event) {
        if (!(#flags in event)) {
            throw illegalInvocation();
        }
        return event.#flags;
    }

    get composed() {
        return (Event.#flagsOf(this) & COMPOSED) !== 0;
    }

    get bubbles() {
        return (Event.#flagsOf(this) & BUBBLES) !== 0;
    }

    get cancelable() {
        return (Event.#flagsOf(this) & CANCELABLE) !== 0;
    }

    get defaultPrevented() {
        return (Event.#flagsOf(this) & CANCELED) !== 0;
    }

    get returnValue() {
        return (Event.#flagsOf(this) & CANCELED) === 0;
    }

    set returnValue(value) {
        if (!value) {
            this.preventDefault();
        }
    }

    /** The target of the dispatch; as on the platform, it stays after it. */
    get currentTarget() {
        const flags = Event.#flagsOf(this);
        return (flags & DISPATCHING) === 0 && enabled("pedantic_wpt") ? null : (this.#target ?? undefined);
    }

    /** As on the platform, `undefined` before the dispatch. */
    get target() {
        Event.#flagsOf(this);
        return this.#target ?? (enabled("pedantic_wpt") ? null : undefined);
    }

    get srcElement() {
        return this.target;
    }

    /** Always 0, as on the platform: reading it must not tell how long code ran. */
    get timeStamp() {
        Event.#flagsOf(this);
        return 0;
    }

    /** Whether the runtime made the event. */
    get isTrusted() {
        return (Event.#flagsOf(this) & TRUSTED) !== 0;
    }

    get cancelBubble() {
        return (Event.#flagsOf(this) & STOPPED) !== 0;
    }

    set cancelBubble(value) {
        if (value) {
            this.stopPropagation();
        }
    }

    /** No further listener is called. */
    stopImmediatePropagation() {
        this.#flags = Event.#flagsOf(this) | STOPPED | STOPPED_AT_ONCE;
    }

    /** Cancels the event, if it can be canceled and its listener is not passive. */
    preventDefault() {
        const flags = Event.#flagsOf(this);
        if ((flags & (CANCELABLE | IN_PASSIVE)) === CANCELABLE) {
            this.#flags = flags | CANCELED;
        }
    }

    /** No further target is told; there is none. */
    stopPropagation() {
        this.#flags = Event.#flagsOf(this) | STOPPED;
    }

    /** The targets of the dispatch: one during it, else none. */
    composedPath() {
        return (Event.#flagsOf(this) & DISPATCHING) !== 0 ? [this.#target] : [];
    }
}

defineInterface(Event, { constants: { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 } });

/**
 * What a dispatch does to an event: `begin(event, shown, trusted)` gives its type and throws when it cannot be
 * dispatched now; `end(event)` is false when a listener canceled it.
 */
export const dispatching = { begin, end, setPassive, isStoppedAtOnce };
