import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  paginateQuery,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { MillraceError } from "../errors.js";
import {
  type FunctionKind,
  type FunctionProgress,
  labelOf,
  lossesWith,
  type Position,
  type ProgressStore,
  type ProgressUpdate,
  stepTo,
  VIEW_COUNTS,
  type ViewProgress,
} from "./progress.js";
import {
  decodeFunction,
  decodeLosses,
  decodeMended,
  decodePosition,
  encodeLoss,
  type StoredItem,
} from "./progress-item.js";
import { encodeStateKey, mendedKey, progressKey, progressPartition } from "./state-table.js";

/** What {@link createDynamoDbProgress} takes. */
export interface DynamoDbProgressOptions {
  readonly client: DynamoDBClient;
  /** Name of the state table. */
  readonly tableName: string;
}

/** Views counted in one write: an update expression has at most 4 KB. */
const VIEWS_A_WRITE = 30;
/** Others may record at the same moment; so many of them in a row are none of this world. */
const MOST_TRIES = 10;

/**
 * Progress in the pipeline's state table: one item for each source and function.
 *
 * A position that goes on in its stream is one conditional write. Only what is not so simple (another container was
 * ahead, or the stream is another one) looks at what is stored, which the refused write has brought along.
 */
export function createDynamoDbProgress({
  client,
  tableName: TableName,
}: DynamoDbProgressOptions): ProgressStore {
  async function guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  /** Writes, and answers with what is stored where the condition does not hold. */
  async function write(update: Update): Promise<StoredItem | "done"> {
    try {
      await client.send(new UpdateItemCommand({ TableName, ...update }));
      return "done";
    } catch (thrown) {
      if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
      return thrown.Item ?? {};
    }
  }

  async function advance(update: ProgressUpdate, views: Views): Promise<void> {
    let refused = await write(firstTry(update, views));
    for (let tries = 0; refused !== "done"; tries++) {
      if (tries === MOST_TRIES)
        throw new MillraceError("unavailable", `progress of "${update.source}" is much contended`);
      refused = await write(nextTry(update, views, refused));
    }
  }

  return {
    record: (update) =>
      guarded(async () => {
        const [first = [], ...rest] = chunks(Object.entries(update.views));
        await advance(update, first);
        for (const views of rest) {
          const further = createExpression(update);
          countViews(further, views, update);
          await write(further.update());
        }
      }),

    read: (source) =>
      guarded(async () => {
        const functions: FunctionProgress[] = [];
        let mendedAtMs = {};
        const query = {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: "#pk = :pk",
          ExpressionAttributeNames: { "#pk": "pk" },
          ExpressionAttributeValues: { ":pk": { S: progressPartition(source) } },
        };
        for await (const { Items = [] } of paginateQuery({ client }, query)) {
          for (const { pk: _pk, sk, ...item } of Items) {
            if (sk?.S === mendedKey(source).sk) mendedAtMs = decodeMended(item);
            else functions.push(decodeFunction(sk?.S as FunctionKind, item));
          }
        }
        return { functions, mendedAtMs };
      }),

    markMended: (source, view, atMs) =>
      guarded(async () => {
        await write({
          Key: encodeStateKey(mendedKey(source)),
          UpdateExpression: "SET #view = :at",
          ConditionExpression: "attribute_not_exists(#view) OR #view < :at",
          ExpressionAttributeNames: { "#view": view },
          ExpressionAttributeValues: { ":at": { N: String(atMs) } },
        });
      }),
  };
}

type Views = readonly (readonly [string, ViewProgress])[];

interface Update {
  readonly Key: StoredItem;
  readonly UpdateExpression: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: StoredItem;
  readonly ReturnValuesOnConditionCheckFailure?: "ALL_OLD";
}

function chunks(views: Views): Views[] {
  const count = Math.ceil(views.length / VIEWS_A_WRITE);
  return Array.from({ length: count }, (_, i) =>
    views.slice(i * VIEWS_A_WRITE, (i + 1) * VIEWS_A_WRITE),
  );
}

