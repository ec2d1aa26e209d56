/**
 * Lambda's runtime client for Node.js in its shortest form: loads the handler that _HANDLER names, asks the Runtime API
 * for one event after the other, and answers each with what the handler returned or threw.
 *
 * npm run check:lambda puts AWS's own client in its place.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

const send = (path, body) => fetch(`${api}${path}`, { method: "POST", body: JSON.stringify(body) });
const asError = (thrown) => ({
  errorType: thrown?.name ?? "Error",
  errorMessage: String(thrown?.message ?? thrown),
  trace: String(thrown?.stack ?? "").split("\n"),
});

const [file, name] = process.env._HANDLER.split(".");
let handler;
try {
  const path = join(process.env.LAMBDA_TASK_ROOT, `${file}.mjs`);
  handler = (await import(pathToFileURL(path).href))[name];
} catch (thrown) {
  await send("/init/error", asError(thrown));
  process.exit(1);
}

for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const deadlineMs = Number(next.headers.get("lambda-runtime-deadline-ms"));
  process.env._X_AMZN_TRACE_ID = next.headers.get("lambda-runtime-trace-id") ?? "";
  const context = {
    awsRequestId: id,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
  try {
    const answer = await handler(await next.json(), context);
    await send(`/invocation/${id}/response`, answer ?? null);
  } catch (thrown) {
    await send(`/invocation/${id}/error`, asError(thrown));
  }
}
