import { describe, expect, test } from "@jest/globals";

import {
  createMappingRegistry,
  type MappingRegistry,
} from "../../../src/local/event-source-mapping/mapping-registry.js";
import type { MappingRequest } from "../../../src/local/event-source-mapping/mapping-request.js";
import {
  DEFAULT_SETTINGS,
  type NumericSetting,
} from "../../../src/local/event-source-mapping/settings.js";
import { readCases } from "./cases.js";

const STREAM = "arn:aws:dynamodb:us-east-1:111111111111:table/T/stream/2026-09-17T12:49:54.528";
const QUEUE = "arn:aws:sqs:us-east-1:111111111111:queue";

interface CreateCase {
  readonly name: string;
  readonly request?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly type: string | null;
  };
  readonly clientSideError?: string;
  readonly response?: Readonly<Record<string, unknown>>;
  readonly absent?: readonly string[];
  readonly then?: string;
  readonly min?: number;
  readonly max?: number;
  readonly default?: number;
}

function registryFor(name: string): MappingRegistry {
  return createMappingRegistry({
    region: "us-east-1",
    accountId: "111111111111",
    functionExists: (functionName) => functionName !== "doesnotexist",
    streamExists: (arn) => arn === STREAM,
    mayRead: () => !name.includes("lacks"),
    nowMs: () => 0,
  });
}

/** A request with names in the place of its placeholders. */
function requestOf({ request = {} }: CreateCase): MappingRequest & Record<string, unknown> {
  const base = { FunctionName: "fn", EventSourceArn: STREAM, StartingPosition: "TRIM_HORIZON" };
  const given = Object.keys(request).length === 1 && "FilterCriteria" in request ? base : {};
  const filled = Object.entries(request).map(([name, value]) => {
    if (name === "FunctionName" && /^</.test(String(value))) return [name, "fn"];
    if (name === "EventSourceArn" && /<(table|stream)>/.test(String(value))) return [name, STREAM];
    return [name, value];
  });
  return { ...given, ...(Object.fromEntries(filled) as MappingRequest) };
}

const form = (text: string) => text.replace(/arn:[^ ]+?(?=\.? |$)/g, "<arn>");

/** Recorded answers tell names, times and ids by placeholders. */
function withPlaceholders(value: unknown): unknown {
  if (typeof value === "string") return /<|^datetime$/.test(value) ? expect.any(String) : value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, withPlaceholders(each)]);
  return Object.fromEntries(entries) as unknown;
}

function ask(registry: MappingRegistry, request: MappingRequest) {
  const { ListEventSourceMappings: list, UpdateEventSourceMapping: update } = request;
  if (list) return registry.list({ FunctionName: "fn" });
  if (update) return registry.update("00000000", request);
  if (request["GetEventSourceMapping"]) return registry.get("00000000");
  if (request["DeleteEventSourceMapping"]) return registry.delete("00000000");
  return registry.create(request);
}

const cases = readCases<CreateCase>("create-esm-cases");

describe("G17: requests are answered as recorded on AWS", () => {
  test.each(cases.filter(({ request }) => request))("$name", (each) => {
    const registry = registryFor(each.name);
    if (each.name.includes("alias mappings"))
      registry.create({
        FunctionName: "fn:live",
        EventSourceArn: STREAM,
        StartingPosition: "LATEST",
      });
    const answer = ask(registry, requestOf(each));
    if (each.clientSideError) {
      expect(answer).toMatchObject({ ok: false, error: { code: "ParamValidation" } });
    } else if (each.error) {
      const { code, message, type } = each.error;
      if (answer.ok) throw new Error("accepted");
      expect({ ...answer.error, message: form(answer.error.message) }).toEqual({
        ...{ code, type },
        message: form(message),
      });
    } else {
      expect(answer.ok && answer.response).toMatchObject(
        withPlaceholders(each.response ?? {}) as object,
      );
      for (const name of each.absent ?? [])
        expect(answer.ok && answer.response).not.toHaveProperty(name);
      const state = /State (\w+)/.exec(each.then ?? "")?.[1];
      if (state && answer.ok && "UUID" in answer.response)
        expect(registry.get(answer.response.UUID)).toMatchObject({ response: { State: state } });
    }
  });

  test.each(cases.filter(({ min }) => min !== undefined))(
    "$name",
    ({ name, min = 0, max = 0, ...each }) => {
      const setting = name.split(" ")[1] ?? "";
      const create = (value?: number) =>
        registryFor(name).create({
          FunctionName: "fn",
          EventSourceArn: STREAM,
          StartingPosition: "LATEST",
          ...(value !== undefined && { [setting]: value }),
        });
      expect([create(min).ok, create(max).ok]).toEqual([true, true]);
      expect([create(min - 1).ok, create(max + 1).ok]).toEqual([false, false]);
      if (each.default !== undefined) {
        expect(create()).toMatchObject({ response: { [setting]: each.default } });
        const own = (setting.charAt(0).toLowerCase() + setting.slice(1)) as NumericSetting;
        expect(DEFAULT_SETTINGS[own]).toBe(each.default);
      }
    },
  );
});

