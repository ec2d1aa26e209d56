import { describe, expect, test } from "@jest/globals";

import { alarmResources } from "../../src/deploy/alarms.js";
import { dashboardResources } from "../../src/deploy/dashboard.js";
import { failureResources } from "../../src/deploy/failures.js";
import { cacheResources } from "../../src/deploy/managed-cache.js";
import { mappingResources } from "../../src/deploy/mappings.js";
import { queueEndpointResources } from "../../src/deploy/network.js";
import { backfillQueueResources } from "../../src/deploy/queues.js";
import { resourcesOf } from "../../src/deploy/resources.js";
import { roleResources } from "../../src/deploy/roles.js";
import { tableResources } from "../../src/deploy/tables.js";
import { deploymentOf } from "./declared.js";

describe("the resources of a deployment", () => {
  test("are those of all its parts, and none takes another's place", () => {
    const deployment = deploymentOf();
    const parts = [
      tableResources(deployment),
      mappingResources(deployment),
      roleResources(deployment),
      failureResources(deployment.stage),
      backfillQueueResources(deployment.plans),
      queueEndpointResources(deployment),
      cacheResources(deployment.cache, deployment.stage),
      alarmResources(deployment),
      dashboardResources(deployment),
    ];
    const names = parts.flatMap((part) => Object.keys(part));
    expect(Object.keys(resourcesOf(deployment)).sort()).toEqual(names.sort());
    expect(new Set(names).size).toBe(names.length);
  });
});