/** Assumes that the stream is the one known, and the position beyond the one known. */
function firstTry(update: ProgressUpdate, views: Views): Update {
  const { position } = update;
  if (position === undefined) return batchEnd(update, views).update();
  const expression = batchEnd(update, views);
  setPosition(expression, position);
  const name = expression.name("position");
  const label = expression.value({ S: labelOf(position.version) });
  return expression.update(
    `attribute_not_exists(${name}) OR (begins_with(${name}, ${label}) AND ${name} < ${expression.value({ S: position.version })})`,
  );
}

/** Goes by what the refused write found. */
function nextTry(update: ProgressUpdate, views: Views, found: StoredItem): Update {
  const { position, batchEndedAtMs } = update;
  const recorded = decodePosition(found);
  if (position === undefined || recorded === undefined) return firstTry(update, views);
  const expression = batchEnd(update, views);
  switch (stepTo(recorded, position)) {
    case "behind":
      return expression.update();
    case "on":
      return firstTry(update, views);
    case "anew": {
      const losses = lossesWith(decodeLosses(found), recorded, position, batchEndedAtMs);
      setPosition(expression, position);
      expression.set("losses", { L: losses.map(encodeLoss) });
      const expected = expression.value({ S: recorded.version });
      return expression.update(`${expression.name("position")} = ${expected}`);
    }
  }
}

function batchEnd(update: ProgressUpdate, views: Views) {
  const expression = createExpression(update);
  const { batchEndedAtMs, lagMs, batches, changes } = update;
  expression.set("batchEndedAtMs", { N: String(batchEndedAtMs) });
  expression.set("lagMs", { N: String(lagMs) });
  expression.setOnce("sinceMs", { N: String(batchEndedAtMs) });
  expression.add("batches", batches);
  expression.add("changes", changes);
  countViews(expression, views, update);
  return expression;
}

function setPosition(expression: Expression, { version, changedAtMs }: Position): void {
  expression.set("position", { S: version });
  expression.set("changedAtMs", { N: String(changedAtMs) });
}

/** No view's name has a "#". */
function countViews(expression: Expression, views: Views, update: ProgressUpdate): void {
  for (const [view, progress] of views) {
    expression.setOnce(`${view}#sinceMs`, { N: String(update.batchEndedAtMs) });
    for (const count of VIEW_COUNTS)
      if (progress[count] !== 0) expression.add(`${view}#${count}`, progress[count]);
    if (progress.appliedAtMs !== undefined)
      expression.set(`${view}#appliedAtMs`, { N: String(progress.appliedAtMs) });
  }
}

type Expression = ReturnType<typeof createExpression>;

/** Builds an update of a source's and function's item. */
function createExpression(of: Pick<ProgressUpdate, "source" | "function">) {
  const names: Record<string, string> = {};
  const values: StoredItem = {};
  const sets: string[] = [];
  const adds: string[] = [];
  const name = (attribute: string) => {
    const known = Object.entries(names).find(([, given]) => given === attribute);
    if (known) return known[0];
    const placeholder = `#${Object.keys(names).length}`;
    names[placeholder] = attribute;
    return placeholder;
  };
  const value = (given: AttributeValue) => {
    const placeholder = `:${Object.keys(values).length}`;
    values[placeholder] = given;
    return placeholder;
  };
  return {
    name,
    value,
    set: (attribute: string, given: AttributeValue) =>
      void sets.push(`${name(attribute)} = ${value(given)}`),
    setOnce: (attribute: string, given: AttributeValue) =>
      void sets.push(`${name(attribute)} = if_not_exists(${name(attribute)}, ${value(given)})`),
    add: (attribute: string, amount: number) =>
      void adds.push(`${name(attribute)} ${value({ N: String(amount) })}`),
    update: (condition?: string): Update => ({
      Key: encodeStateKey(progressKey(of.source, of.function)),
      UpdateExpression: [
        sets.length > 0 ? `SET ${sets.join(", ")}` : "",
        adds.length > 0 ? `ADD ${adds.join(", ")}` : "",
      ]
        .filter((part) => part !== "")
        .join(" "),
      ...(condition !== undefined && {
        ConditionExpression: condition,
        ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
      }),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    }),
  };
}
