/**
 * The stream classes that the worker sees by name.
 *
 * Invariant: which of them can be constructed depends on the compatibility flags only, so the names can be installed
 * once they are known.
 */

import { enabled } from "../flags.js";
import { CompressionStream, DecompressionStream } from "./compression.js";
import * as constructors from "./constructors.js";
import { TextDecoderStream, TextEncoderStream } from "./encoding.js";
import { FixedLengthStream, IdentityTransformStream } from "./identity.js";
import * as standard from "./standard.js";

/** A class under its own name that cannot be constructed, but whose instances are its instances. */
function withoutConstructor(original) {
    const { name } = original;
    const replacement = function () {
        throw new Error(
            `To use the new ${name}() constructor, enable the streams_enable_constructors compatibility flag. ` +
                "Refer to the docs for more information: " +
                "https://developers.cloudflare.com/workers/platform/compatibility-dates/#compatibility-flags",
        );
    };
    Object.setPrototypeOf(replacement, original);
    Object.defineProperty(replacement, "name", { value: name, configurable: true });
    Object.defineProperty(replacement, "prototype", { value: original.prototype });
    return replacement;
}

/**
 * The classes by name, as the flags `streams_enable_constructors` and `transformstream_enable_standard_constructor`
 * have them (reference §2.6).
 *
 * @returns {Record<string, Function>}
 */
export function streamGlobals() {
    const globals = {
        ...standard,
        ...constructors,
        CompressionStream,
        DecompressionStream,
        TextDecoderStream,
        TextEncoderStream,
        IdentityTransformStream,
        FixedLengthStream,
    };
    if (!enabled("streams_enable_constructors")) {
        globals.ReadableStream = withoutConstructor(constructors.ReadableStream);
        globals.WritableStream = withoutConstructor(constructors.WritableStream);
    }
    if (!enabled("transformstream_enable_standard_constructor")) {
        globals.TransformStream = IdentityTransformStream;
    }
    return globals;
}
