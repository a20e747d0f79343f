//! What JavaScript made in global scope is sealed before isolates start from it; handlers use, change and drop it like
//! anything else.
//!
//! Invariant: nothing here may differ from an engine that seals nothing.

use crate::support::Project;

const WORKER: &str = r#"
import { DurableObject } from "cloudflare:workers";

const COUNT = 2000;
const made = { list: [], map: new Map(), byName: {}, text: "x".repeat(600), big: 2n ** 200n };
for (let index = 0; index < COUNT; index += 1) {
    const item = { index, name: `item ${index}`, next: null, symbol: Symbol(`symbol ${index % 7}`) };
    item.self = item;
    made.list.push(item);
    made.map.set(item.name, item);
    made.byName[item.name] = [item];
}
class Base { #secret = 1; get secret() { return this.#secret; } set secret(value) { this.#secret = value; } }
class Derived extends Base { twice() { return this.secret * 2; } }
const derived = new Derived();
const weak = new WeakRef(made.list[0]);
const weakly = new WeakMap([[made.list[1], "kept"]]);
function* numbers() { for (let number = 0; ; number += 1) yield number; }
const paused = numbers();
paused.next();
let settle;
const promised = new Promise(resolve => { settle = resolve; });
const closures = made.list.map(item => () => item.index);

const routes = {
    use() {
        settle("settled");
        derived.secret += 1;
        made.list[2].added = "here";
        made.big += 1n;
        return promised.then(value => [
            value, derived.twice(), paused.next().value, made.list[2].added, `${made.big}`.slice(-3), weak.deref().index,
            weakly.get(made.list[1]), String(made.list[8].symbol), closures[9](),
        ]);
    },
    // Cycles that hold what the image holds and are held by it, for long enough that the collector runs several times.
    churn() {
        let sum = 0;
        for (let round = 0; round < 60000; round += 1) {
            const item = made.list[round % made.list.length];
            const one = { item, text: `${made.text}${round}` };
            one.other = { one, like: Object.create(derived) };
            item.next = round % 3 === 0 ? one : null;
            item.self = round % 2 === 0 ? one.other : made.list[0];
            made.map.set(`new ${round % 50}`, one.other);
            made.byName[`new ${round % 50}`] = one;
            sum += closures[round % COUNT]() + one.text.length;
        }
        return sum;
    },
    drop() {
        made.list.length = 10;
        made.map.clear();
        for (const name of Object.keys(made.byName)) delete made.byName[name];
        return [made.list.length, made.map.size, Object.keys(made.byName).length];
    },
    refill() {
        for (let index = 0; index < 500; index += 1) {
            made.list.push({ index });
            made.map.set(index, { index });
            made.byName[index] = index;
        }
        return [made.list.length, made.map.size, Object.keys(made.byName).length];
    },
};

const answer = async request => Response.json(await routes[new URL(request.url).pathname.split("/").at(-1)]());

export class Room extends DurableObject {
    fetch(request) { return answer(request); }
}

export default {
    fetch(request, env) {
        const [, room, route] = new URL(request.url).pathname.split("/");
        return route ? env.ROOM.get(env.ROOM.idFromName(room)).fetch(request) : answer(request);
    },
};
"#;

const CONFIG: &str = r#"{
    "name": "sealed", "main": "worker.js", "compatibility_date": "2026-10-01",
    "durable_objects": { "bindings": [{ "name": "ROOM", "class_name": "Room" }] },
    "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Room"] }]
}"#;

#[test]
fn handlers_use_change_and_drop_what_global_scope_made() {
    let project = Project::empty();
    project.write("worker.js", WORKER);
    project.write("wrangler.jsonc", CONFIG);
    let emu = project.serve(&["--ephemeral"]);
    // 60,000 rounds: 30 times 0 + … + 1999, 600 for each text, and the digits of the rounds.
    let churned = (30 * 1999 * 1000 + 60_000 * 600 + 288_890).to_string();
    let first = r#"["settled",4,1,"here","377",0,"kept","Symbol(symbol 1)",9]"#;
    let second = r#"["settled",6,2,"here","378",0,"kept","Symbol(symbol 1)",9]"#;
    let steps = [
        ("use", first),
        ("churn", &churned),
        ("churn", &churned),
        ("drop", "[10,0,0]"),
        ("refill", "[510,500,500]"),
        ("churn", &churned),
        ("use", second),
        ("drop", "[10,0,0]"),
        ("refill", "[510,500,500]"),
    ];
    for isolate in ["", "/one", "/other"] {
        for (step, answer) in steps {
            assert_eq!(emu.text(&format!("{isolate}/{step}")), answer, "{isolate}/{step}");
        }
    }
}
