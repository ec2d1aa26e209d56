import { isMillraceError, messageOf, MillraceError } from "../errors.js";

const PASSING = new Set([
  "ThrottlingException",
  "Throttling",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "LimitExceededException",
  "InternalServerError",
  "InternalFailure",
  "ServiceUnavailable",
  "TransactionConflictException",
  "TransactionInProgressException",
  "TimeoutError",
  "RequestTimeout",
  "ExpiredTokenException",
  "ReplicatedWriteConflictException",
]);

const OF_SET_UP = new Set([
  "ResourceNotFoundException",
  "AccessDeniedException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "MissingAuthenticationTokenException",
  "CredentialsProviderError",
]);

/**
 * Says of an error of the DynamoDB client whether trying again can help.
 *
 * Passing trouble is `unavailable`; a missing table or permission is `configuration`, so that the batch fails and
 * nothing is quarantined for it; a row DynamoDB cannot take is `invalid-row`; anything else it said no to, `refused`.
 *
 * @param table the table that was asked, for the message.
 */
export function classifyDynamoDbError(thrown: unknown, table: string): MillraceError {
  if (isMillraceError(thrown)) return thrown;
  const { name, $fault, $metadata } = thrown as {
    name?: string;
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const message = `DynamoDB table "${table}": ${name ?? "error"}: ${messageOf(thrown)}`;
  if (OF_SET_UP.has(name ?? "")) {
    return new MillraceError("configuration", `${message}; ${remedyOf(name, table)}`, {
      cause: thrown,
    });
  }
  if (name === "TransactionCanceledException") return classifyCancellation(thrown, message);
  const answered = $metadata?.httpStatusCode !== undefined;
  if (PASSING.has(name ?? "") || !answered || $fault === "server") {
    return new MillraceError("unavailable", message, { cause: thrown });
  }
  const code = name === "ValidationException" ? "invalid-row" : "refused";
  return new MillraceError(code, message, { cause: thrown });
}

function remedyOf(name: string | undefined, table: string): string {
  if (name === "ResourceNotFoundException") {
    return `create the table "${table}" (deploy, or start millrace dev), or set MILLRACE_TABLE_PREFIX to the prefix it has`;
  }
  return "check the credentials and the permissions of the function's role";
}

const PASSING_REASONS = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
]);

/** A cancelled transaction is retriable as soon as one of its reasons passes, whatever the others are (rule V8). */
function classifyCancellation(thrown: unknown, message: string): MillraceError {
  const reasons =
    (thrown as { CancellationReasons?: readonly { Code?: string }[] }).CancellationReasons ?? [];
  const passing = reasons.some(({ Code }) => PASSING_REASONS.has(Code ?? ""));
  const invalid = reasons.some(
    ({ Code }) => Code === "ValidationError" || Code === "ItemCollectionSizeLimitExceeded",
  );
  return new MillraceError(passing ? "unavailable" : invalid ? "invalid-row" : "refused", message, {
    cause: thrown,
  });
}
