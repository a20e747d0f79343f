// How guest/build bundles the runtime: one script without imports, its names kept for `constructor.name` and stack traces.
import { resolve } from "node:path";
import { defineConfig } from "rolldown";
import { streamsLibrary } from "./streams-library.js";

export default defineConfig({
    input: "runtime/main.js",
    platform: "neutral",
    plugins: [streamsLibrary],
    treeshake: { moduleSideEffects: "no-external" },
    resolve: {
        mainFields: ["browser", "module", "main"],
        conditionNames: ["import", "default"],
        alias: {
            "abort-controller": resolve("runtime/web/abort.js"),
            buffer: resolve("runtime/node/buffer.js"),
            events: resolve("runtime/node/events.js"),
            process: resolve("runtime/node/stream-process.js"),
            "process/": resolve("runtime/node/stream-process.js"),
            "string_decoder/": resolve("runtime/node/string-decoder.js"),
        },
        aliasFields: [["browser"]],
    },
    output: { format: "iife", keepNames: true, minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } } },
});
