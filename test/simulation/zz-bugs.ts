import { planOf } from "./make-plan.js";
import { PLANTED_BUGS } from "./planted-bugs.js";
import { simulate } from "./simulate.js";
import { seedsAbout, type ThemeName, THEMES } from "./themes.js";
const N = Number(process.env.N ?? 30);
const only = process.argv[2];
const run = async (plants: object, n: number) => {
  const out: string[] = [];
  for (const theme of Object.keys(THEMES) as ThemeName[]) {
    let caught = 0,
      first = -1,
      i = 0;
    for (const s of seedsAbout(theme, n)) {
      const v = await simulate(planOf(s), plants);
      if (v.differences.length) {
        caught++;
        if (first < 0) first = i;
        if (plants === NONE) console.log(s, v.differences.slice(0, 3));
      }
      i++;
    }
    out.push(`${caught}`.padStart(3));
  }
  return out.join(" ");
};
const NONE = {};
let t = Date.now();
if (!only) console.log(await run(NONE, N), "none", Date.now() - t, "ms");
for (const [name, {plants}] of Object.entries(PLANTED_BUGS)) {
  if (only && !name.includes(only)) continue;
  t = Date.now();
  console.log(await run(plants, N), name, Date.now() - t, "ms");
}
