export { env } from "cloudflare:workers";
export {
    abortAllDurableObjects, adminSecretsStore, applyD1Migrations, createExecutionContext, createMessageBatch,
    createPagesEventContext, createScheduledController, evictAllDurableObjects, evictDurableObject, fetchMock,
    getQueueResult, introspectWorkflow, introspectWorkflowInstance, listDurableObjectIds, reset, runDurableObjectAlarm,
    runInDurableObject, SELF, waitOnExecutionContext,
} from "emu:test/core";
