/** Gives the tests the streams library as the bundler gives it to the runtime. */

import { registerHook } from "../../streams-library.js";

registerHook();