describe("a mapping's life", () => {
  const create = (registry: MappingRegistry, more: MappingRequest = {}) => {
    const answer = registry.create({
      FunctionName: "fn",
      EventSourceArn: STREAM,
      StartingPosition: "TRIM_HORIZON",
      ...more,
    });
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.response;
  };

  test("G17: goes from Creating through Updating, Disabling and Enabling to Deleting", () => {
    const registry = registryFor("");
    const { UUID, State } = create(registry);
    const state = (answer: ReturnType<MappingRegistry["get"]>) =>
      answer.ok ? answer.response.State : answer.error.message;
    expect(State).toBe("Creating");
    expect([
      state(registry.get(UUID)),
      state(registry.update(UUID, { BatchSize: 7 })),
      state(registry.update(UUID, { Enabled: false })),
      state(registry.get(UUID)),
      state(registry.update(UUID, { Enabled: true })),
      state(registry.delete(UUID)),
      state(registry.get(UUID)),
    ]).toEqual([
      ...["Enabled", "Updating", "Disabling", "Disabled", "Enabling", "Deleting"],
      "The resource you requested does not exist.",
    ]);
  });

  test("an update is checked together with what is set already, and changes nothing when refused", () => {
    const registry = registryFor("");
    const { UUID } = create(registry, { ParallelizationFactor: 10 });
    expect(registry.update(UUID, { TumblingWindowInSeconds: 1 })).toMatchObject({
      error: {
        message:
          "Parallelization factor must be equal to 1 when tumbling window period is configured",
      },
    });
    expect(registry.get(UUID)).toMatchObject({ response: { TumblingWindowInSeconds: 0 } });
  });

  test("a second one of the same function and stream is a conflict; another alias is none", () => {
    const registry = registryFor("");
    const { UUID } = create(registry);
    const again = { FunctionName: "fn", EventSourceArn: STREAM, StartingPosition: "LATEST" };
    expect(registry.create(again)).toEqual({
      ok: false,
      error: {
        code: "ResourceConflictException",
        message: `The event source arn (" ${STREAM} ") and function (" fn ") provided mapping already exists. Please update or delete the existing mapping with UUID ${UUID}`,
        type: "User",
      },
    });
    expect(create(registry, { FunctionName: "fn:live" })["FunctionArn"]).toMatch(
      /function:fn:live$/,
    );
    expect(registry.list({ EventSourceArn: STREAM })).toMatchObject({
      response: { EventSourceMappings: [{}, {}] },
    });
  });

  test("of a queue has its own defaults, and refuses what is a stream's", () => {
    const queue = { FunctionName: "fn", EventSourceArn: QUEUE };
    expect(registryFor("").create(queue)).toMatchObject({
      response: { BatchSize: 10, StateTransitionReason: "USER_INITIATED" },
    });
    const onSuccess = { OnSuccess: { Destination: QUEUE } };
    expect(registryFor("").create({ ...queue, DestinationConfig: onSuccess })).toMatchObject({
      error: {
        message: "Unsupported DestinationConfig parameter for given event source mapping type.",
      },
    });
  });
});
