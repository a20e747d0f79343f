/**
 * Where things come from that leave a worker: told when the host asks for it, and seen by nobody else.
 *
 * Invariant: the one file that turns it on.
 */

import "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";

const { host } = await import("../host.js");
const { Response } = await import("../fetch/response.js");
const { notePlaceOf, sayPlaceOf, trace } = await import("../trace.js");

test("each operation is announced with the stack that led to it", () => {
    const said = [];
    host.at = (stack) => said.push(stack);
    host.callSleep = (...args) => said.push(args);
    const response = new Response("before");
    sayPlaceOf(response);
    assert.deepEqual(said, []);
    trace();
    const own = () => "the worker's own";
    Error.prepareStackTrace = own;
    Error.stackTraceLimit = 1;
    (function userFunction() {
        host.callSleep(1, 2);
    })();
    assert.deepEqual([Error.prepareStackTrace, Error.stackTraceLimit], [own, 1]);
    Error.prepareStackTrace = undefined;
    assert.match(said[0], /userFunction/);
    assert.deepEqual(said[1], [1, 2]);
    (function makesResponse() {
        notePlaceOf(response);
    })();
    sayPlaceOf(response);
    sayPlaceOf({});
    assert.match(said[2], /makesResponse/);
    assert.equal(said[3], "");
});
