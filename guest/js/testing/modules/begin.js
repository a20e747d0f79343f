import { begin } from "emu:test/core";

export { configure } from "emu:test/core";

begin();
