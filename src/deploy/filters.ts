import { type Condition, type Scalar } from "../view/predicate.js";
import type { View } from "../view/view.js";

/** An event pattern of Lambda: an object of objects, whose leaves list what a value may be. */
export interface EventPattern {
  readonly [name: string]: EventPattern | readonly PatternValue[];
}

type PatternValue = string | boolean | { readonly prefix: string } | { readonly exists: true };

/** Patterns one mapping takes, without asking AWS for more. Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html */
const MOST_PATTERNS = 5;

/** Characters of one pattern. Source: as {@link MOST_PATTERNS}. */
const MOST_CHARACTERS = 4096;

/**
 * The event patterns that let through every record some of the views must see; none where that is every record.
 *
 * A record matches where its new *or* its old image may be in a view (rule V4), so that leaving a view still deletes.
 * What a pattern cannot say exactly it leaves out, and so lets through more than is needed, never less: the handler
 * asks the whole predicate again. A pattern compares text, so all that is asked of a number is to be one.
 */
export function eventPatterns(views: readonly View[]): readonly EventPattern[] {
  const images: EventPattern[] = [];
  for (const { filter } of views) {
    const image = filter && imagePattern(filter);
    if (image === undefined) return [];
    images.push(image);
  }
  const distinct = [...new Map(images.map((image) => [JSON.stringify(image), image])).values()];
  const patterns = distinct.flatMap((image) => [
    { dynamodb: { NewImage: image } },
    { dynamodb: { OldImage: image } },
  ]);
  const fit = patterns.every((pattern) => JSON.stringify(pattern).length <= MOST_CHARACTERS);
  return fit && patterns.length <= MOST_PATTERNS ? patterns : [];
}

/** What an image in the view has at least; `undefined` where a pattern can say nothing of it. */
function imagePattern(filter: NonNullable<View["filter"]>): EventPattern | undefined {
  const attributes = Object.entries(filter).flatMap(([name, condition]) => {
    const pattern = isPlain(name) && attributePattern(condition as readonly Scalar[] | Condition);
    return pattern ? [[name, pattern] as const] : [];
  });
  return attributes.length > 0 ? Object.fromEntries(attributes) : undefined;
}

/** A dot means nesting in a pattern, and a dollar an operator. */
function isPlain(name: string): boolean {
  return /^[\w-]+$/.test(name);
}

function attributePattern(condition: readonly Scalar[] | Condition): EventPattern | undefined {
  if (isList(condition)) return valuesPattern(condition);
  const { gt, gte, lt, lte, prefix } = condition;
  if (prefix) return { S: [{ prefix }] };
  const bound = [gt, gte, lt, lte, prefix].find((operand) => operand !== undefined);
  if (bound === undefined) return undefined;
  return { [typeof bound === "number" ? "N" : "S"]: [{ exists: true }] };
}

/** Values of one type: those of several would need a pattern for each. */
function valuesPattern(values: readonly Scalar[]): EventPattern | undefined {
  if (values.every((value) => typeof value === "string")) return { S: values };
  if (values.every((value) => typeof value === "boolean")) return { BOOL: values };
  if (values.every((value) => typeof value === "number")) return { N: [{ exists: true }] };
  return undefined;
}

function isList(condition: readonly Scalar[] | Condition): condition is readonly Scalar[] {
  return Array.isArray(condition);
}
