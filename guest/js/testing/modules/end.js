import { end } from "emu:test/core";
await end();
