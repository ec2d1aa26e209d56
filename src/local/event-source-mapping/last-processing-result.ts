import { unreachable } from "../../errors.js";
import type { InvocationOutcome } from "./response.js";

/** What a mapping says of its last invocation before there was one. */
export const NO_RECORDS_PROCESSED = "No records processed";

/** What a mapping says of its last invocation. A discard changes nothing of it. */
export function lastProcessingResult(outcome: InvocationOutcome): string {
  switch (outcome.type) {
    case "success":
    case "partial":
      return "OK";
    case "failure":
      return "PROBLEM: Function call failed";
    default:
      return unreachable(outcome);
  }
}
