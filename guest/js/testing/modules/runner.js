export { TestEntrypoint } from "emu:test/core";
