import { canonicalText } from "./canonical-text.js";

/** What a declaration says of the rows it derives, part by part, as text: two that say the same have the same texts. */
export type Definition = Readonly<Record<string, string>>;

/**
 * The definition that some parts of a declaration make; parts that are not given are left out.
 *
 * A function is its source text, so what it calls and what it closes over is not seen.
 */
export function definitionOf(parts: Readonly<Record<string, unknown>>): Definition {
  return Object.fromEntries(
    Object.entries(parts)
      .filter(([, value]) => value !== undefined)
      .map(([part, value]) => [part, textOf(value)]),
  );
}

function textOf(value: unknown): string {
  // A measure is a function that says what it does.
  if (typeof value === "function")
    return "spec" in value ? textOf(value.spec) : functionText(value.toString());
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== "object" || value === null) return canonicalText(value);
  const attributes = Object.entries(value).map(
    ([name, content]) => `${JSON.stringify(name)}:${textOf(content)}`,
  );
  return `{${attributes.sort().join()}}`;
}

/** How a function is laid out does not matter, nor what a compiler notes in it. */
function functionText(source: string): string {
  return source
    .replace(/\/\* *[@#]__\w+__ *\*\//g, "")
    .replace(/\s+/g, " ")
    .trim();
}
