import {
  BatchExecuteStatementCommand,
  type BatchStatementRequest,
  type BatchStatementResponse,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";

import { createDirectCaller } from "../../dynamodb/direct-call.js";
import { mapBounded } from "../bounded.js";

/** A statement that changes one row. */
export interface RowStatement {
  /** Tells the rows of all tables apart. */
  readonly row: string;
  /** About what it weighs. */
  readonly bytes: number;
  readonly request: BatchStatementRequest;
}

/** Statements that one call takes, and characters of each. Source: API reference, BatchExecuteStatement. */
const MAX_STATEMENTS = 25;
const MAX_CHARACTERS = 8_192;
/** Bytes in one call, well below what it may weigh. */
const MAX_BYTES = 1_000_000;
const CALLS_AT_ONCE = 8;
/** Answers that a statement of ours gets only where statements are not understood, or not allowed. */
const NOT_TO_BE_HAD = /^(ValidationError|ValidationException|AccessDenied|AccessDeniedException)$/;

/**
 * Executes statements, many in one call, and says of each whether it changed its row.
 *
 * Each statement of a call succeeds or fails for itself, and twenty-five of them cost the client little more than one
 * call. Never rejects: a condition that does not hold, or whatever else goes wrong, is `false`, and for a conditional
 * write of its own to settle and to tell. Where statements cannot be had at all, none is tried again.
 */
export function createStatementBatcher(
  client: DynamoDBClient,
): (statements: readonly RowStatement[]) => Promise<readonly boolean[]> {
  const call = createDirectCaller(client);
  let canBeHad = true;

  /** The short way for what nearly always happens, and the client's own way for the rest. */
  async function send(Statements: BatchStatementRequest[]): Promise<readonly Answer[]> {
    const answer = await call("BatchExecuteStatement", { Statements });
    const found = answer?.statusCode === 200 ? readAnswers(answer.text) : undefined;
    if (found) return found;
    const { Responses } = await client.send(new BatchExecuteStatementCommand({ Statements }));
    return Responses ?? [];
  }

  async function execute(batch: readonly RowStatement[]): Promise<readonly boolean[]> {
    const Statements = batch.map(({ request }) => request);
    try {
      const answers = await send(Statements);
      canBeHad = answers.some((answer) => !isNotToBeHad(answer));
      return batch.map((_, i) => answers[i] !== undefined && !answers[i].Error);
    } catch (thrown) {
      if (NOT_TO_BE_HAD.test((thrown as Error).name)) canBeHad = false;
      return batch.map(() => false);
    }
  }

  return async (statements) => {
    const changed = statements.map(() => false);
    if (!canBeHad) return changed;
    await mapBounded(formCalls(statements), CALLS_AT_ONCE, async (indices) => {
      const answers = await execute(indices.map((i) => statements[i] as RowStatement));
      indices.forEach((i, n) => (changed[i] = answers[n] ?? false));
    });
    return changed;
  };
}

type Answer = Pick<BatchStatementResponse, "Error">;

/** One answer a statement, as DynamoDB wrote them; `undefined` where it wrote something else. */
function readAnswers(text: string): readonly Answer[] | undefined {
  try {
    const { Responses } = JSON.parse(text) as { Responses?: readonly Answer[] };
    return Array.isArray(Responses) ? Responses : undefined;
  } catch {
    return undefined;
  }
}

function isNotToBeHad({ Error }: Answer): boolean {
  return NOT_TO_BE_HAD.test(Error?.Code ?? "");
}

/** Cuts statements into calls; a row may be in a call once, so a second statement on one row is in none. */
function formCalls(statements: readonly RowStatement[]): readonly (readonly number[])[] {
  const calls: number[][] = [];
  const seen = new Set<string>();
  let bytes = 0;
  for (const [i, statement] of statements.entries()) {
    const isTooLong = (statement.request.Statement?.length ?? 0) > MAX_CHARACTERS;
    if (seen.has(statement.row) || isTooLong || statement.bytes > MAX_BYTES) continue;
    seen.add(statement.row);
    const open = calls[calls.length - 1];
    bytes += statement.bytes;
    if (open && open.length < MAX_STATEMENTS && bytes <= MAX_BYTES) open.push(i);
    else {
      calls.push([i]);
      bytes = statement.bytes;
    }
  }
  return calls;
}
