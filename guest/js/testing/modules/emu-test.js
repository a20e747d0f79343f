export { always, client, eventually, invariant, reachable, sometimes, world } from "emu:test/core";
