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
  type MappingState,
} from "./event-source-mapping/create-event-source-mapping.js";
export {
  createEndpointDestination,
  createFileDestination,
  type FailureDestination,
} from "./event-source-mapping/failure-destination.js";
export type { LambdaEvent, LambdaHandler } from "./event-source-mapping/invoke.js";
export type {
  DiscardedEvent,
  InvokedEvent,
  MappingEvents,
} from "./event-source-mapping/mapping-events.js";
export {
  type ApiAnswer,
  createMappingRegistry,
  type MappingConfiguration,
  type MappingRegistry,
  type MappingWorld,
} from "./event-source-mapping/mapping-registry.js";
export type { ApiError, MappingRequest } from "./event-source-mapping/mapping-request.js";
export type { MappingSettings } from "./event-source-mapping/settings.js";
