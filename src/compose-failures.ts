import type { S3Client } from "@aws-sdk/client-s3";

import {
  type DeclarationExports,
  dynamoDbClient,
  dynamoDbStreamsClient,
  loggerAndMetrics,
  systemClock,
} from "./compose.js";
import { type Config, declaredName, readConfig } from "./config.js";
import { messageOf, MillraceError } from "./errors.js";
import type { ObjectPlace } from "./failures/failure-message.js";
import { createFailuresHandlerOf, type FailuresHandler } from "./failures/failures-handler.js";
import { createRecordFetcher } from "./failures/fetch-records.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import { collectDeclarations } from "./view/declarations.js";

/**
 * Makes the Lambda handler that takes what Lambda gave up, from the failures queue, and puts it into quarantine before
 * the stream forgets it; otherwise as {@link createTablesHandler}.
 */
export function createFailuresHandler(exports: DeclarationExports): FailuresHandler {
  const config = readConfig();
  return composeFailuresHandler(config, exports, objectReader());
}

/** Makes that handler with whatever reads objects. */
export function composeFailuresHandler(
  config: Config,
  exports: DeclarationExports,
  readObject: (place: ObjectPlace) => Promise<string>,
): FailuresHandler {
  const client = dynamoDbClient(config);
  return createFailuresHandlerOf({
    declarations: collectDeclarations(exports),
    quarantine: createDynamoDbQuarantine({ client, tableName: config.stateTable }),
    clock: systemClock,
    fetchRecords: createRecordFetcher(dynamoDbStreamsClient(config)),
    declaredName: (table) => declaredName(config, table),
    functionPrefix: config.tablePrefix,
    readObject,
    ...loggerAndMetrics(),
  });
}

/** The client is loaded with the first object: whoever imports this package for something else has no use for it. */
function objectReader(): (place: ObjectPlace) => Promise<string> {
  let client: S3Client | undefined;
  return async ({ bucket, key }) => {
    try {
      const { GetObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
      const s3 = (client ??= new S3Client({ maxAttempts: 3 }));
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return (await Body?.transformToString()) ?? "";
    } catch (cause) {
      throw new MillraceError("unavailable", `s3://${bucket}/${key}: ${messageOf(cause)}`, {
        cause,
      });
    }
  };
}
