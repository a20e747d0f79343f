/**
 * Names of `cloudflare:test` that belong to products which emu does not have.
 *
 * Invariant: importing them is no error; calling them says what is missing.
 */

function unsupported(name, product) {
    return () => {
        throw new Error(`\`${name}()\` does not work in \`emu test\`: emu does not run ${product}`);
    };
}

export const createMessageBatch = unsupported("createMessageBatch", "queues");
export const getQueueResult = unsupported("getQueueResult", "queues");
export const applyD1Migrations = unsupported("applyD1Migrations", "D1 databases");
export const adminSecretsStore = unsupported("adminSecretsStore", "secrets stores");
export const introspectWorkflow = unsupported("introspectWorkflow", "workflows");
export const introspectWorkflowInstance = unsupported("introspectWorkflowInstance", "workflows");
export const createPagesEventContext = unsupported("createPagesEventContext", "Pages functions");
