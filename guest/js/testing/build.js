/**
 * Bundles the modules that tests import (`vitest`, `cloudflare:test`, `emu:test`) into one JSON object, specifier to
 * source: what `guest/build` compresses into guest/prebuilt. Usage: `node testing/build.js <file>`.
 *
 * What is shared is one module, `emu:test/core`; those of `modules/` name parts of it.
 *
 * Invariant: the same sources and packages give the same bytes. Writes one file.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** The modules by the specifiers that import them. */
const MODULES = {
    vitest: "vitest.js",
    "cloudflare:test": "cloudflare-test.js",
    "emu:test": "emu-test.js",
    "emu:test/begin": "begin.js",
    "emu:test/end": "end.js",
    "emu:test/globals": "globals.js",
    "emu:test/mocks": "mocks.js",
    "emu:test/runner": "runner.js",
};

/** What the engine brings along. */
const EXTERNAL = ["cloudflare:workers", "emu:internals"];

/**
 * What is changed in Vitest's packages, where there is no setting: the file, what changed code imports, the changes.
 *
 * The runner measures on the world's clock, which tests wind forward. It keeps a timer going to tell a terminal how far it
 * is. It limits the time of tests even where the world is late on purpose. It begins to collect a moment later, when the
 * test file, which is a sibling of `emu:test/begin`, was evaluated already. It looks for a test's place by the name of a
 * file, where there is a bundle. It reads what a function asks of fixtures from its text when it is called, in every run;
 * now that is done when it is declared, before the memory is frozen.
 *
 * It tells of an empty file by a path that is nobody's. It keeps lists of what happened to tasks, which nobody is sent.
 *
 * A snapshot file is read by evaluating it, which workers may not.
 *
 * chai keeps what is known of an assertion in its flags, and reads and writes them by a function that counts its
 * arguments, which makes an object of them: some twenty times for each matcher. Every matcher gives a new assertion
 * with the flags of the one before, whether somebody goes on with it or not. `toBe` makes its message before it knows
 * whether it fails.
 */
const CHANGED = [
    {
        file: /node_modules\/chai\/index\.js$/,
        imports: [["continued", "vitest/assertions.js"]],
        changes: [
            ['__publicField(this, "__flags", {});\n', ""],
            ['    flag(this, "ssfi", ssfi || _Assertion);\n', "this.__flags = { ssfi: ssfi || _Assertion,"],
            ['    flag(this, "lockSsfi", lockSsfi);\n', " lockSsfi,"],
            ['    flag(this, "object", obj);\n', " object: obj,"],
            ['    flag(this, "message", msg);\n', " message: msg,"],
            [
                'flag(this, "eql", config.deepEqual || deep_eql_default);',
                " eql: config.deepEqual || deep_eql_default };",
            ],
            ["let newAssertion = new Assertion();", "let newAssertion = continued(this, Assertion, proxify);"],
            [/^ *transferFlags\(this, newAssertion\);\n/gm, ""],
            ['let negate = flag(obj, "negate")', "let negate = obj.__flags?.negate"],
            ...directFlags(/flag2?/),
        ],
    },
    {
        file: /node_modules\/@vitest\/expect\/dist\/index\.js$/,
        imports: [],
        changes: [
            ["assert(pass, generateToBeMessage(", 'assert(pass, pass ? "" : generateToBeMessage('],
            ...directFlags(/utils\.flag/),
        ],
    },
    {
        file: /node_modules\/@vitest\/runner\/dist\/chunk-artifact\.js$/,
        imports: [["testClockMs", "vitest/timers.js"], ["isUntimed", "run/options.js"]],
        changes: [
            ["globalThis.performance ? globalThis.performance.now.bind(globalThis.performance) : Date.now", "testClockMs"],
            ["throttle(sendTasksUpdate, 100)", "() => {}"],
            [
                "(function runWithTimeout(...args) {",
                "(function runWithTimeout(...args) {\n if (isUntimed(timeout)) return fn(...args);",
            ],
            ["await runner.onBeforeCollect?.(paths);", ""],
            ["function updateTask(event, task, runner) {", "function updateTask() {\n return;"],
            [
                "const suite = options?.suite || collector.suite || collector.file;",
                "const suite = options?.suite || collector.suite || collector.file;\n try { getUsedProps(fn); } catch {}",
            ],
            ["No test suite found in file ${file.filepath}", "No test suite found in file ${file.name}"],
            ["stack && stack.file === testFilePath", 'stack && !line.includes("emu:test/")'],
        ],
    },
    {
        file: /node_modules\/@vitest\/snapshot\/dist\/index\.js$/,
        imports: [["readSnapshots", "vitest/snapshot-file.js"]],
        changes: [['new Function("exports", snapshotContents)', "(data) => readSnapshots(snapshotContents, data)"]],
    },
];

