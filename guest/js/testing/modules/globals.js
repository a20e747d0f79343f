import * as vitest from "vitest";
const { bench, createExpect, inject, ...globals } = vitest;
Object.assign(globalThis, globals);
