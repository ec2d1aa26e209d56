import simpleImportSort from "eslint-plugin-simple-import-sort";
import tseslint from "typescript-eslint";

const banned = (object, property, why) => ({ object, property, message: why });

export default tseslint.config(
  {
    ignores: [
      "node_modules",
      "dist",
      ".serverless",
      ".esbuild",
      ".millrace",
      "coverage",
      "**/*.generated.ts",
    ],
  },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ["**/*.ts"] })),
  {
    files: ["**/*.ts"],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "simple-import-sort": simpleImportSort },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "simple-import-sort/imports": "error",
      "simple-import-sort/exports": "error",
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true } }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ExportDefaultDeclaration",
          message: "Export by name: a default export has no name to search for.",
        },
      ],
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-lines": ["error", { max: 300 }],
      "max-lines-per-function": ["error", { max: 70, skipComments: true, skipBlankLines: true }],
    },
  },
  {
    // The floors that say what is true must give the same answer every time they are asked.
    files: ["src/change/**", "src/view/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        banned("Date", "now", "Pure code takes the time as an argument."),
        banned("Math", "random", "Pure code takes randomness as an argument."),
        banned("process", "env", "Only compose.ts and config.ts read the environment."),
      ],
    },
  },
  {
    files: ["src/**"],
    ignores: [
      "src/compose.ts",
      "src/compose-cache.ts",
      "src/config.ts",
      "src/cli/**",
      "src/change/**",
      "src/view/**",
    ],
    rules: {
      "no-restricted-properties": [
        "error",
        banned("process", "env", "Only compose.ts, config.ts and cli/ read the environment."),
      ],
    },
  },
  { files: ["src/cli/**", "scripts/**", "bench/**"], rules: { "no-console": "off" } },
  {
    files: ["test/**", "bench/**"],
    rules: { "max-lines-per-function": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
