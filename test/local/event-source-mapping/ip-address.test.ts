import { expect, test } from "@jest/globals";

import { cidrRange, ipBytes } from "../../../src/local/event-source-mapping/ip-address.js";

test("an address is the same however it is written, and nothing else is one", () => {
  expect(ipBytes("010.0.0.1")).toEqual([10, 0, 0, 1]);
  expect(ipBytes("::1")).toEqual(ipBytes("0:0:0:0:0:0:0:1"));
  expect(["1.2.3", "1.2.3.256", "a:b", ":", "host", "::ffff:1.2.3.4"].map(ipBytes)).toEqual(
    Array.from({ length: 6 }, () => undefined),
  );
});

test("a range holds what begins with its bits, of its own kind only", () => {
  const holds = (range: string, address: string) => cidrRange(range)?.(ipBytes(address)!);
  expect(holds("10.0.0.77/26", "10.0.0.64")).toBe(true);
  expect(holds("10.0.0.77/26", "10.0.0.128")).toBe(false);
  expect(holds("0.0.0.0/0", "::1")).toBe(false);
  expect(holds("::/127", "::1")).toBe(true);
  for (const none of ["10.0.0.1/32", "::1/128", "10.0.0.1", "10.0.0.1/x", "10.0.0.1/1/2", "x/8"])
    expect(cidrRange(none)).toBeUndefined();
});