/** What `require()` gives for Node's modules, whose timers `@sinonjs/fake-timers` replaces where there are any. */
const ABSENT = { util: "{}", timers: "undefined", "timers/promises": "undefined", perf_hooks: "undefined" };

/** Reading and writing flags of `this` without the function that does it; what has no flags gets some, as by that. */
function directFlags({ source: name }) {
    return [
        [new RegExp(`\\b${name}\\(this, "(\\w+)"\\)`, "g"), "this.__flags?.$1"],
        [
            new RegExp(`\\b${name}\\(this, "(\\w+)", ([^()\\n]+)\\);`, "g"),
            "(this.__flags ??= Object.create(null)).$1 = $2;",
        ],
    ];
}

const importing = (what, from) => `import { ${what} } from ${JSON.stringify(path(from))};`;

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A text with all that is a text, or matches a pattern, replaced; what replaces it may name a pattern's groups. */
function replaced(text, from, to, id) {
    const result = text.replaceAll(from, typeof from === "string" ? () => to : to);
    if (result === text) {
        throw new Error(`${id} does not contain \`${from}\`: look at testing/build.js`);
    }
    return result;
}

function changeVitest() {
    return {
        name: "change-vitest",
        transform(code, id) {
            const changed = CHANGED.find(({ file }) => file.test(id));
            if (changed === undefined) {
                return null;
            }
            const text = changed.changes.reduce((text, [from, to]) => replaced(text, from, to, id), code);
            return [...changed.imports.map(([what, from]) => importing(what, from)), text].join("\n");
        },
    };
}

function absentModules() {
    return {
        name: "absent-modules",
        resolveId: (source) => (Object.hasOwn(ABSENT, source) ? `absent:${source}` : null),
        load: (id) => (id.startsWith("absent:") ? `module.exports = ${ABSENT[id.slice(7)]};` : null),
    };
}

/** @returns {Promise<Record<string, string>>} The sources by specifier. */
export async function bundleTesting() {
    const bundle = await rolldown({
        input: path("core.js"),
        platform: "neutral",
        external: EXTERNAL,
        resolve: {
            mainFields: ["module", "main"],
            conditionNames: ["import", "default"],
            // One set of timers, which neither fake timers nor a test that winds the clock forward may touch.
            // Reports are texts, whoever shows them colours them.
            alias: { "@vitest/utils/timers": path("vitest/timers.js"), tinyrainbow: path("vitest/no-colors.js") },
        },
        plugins: [changeVitest(), absentModules()],
        onLog(level, log) {
            if (level === "warn") {
                throw new Error(log.message);
            }
        },
    });
    const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } };
    const { output } = await bundle.generate({ format: "esm", codeSplitting: false, keepNames: true, minify });
    const modules = { "emu:test/core": output[0].code };
    for (const [specifier, file] of Object.entries(MODULES)) {
        modules[specifier] = readFileSync(path(`modules/${file}`), "utf8");
    }
    return modules;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    writeFileSync(process.argv[2], JSON.stringify(await bundleTesting()));
}
