const { readFileSync } = require("node:fs");
const { builtinModules } = require("node:module");

/**
 * Lets bundles take Node's own modules without importing them.
 *
 * An import of `http` makes Node.js 22 and newer read each of its exports, and one of those, `http.WebSocket`, loads the
 * whole of undici: 50 ms of every cold start, for nothing.
 */
const builtinsAsNeeded = {
  name: "builtins-as-needed",
  setup(build) {
    const builtin = new RegExp(`^(node:)?(${builtinModules.join("|")})$`);
    build.onResolve({ filter: builtin }, ({ path }) => ({ path, namespace: "builtin" }));
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/** A source map that maps the beginning of a file and no more; esbuild takes one of nothing for none. */
const NO_MAP = Buffer.from('{"version":3,"sources":["-"],"mappings":"AAAA"}').toString("base64");

/**
 * Leaves packages out of source maps: Node.js reads the whole map at every cold start, and what anyone looks up in a stack
 * is where in the pipeline it came from.
 */
const mapsOfOurs = {
  name: "maps-of-ours",
  setup(build) {
    build.onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, ({ path }) => ({
      contents: `${readFileSync(path, "utf8")}\n//# sourceMappingURL=data:application/json;base64,${NO_MAP}`,
    }));
  },
};

module.exports = [builtinsAsNeeded, mapsOfOurs];
