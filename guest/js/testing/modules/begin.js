import { begin } from "emu:test/core";
await begin();
