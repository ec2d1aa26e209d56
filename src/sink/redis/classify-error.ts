import { isMillraceError, messageOf, MillraceError } from "../../errors.js";

const WRONG_TYPE = /^(WRONGTYPE|FOREIGN)/;
const SET_UP = /^(NOAUTH|WRONGPASS|NOPERM|ERR AUTH|ERR invalid password)/;

/**
 * Says of an error of the Redis client whether trying again can help.
 *
 * Everything is `unavailable` but what no repetition mends: a key that holds somebody else's value (`refused`), and
 * credentials that are not accepted (`configuration`). Out of memory, loading, failing over and resharding all pass.
 */
export function classifyRedisError(thrown: unknown, key: string): MillraceError {
  if (isMillraceError(thrown)) return thrown;
  const reason = messageOf(thrown).replace(/^ReplyError:\s*/, "");
  if (WRONG_TYPE.test(reason)) {
    return new MillraceError(
      "refused",
      `Redis key "${key}" holds a value of another kind (${reason}); delete it, or change the view's key`,
      {
        cause: thrown,
      },
    );
  }
  if (SET_UP.test(reason)) {
    return new MillraceError(
      "configuration",
      `Redis refused us: ${reason}; check the user and password in REDIS_URL`,
      { cause: thrown },
    );
  }
  return new MillraceError("unavailable", `Redis: ${reason}`, { cause: thrown });
}
