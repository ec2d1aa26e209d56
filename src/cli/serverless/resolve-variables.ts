import { configurationError } from "../../errors.js";
import type { ConfigValue, ServerlessConfig } from "./read-serverless-config.js";

/** What variables can refer to beside the file itself. */
export interface VariableSources {
  readonly stage: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For messages. */
  readonly file: string;
}

/** The sources of a variable: `${AWS::Region}` and the like are CloudFormation's, and stay as they are. */
const VARIABLE = /\$\{\s*((?:self|opt|sls|env|param|file|ssm|cf|s3|aws)\b[^${}]*)\}/;
const MOST_STEPS = 1_000;

/**
 * Resolves the variables of a serverless.yml that need nothing but the file, the environment and the stage: `self:`,
 * `opt:stage`, `sls:stage`, `env:` and `param:`, each with what follows it after a comma for want of it.
 *
 * @throws `configuration`, listing every variable that cannot be resolved.
 */
export function resolveVariables(
  config: ServerlessConfig,
  sources: VariableSources,
): ServerlessConfig {
  const unresolved = new Set<string>();
  let steps = 0;

  function lookUp(expression: string): ConfigValue | undefined {
    for (const choice of expression.split(",").map((part) => part.trim())) {
      const value = lookUpOne(choice);
      if (value !== undefined && value !== null) return value;
    }
    return undefined;
  }

  function lookUpOne(choice: string): ConfigValue | undefined {
    const literal = /^(?:'(.*)'|"(.*)")$/.exec(choice);
    if (literal) return literal[1] ?? literal[2] ?? "";
    if (/^(?:-?\d+(?:\.\d+)?|true|false)$/.test(choice)) return JSON.parse(choice) as ConfigValue;
    const [source = "", ...rest] = choice.split(":");
    const name = rest.join(":");
    if (source === "sls" || source === "opt") return name === "stage" ? sources.stage : undefined;
    if (source === "env") return sources.environment[name];
    if (source === "param") return parameter(name);
    return source === "self" ? self(name) : undefined;
  }

  function self(path: string): ConfigValue | undefined {
    if (path === "provider.stage") return sources.stage;
    return path
      .split(".")
      .reduce(
        (value: ConfigValue | undefined, key) =>
          (value as Record<string, ConfigValue> | undefined)?.[key],
        config,
      );
  }

  function parameter(name: string): ConfigValue | undefined {
    return self(`params.${sources.stage}.${name}`) ?? self(`params.default.${name}`);
  }

  function resolveText(text: string): ConfigValue {
    const match = VARIABLE.exec(text);
    if (!match || ++steps > MOST_STEPS) return text;
    const value = lookUp(match[1] ?? "");
    if (value === undefined) {
      unresolved.add(match[0]);
      return text;
    }
    if (match[0] === text.trim()) return resolve(value);
    const inner = resolve(value);
    const replacement = typeof inner === "string" ? inner : JSON.stringify(inner);
    return resolve(text.replace(match[0], () => replacement));
  }

  function resolve(value: ConfigValue): ConfigValue {
    if (typeof value === "string") return resolveText(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return (value as readonly ConfigValue[]).map(resolve);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each)]));
  }

  const resolved = resolve(config) as ServerlessConfig;
  if (unresolved.size === 0) return resolved;
  throw configurationError(
    sources.file,
    [...unresolved].map(
      (variable) =>
        `${variable} cannot be resolved without the Serverless Framework; install osls or serverless in the project`,
    ),
  );
}
