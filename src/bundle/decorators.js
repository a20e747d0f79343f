// What a class with decorators runs on: one object for each such class, made before the class is. The transformation
// beside this file writes the calls. Semantics: the proposal of November 2023, as TypeScript has it.
const __emuDecorators = (classDecorators, className) => {
    const members = [];
    const classInitializers = [];
    const staticInitializers = [];
    const instanceInitializers = [];
    let constructor;
    let decorated;
    let metadata;

    const run = (initializers, self) => {
        for (const initializer of initializers) {
            initializer.call(self);
        }
    };
    const call = (decorator, value, context, initializers) => {
        if (typeof decorator !== "function") {
            throw new TypeError("a decorator must be a function");
        }
        context.metadata = metadata;
        let isOpen = true;
        context.addInitializer = (initializer) => {
            if (!isOpen || typeof initializer !== "function") {
                throw new TypeError("addInitializer takes a function, while the decorator runs");
            }
            initializers.push(initializer);
        };
        const result = decorator(value, context);
        isOpen = false;
        return result;
    };
    const access = (kind, key) => {
        const functions = { has: (object) => key in object };
        if (kind !== "setter") {
            functions.get = (object) => object[key];
        }
        if (kind !== "method" && kind !== "getter") {
            functions.set = (object, value) => {
                object[key] = value;
            };
        }
        return functions;
    };
    const apply = (member) => {
        const { kind, key, isStatic } = member;
        const target = isStatic ? constructor : constructor.prototype;
        const isField = kind === "field";
        const isMethod = !isField && kind !== "accessor";
        const methodInitializers = isStatic ? staticInitializers : instanceInitializers;
        const slot = { method: "value", getter: "get", setter: "set" }[kind];
        const descriptor = isField ? undefined : Object.getOwnPropertyDescriptor(target, key);
        for (const decorator of member.decorators.toReversed()) {
            const context = { kind, name: key, static: isStatic, private: false, access: access(kind, key) };
            const value = isField ? undefined : slot ? descriptor[slot] : { get: descriptor.get, set: descriptor.set };
            const result = call(decorator, value, context, isMethod ? methodInitializers : member.after);
            if (result === undefined) {
                continue;
            }
            if (kind === "accessor") {
                descriptor.get = result.get ?? descriptor.get;
                descriptor.set = result.set ?? descriptor.set;
                if (result.init) {
                    member.initializers.unshift(result.init);
                }
            } else if (typeof result !== "function") {
                throw new TypeError("a decorator must return a function or undefined");
            } else if (isField) {
                member.initializers.unshift(result);
            } else {
                descriptor[slot] = result;
            }
        }
        if (descriptor && member.decorators.length > 0) {
            Object.defineProperty(target, key, descriptor);
        }
    };
    const applyToClass = () => {
        for (const decorator of classDecorators.toReversed()) {
            const context = { kind: "class", name: className };
            const result = call(decorator, decorated, context, classInitializers);
            if (result !== undefined && typeof result !== "function") {
                throw new TypeError("a class decorator must return a function or undefined");
            }
            decorated = result ?? decorated;
        }
    };

    return {
        member(kind, isStatic, decorators, key) {
            key = typeof key === "symbol" ? key : String(key);
            members.push({ kind, isStatic, decorators, key, initializers: [], after: [] });
            return key;
        },
        key: (index) => members[index].key,
        begin(self) {
            constructor = decorated = self;
            if (self.name === "") {
                Object.defineProperty(self, "name", { value: className, configurable: true });
            }
            if (Symbol.metadata) {
                metadata = Object.create(Object.getPrototypeOf(self)?.[Symbol.metadata] ?? null);
            }
            const isField = (member) => member.kind === "field";
            for (const [fields, statics] of [[false, true], [false, false], [true, true], [true, false]]) {
                members.filter((member) => isField(member) === fields && member.isStatic === statics).forEach(apply);
            }
            applyToClass();
            if (metadata) {
                const property = { value: metadata, writable: true, configurable: true };
                Object.defineProperty(decorated, Symbol.metadata, property);
            }
            run(staticInitializers, self);
            return decorated;
        },
        construct: (self) => run(instanceInitializers, self),
        value(index, self, value) {
            for (const initializer of members[index].initializers) {
                value = initializer.call(self, value);
            }
            return value;
        },
        after: (index, self) => run(members[index].after, self),
        end() {
            run(classInitializers, decorated);
            return decorated;
        },
    };
};
