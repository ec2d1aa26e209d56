/**
 * Just enough of Lambda's runtime: loads the handler that _HANDLER names under LAMBDA_TASK_ROOT, and answers every
 * event that the parent sends with the handler's answer, or with what it threw.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [file, name] = process.env._HANDLER.split(".");
const module = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, `${file}.mjs`)).href);

process.on("message", async (event) => {
  const deadline = Date.now() + 30_000;
  const context = {
    awsRequestId: "11111111-2222-3333-4444-555555555555",
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    process.send({ answer: await module[name](event, context) });
  } catch (thrown) {
    process.send({ thrown: String(thrown?.stack ?? thrown) });
  }
});
// A connection kept open for the next invocation must not outlive the test.
process.once("disconnect", () => process.exit());
process.send({ answer: "ready" });
