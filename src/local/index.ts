/** Millrace's local event source mapping, for any Lambda handler of a DynamoDB stream: `millrace/local`. */
export {
  type CheckpointStore,
  createFileCheckpoints,
  createMemoryCheckpoints,
} from "./event-source-mapping/checkpoint-store.js";
export {
  createEventSourceMapping,
  type EventSourceMapping,
  type EventSourceMappingOptions,
} from "./event-source-mapping/create-event-source-mapping.js";
export type { LambdaHandler } from "./event-source-mapping/invoke.js";
export type {
  DiscardedEvent,
  InvokedEvent,
  MappingEvents,
} from "./event-source-mapping/mapping-events.js";
export type { MappingSettings } from "./event-source-mapping/settings.js";
