import type { AttributeValue as SdkValue } from "@aws-sdk/client-dynamodb";

import type { Action, AddWrite, Condition } from "./store.js";

/** An action's condition and update as DynamoDB's expressions. */
export interface Expression {
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, SdkValue>;
}

/** Collects names and values under placeholders, since an attribute may have any name. */
class Placeholders {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, SdkValue> = {};

  name(attribute: string): string {
    const known = Object.entries(this.names).find(([, name]) => name === attribute);
    if (known) return known[0];
    const placeholder = `#n${Object.keys(this.names).length}`;
    this.names[placeholder] = attribute;
    return placeholder;
  }

  value(value: SdkValue): string {
    const placeholder = `:v${Object.keys(this.values).length}`;
    this.values[placeholder] = value;
    return placeholder;
  }
}

/** The expressions of an action; nothing at all where it says nothing beyond its key and attributes. */
export function expressionOf(action: Action): Expression {
  const placeholders = new Placeholders();
  const partition = Object.keys(action.key)[0] ?? "";
  const condition = action.condition && conditionOf(action.condition, partition, placeholders);
  const update = action.type === "add" ? updateOf(action, placeholders) : undefined;
  const { names, values } = placeholders;
  return {
    ...(condition !== undefined && { ConditionExpression: condition }),
    ...(update !== undefined && { UpdateExpression: update }),
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}

function conditionOf(condition: Condition, partition: string, placeholders: Placeholders): string {
  const isAbsent = () => `attribute_not_exists(${placeholders.name(partition)})`;
  switch (condition.type) {
    case "absent":
      return isAbsent();
    case "equals": {
      const path = condition.path.map((name) => placeholders.name(name)).join(".");
      return `${path} = ${placeholders.value(condition.value)}`;
    }
    case "above": {
      const bound = placeholders.value({ N: String(condition.bound) });
      return `${placeholders.name(condition.attribute)} > ${bound}`;
    }
    case "absent-or-has":
      return `${isAbsent()} OR attribute_exists(${placeholders.name(condition.attribute)})`;
  }
}

function updateOf(
  { numbers, set = {}, remove = [] }: AddWrite,
  placeholders: Placeholders,
): string {
  const added = Object.entries(numbers).map(
    ([name, N]) => `${placeholders.name(name)} ${placeholders.value({ N })}`,
  );
  const assigned = Object.entries(set).map(
    ([name, value]) => `${placeholders.name(name)} = ${placeholders.value(value)}`,
  );
  const removed = remove.map((name) => placeholders.name(name));
  return [
    ...(added.length > 0 ? [`ADD ${added.join(", ")}`] : []),
    ...(assigned.length > 0 ? [`SET ${assigned.join(", ")}`] : []),
    ...(removed.length > 0 ? [`REMOVE ${removed.join(", ")}`] : []),
  ].join(" ");
}
