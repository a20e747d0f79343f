// Pure computation, for both sides: what an interpreter is from a JIT. Each work is a few milliseconds in V8 or less, and
// answers with something that only the right computation leads to.
//
// * GET /compute/fib|json|sort|regexp|hash: the answer, as text

const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));

/** Pseudo-random numbers below 2^31, the same ones on every side. */
function* numbers(count) {
  let state = 1;
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    yield state;
  }
}

const RECORDS = JSON.stringify(
  Array.from({ length: 500 }, (_, id) => ({ id, name: `name-${id}`, tags: ["a", "b"], at: { x: id / 4, y: null, ok: true } })),
);

const LINES = Array.from(
  { length: 1000 },
  (_, n) => `2026-11-${String((n % 28) + 1).padStart(2, "0")} ${n % 7 ? "INFO" : "WARN"} worker-${n}: took ${n * 3} ms`,
);

const BYTES = new Uint8Array(64 * 1024).map((_, index) => index * 7);

const WORKS = {
  fib: () => fib(22),
  json: () => JSON.stringify(JSON.parse(RECORDS).filter((record) => record.id % 3 === 0)).length,
  sort: () => {
    const sorted = [...numbers(5000)].sort((a, b) => a - b);
    return sorted[0] + sorted[2500] + sorted[4999];
  },
  regexp: () => {
    const line = /^(?<day>\d{4}-\d\d-\d\d) (?<level>WARN|ERROR) (?<worker>[\w-]+): took (?<ms>\d+) ms$/;
    return LINES.reduce((sum, text) => sum + Number(line.exec(text)?.groups.ms ?? 0), 0);
  },
  hash: () => {
    let hash = 0x811c9dc5;
    for (let index = 0; index < BYTES.length; index++) hash = Math.imul(hash ^ BYTES[index], 0x01000193);
    return hash >>> 0;
  },
};

export default {
  fetch(request) {
    const work = WORKS[new URL(request.url).pathname.slice("/compute/".length)];
    return work ? new Response(String(work())) : new Response("not found", { status: 404 });
  },
};
