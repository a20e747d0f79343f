import { begin } from "emu:test/core";
begin();
