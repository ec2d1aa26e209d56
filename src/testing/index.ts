/** Test your views in memory, with any test runner: `millrace/testing`. */
export {
  type ItemChanges,
  type QuarantinedChange,
  type TestViews,
  testViews,
  type ViewOf,
} from "./test-views.js";
export type { VerifyOptions } from "./verify-deliveries.js";
