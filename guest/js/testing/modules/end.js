export { end } from "emu:test/core";
