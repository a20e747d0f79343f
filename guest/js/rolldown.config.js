// How guest/build bundles the runtime: one script without imports, its names kept for `constructor.name` and stack traces.
import { defineConfig } from "rolldown";

export default defineConfig({
    input: "runtime/main.js",
    platform: "neutral",
    treeshake: { moduleSideEffects: "no-external" },
    resolve: {
        mainFields: ["browser", "module", "main"],
        aliasFields: [["browser"]],
        conditionNames: ["browser", "import", "default"],
    },
    output: { format: "iife", minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } } },
});
