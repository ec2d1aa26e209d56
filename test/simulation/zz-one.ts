import { planOf } from "./make-plan.js";
import { explain, describeFailure } from "./explain.js";
import { PLANTED_BUGS } from "./planted-bugs.js";
console.log(describeFailure(await explain(planOf(Number(process.argv[2])), process.argv[3] ? PLANTED_BUGS[process.argv[3]]!.plants : {})));
