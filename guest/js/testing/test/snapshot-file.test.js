import assert from "node:assert/strict";
import { test } from "node:test";
import { readSnapshots } from "../vitest/snapshot-file.js";

test("a snapshot file is read as Vitest reads it by evaluating it", () => {
    const text = [
        "// Vitest Snapshot v1, https://vitest.dev/guide/snapshot.html", "",
        "exports[`suite > a \\`name\\` 1`] = `", "{", '  "path": "C:\\\\\\\\tmp",', "}", "`;", "",
        "exports[`other 1`] = `\"\\${x} \\`; exports\"`;", "",
    ].join("\n");
    const evaluated = {};
    new Function("exports", text)(evaluated);
    const read = {};
    readSnapshots(text, read);
    assert.deepEqual(read, evaluated);
    assert.equal(Object.keys(read).length, 2);
});
