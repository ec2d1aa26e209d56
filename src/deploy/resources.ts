import { alarmResources } from "./alarms.js";
import { dashboardResources } from "./dashboard.js";
import type { Deployment } from "./deployment.js";
import { failureResources } from "./failures.js";
import { cacheResources } from "./managed-cache.js";
import { mappingResources } from "./mappings.js";
import { queueEndpointResources } from "./network.js";
import { backfillQueueResources } from "./queues.js";
import { roleResources } from "./roles.js";
import { tableResources } from "./tables.js";
import type { Resources } from "./template.js";

/** Every resource of a deployment but the functions themselves and their logs, whose code each tool brings its own way. */
export function resourcesOf(deployment: Deployment): Resources {
  return {
    ...tableResources(deployment),
    ...mappingResources(deployment),
    ...roleResources(deployment),
    ...failureResources(deployment.stage),
    ...backfillQueueResources(deployment.plans),
    ...cacheResources(deployment.cache, deployment.stage),
    ...queueEndpointResources(deployment),
    ...alarmResources(deployment),
    ...dashboardResources(deployment),
  };
}
