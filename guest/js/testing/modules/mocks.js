import { exportsOf } from "emu:test/core";

export { automock, mock, mocked, settle } from "emu:test/core";

export default { exportsOf };
