/**
 * Whether an interceptor of `fetchMock` is meant by a request.
 *
 * Invariant: pure.
 */

/** A text, a pattern or a predicate. */
function fits(condition, value) {
    if (typeof condition === "function") {
        return condition(value) === true;
    }
    return condition instanceof RegExp ? condition.test(value) : String(condition) === value;
}

/** Path and query, the query's parameters in the order of their names. */
export function pathOf(url) {
    const { pathname, searchParams } = new URL(url);
    searchParams.sort();
    const query = searchParams.toString();
    return query === "" ? pathname : `${pathname}?${query}`;
}

function expectedPath({ path, query }) {
    const url = new URL(path, "http://any");
    for (const [name, value] of Object.entries(query ?? {})) {
        for (const one of Array.isArray(value) ? value : [value]) {
            url.searchParams.append(name, String(one));
        }
    }
    return pathOf(url.href);
}

function pathFits(made, url) {
    const { path } = made.conditions;
    const actual = pathOf(url);
    return typeof path === "string" ? expectedPath(made.conditions) === actual : fits(path, actual);
}

function originFits(origin, url) {
    const actual = new URL(url).origin;
    return typeof origin === "string" ? new URL(origin).origin === actual : fits(origin, actual);
}

function headersFit(conditions, headers) {
    if (typeof conditions === "function") {
        return conditions(headers) === true;
    }
    return Object.entries(conditions).every(([name, condition]) => {
        const value = headers[name.toLowerCase()];
        return value !== undefined && fits(condition, value);
    });
}

/**
 * See the file's comment.
 *
 * @param {{origin: string | RegExp | Function, conditions: object}} made The interceptor.
 * @param {{method: string, url: string, headers: Record<string, string>, body: string}} request
 */
export function matches(made, { method, url, headers, body }) {
    const { conditions } = made;
    return (
        originFits(made.origin, url) &&
        fits(conditions.method ?? "GET", method) &&
        pathFits(made, url) &&
        (conditions.body === undefined || fits(conditions.body, body)) &&
        (conditions.headers === undefined || headersFit(conditions.headers, headers))
    );
}
