import { afterAll, beforeAll, describe } from "@jest/globals";

import type { View } from "../../src/view/view.js";
import { describeCorrections } from "./contract/corrections.js";
import { describeOrder } from "./contract/order.js";
import { describeOwners } from "./contract/owners.js";
import { describeProperties } from "./contract/properties.js";
import type { SinkPromises, SinkUnderTest } from "./contract/subject.js";
import { describeValues } from "./contract/values.js";

/** Says of a sink what every sink must do; run it on the real thing. */
export function describeSinkContract<V extends View>(
  name: string,
  promises: SinkPromises,
  open: () => Promise<SinkUnderTest<V>>,
): void {
  describe(`${name} keeps the contract of a sink`, () => {
    const opened = {} as { under: SinkUnderTest<V> };
    beforeAll(async () => {
      opened.under = await open();
    });
    afterAll(() => opened.under.close());

    describeOrder(opened, promises);
    describeCorrections(opened, promises);
    describeOwners(opened, promises);
    describeValues(opened, promises);
    describeProperties(opened, promises);
  });
}
