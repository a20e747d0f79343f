export { automock, mock, mocked, settle } from "emu:test/core";
