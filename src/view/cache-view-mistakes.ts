import { predicateMistakes } from "./predicate.js";
import { functionMistakes } from "./table-view.js";
import { viewName, viewNameMistakes } from "./view-name.js";

/** The options a kind of cache view takes besides those of all. */
const OPTIONS: Readonly<
  Record<string, { readonly needs: readonly string[]; readonly takes: readonly string[] }>
> = {
  json: { needs: [], takes: ["value", "hot", "maxValueBytes"] },
  hash: { needs: [], takes: ["value", "hot", "maxValueBytes"] },
  "sorted-set": { needs: ["member", "score"], takes: ["keep", "spare"] },
  set: { needs: ["member"], takes: [] },
  list: { needs: ["score", "keep"], takes: ["value", "spare"] },
  stream: { needs: [], takes: ["value", "maxLength"] },
  channel: { needs: [], takes: ["value"] },
};
const KINDS = Object.keys(OPTIONS);
const SPECIAL = [
  ...new Set(Object.values(OPTIONS).flatMap(({ needs, takes }) => [...needs, ...takes])),
];

/** What is wrong with a cache view as it was declared, one sentence a mistake. */
export function cacheMistakes(options: Readonly<Record<string, unknown>>): string[] {
  const [view, version] = [String(options["name"]), Number(options["version"] ?? 1)];
  const subject = `view "${viewName({ view, version })}"`;
  const mistakes = [
    ...viewNameMistakes({ name: options["name"], version: options["version"] }),
    ...predicateMistakes(subject, options["where"]),
    ...["value", "member", "score"].flatMap((option) =>
      functionMistakes(subject, option, options[option]),
    ),
    ...typeMistakes(subject, options),
    ...numberMistakes(subject, options),
  ];
  if (typeof options["key"] !== "function") {
    mistakes.push(
      `${subject}: key is ${JSON.stringify(options["key"])}; give a function from the item to its Redis key`,
    );
  }
  const hot = options["hot"];
  if (hot !== undefined && hot !== "all" && hot !== "pulled" && typeof hot !== "function") {
    mistakes.push(
      `${subject}: hot is ${JSON.stringify(hot)}; give "all", "pulled" or a function of the entry`,
    );
  }
  return mistakes;
}

function typeMistakes(subject: string, options: Readonly<Record<string, unknown>>): string[] {
  const type = options["type"];
  const known = OPTIONS[String(type)];
  if (!known) {
    const kinds = KINDS.map((kind) => JSON.stringify(kind)).join(", ");
    return [`${subject}: type is ${JSON.stringify(type)}; there are ${kinds}`];
  }
  const missing = known.needs
    .filter((option) => options[option] === undefined)
    .map((option) => `${subject}: ${option} is missing; a ${String(type)} view needs it`);
  const useless = SPECIAL.filter(
    (option) => options[option] !== undefined && ![...known.needs, ...known.takes].includes(option),
  ).map((option) => `${subject}: a ${String(type)} view takes no ${option}; leave it out`);
  return [...missing, ...useless];
}

function numberMistakes(subject: string, options: Readonly<Record<string, unknown>>): string[] {
  const mistakes: string[] = [];
  const whole = (option: string, what: string, least: number) => {
    const number = options[option];
    if (number === undefined || (Number.isInteger(number) && (number as number) >= least)) return;
    const above = least === 0 ? "of 0 or more" : "above 0";
    mistakes.push(
      `${subject}: ${option} is ${JSON.stringify(number)}; give a whole number${what} ${above}, or leave it out`,
    );
  };
  whole("ttlSeconds", " of seconds", 1);
  whole("maxValueBytes", " of bytes", 1);
  whole("keep", " of members", 1);
  whole("spare", " of members", 0);
  whole("maxLength", " of messages", 1);
  const jitter = options["ttlJitter"];
  if (jitter !== undefined && !(typeof jitter === "number" && jitter >= 0 && jitter < 1)) {
    mistakes.push(
      `${subject}: ttlJitter is ${JSON.stringify(jitter)}; give a share of the life from 0 to below 1`,
    );
  }
  return mistakes;
}
