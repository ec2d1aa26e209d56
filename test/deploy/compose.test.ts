import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";

import { readConfig, VARIABLES } from "../../src/config.js";

const ROOT = resolve(import.meta.dirname, "../..");

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly volumes?: readonly string[];
}

const { services, volumes } = parse(readFileSync(join(ROOT, "docker-compose.yml"), "utf8")) as {
  services: Readonly<Record<"dynamodb" | "cache" | "pipeline", Service>>;
  volumes: Readonly<Record<string, unknown>>;
};
const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");

describe("docker-compose.yml", () => {
  test("pins every image to the patch, the pipeline's own too", () => {
    const images = [
      ...Object.values(services).flatMap(({ image }) => (image === undefined ? [] : [image])),
      ...[...dockerfile.matchAll(/^FROM (\S+)/gim)].map(([, image]) => image!),
    ];
    expect(images).toHaveLength(3);
    for (const image of images) expect(image).toMatch(/:\d+\.\d+\.\d+(-[a-z]+)?$/);
  });

  test("checks the health of every service, and starts the pipeline once the servers are well", () => {
    for (const { healthcheck } of Object.values(services))
      expect(healthcheck?.test[0]).toBe("CMD-SHELL");
    expect(services.pipeline.depends_on).toEqual({
      dynamodb: { condition: "service_healthy" },
      cache: { condition: "service_healthy" },
    });
  });

  test("gives the pipeline only variables that it or the AWS SDK reads, and a configuration that is right", () => {
    const { environment = {} } = services.pipeline;
    const known = [...Object.keys(VARIABLES), "AWS_REGION"];
    const credentials = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    const names = Object.keys(environment);
    expect(names.filter((name) => ![...known, ...credentials].includes(name))).toEqual([]);
    const config = readConfig(environment);
    expect(new URL(config.dynamodbEndpoint ?? "").hostname).toBe("dynamodb");
    expect(new URL(config.redisUrl ?? "").hostname).toBe("cache");
  });

  test("has the pipeline well exactly while its ready file is there, which no start inherits", () => {
    const file = /"--ready-file", "([^"]+)"/.exec(dockerfile)?.[1] ?? "none";
    expect(services.pipeline.healthcheck?.test[1]).toBe(`test -f ${file}`);
    expect(services.pipeline.tmpfs).toContain(file.slice(0, file.lastIndexOf("/")));
  });

  test("keeps data and positions in volumes of their own", () => {
    const mounted = Object.values(services).flatMap(({ volumes: own = [] }) => own);
    expect(mounted.map((mount) => mount.split(":")[0]).sort()).toEqual(Object.keys(volumes).sort());
    expect(dockerfile).toContain('"--data", "/data"');
  });

  test("is reached from this machine only", () => {
    const ports = Object.values(services).flatMap(({ ports: own = [] }) => own);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

describe("the pipeline's image", () => {
  test("copies only what .dockerignore lets through", () => {
    const ignore = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
    const allowed = ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, files]) =>
      files!.split(" "),
    );
    expect(copied.sort()).toEqual(allowed.sort());
  });
});
