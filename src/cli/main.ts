#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";

import { isMillraceError, messageOf } from "../errors.js";
import { backfill, type BackfillOptions } from "./commands/backfill.js";
import { demo, type DemoOptions } from "./commands/demo.js";
import { dev, type DevOptions } from "./commands/dev.js";
import { devFunctions } from "./commands/dev-functions.js";
import { plan, type PlanOptions } from "./commands/plan.js";
import { probe, type ProbeCommandOptions } from "./commands/probe.js";
import { quarantineList, type QuarantineOptions, quarantineShow } from "./commands/quarantine.js";
import { redrive, type RedriveCommandOptions } from "./commands/redrive.js";
import { status, type StatusOptions } from "./commands/status.js";
import {
  drop,
  type DropVersionOptions,
  switchTo,
  type SwitchVersionOptions,
} from "./commands/switch.js";
import { synth, type SynthOptions } from "./commands/synth.js";
import { type VerifyCommandOptions, verifyViews } from "./commands/verify.js";
import { FLIGHT_SIZES } from "./demo/flight-data.js";

// The SDK's notice about coming Node versions is for whoever maintains millrace, not for whoever runs it.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const program = new Command("millrace")
  .description("Views over DynamoDB tables, kept true by the tables' own streams.")
  .showHelpAfterError()
  .exitOverride()
  .addHelpText(
    "after",
    "\nExit code: 0 fine, 1 something is wrong (drift, say), 2 usage or configuration.",
  );

program
  .command("dev")
  .description(
    "start DynamoDB Local and Redis (or use those the environment names) and keep all views true",
  )
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--config <file>", "a serverless.yml: call its functions for the tables they follow")
  .option("--stage <stage>", "the stage to read the serverless.yml for")
  .option("--data <folder>", "where data and positions are kept", ".millrace")
  .option("--in-memory", "keep the data of servers started here in memory only")
  .option("--dynamodb-port <port>", "port of DynamoDB Local (default: a free one)", wholeNumber)
  .option("--redis-port <port>", "port of redis-server (default: a free one)", wholeNumber)
  .option("--no-watch", "do not reload when pipeline.ts or a handler changes")
  .option("--ready-file <file>", "a file to write once everything is up; removed on stopping")
  .option("--quiet", "print problems only")
  .action((options: DevOptions) =>
    options.config === undefined ? dev(options) : devFunctions(options, options.config),
  );

program
  .command("demo")
  .description(
    "load the flight board with real flights and prove every view equal to a recomputation",
  )
  .addOption(
    new Option("--flights <size>", "how many real flights").choices(FLIGHT_SIZES).default("20k"),
  )
  .option("--limit <number>", "only so many of the flights, and of the airports", wholeNumber)
  .option("--seed <number>", "decides which flights are cancelled", wholeNumber, 1)
  .option("--json", "print one JSON object last on standard output")
  .action(async (options: DemoOptions) => {
    process.exitCode = (await demo(options)) ? 0 : 1;
  });

program
  .command("probe")
  .argument("<view>", "a view that is kept in the cache")
  .description("compare samples of a cache view with its source, and tell what stays wrong")
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--sample <number>", "keys a sample has, about", wholeNumber, 1_000)
  .option("--seconds <number>", "go on taking samples for so long (default: one)", wholeNumber)
  .option("--watch", "go on until it is stopped")
  .option("--prefix <text>", "what the view's keys begin with (default: taken from a sample)")
  .option("--no-scan", "never go over the whole source for an entry that does not tell its item")
  .option("--json", "print one JSON object last on standard output")
  .action(async (view: string, options: ProbeCommandOptions) => {
    process.exitCode = (await probe(view, options)) ? 0 : 1;
  });

program
  .command("synth")
  .description("print the whole deployment as a CloudFormation template, for SAM, CDK or Terraform")
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .requiredOption("--service <name>", "begins every name in the deployment, with the stage")
  .option("--stage <name>", "dev, staging, prod, or one of your own", "dev")
  .option("--existing-table <table...>", "sources that exist: their streams become parameters")
  .option("--existing-cache", "the cache exists: its address becomes a parameter")
  .option("--existing-vpc", "and is reached from certain subnets: they become parameters")
  .option("--alarm-email <address>", "whom alarms write to")
  .addOption(new Option("--format <format>").choices(["yaml", "json"]).default("yaml"))
  .action((options: SynthOptions) => synth(options));

program
  .command("backfill")
  .description(
    "bring views up to date with what their sources hold already, while the stream flows",
  )
  .argument("[view...]", "names of the views; run again, it goes on where it stopped")
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--segments <n>", "parts of the source read at once", positiveNumber, 4)
  .option("--read-units <n>", "most read units a second", positiveNumber)
  .option("--write-units <n>", "most write units a second, about", positiveNumber)
  .option("--where <json>", `only items that match, like '{"status":["OPEN"]}'`)
  .option("--key <json>", `only this item, like '["o-1"]'; may be given again`, listed)
  .option("--from-export <place>", "read a full export, in a folder or s3://bucket/prefix")
  .option("--dry-run", "count rows, write units and cost, and write nothing")
  .option("--queue <url>", "give the segments to the function of this queue, and watch")
  .option("--restart", "begin anew, also where a run was broken off")
  .option("--handlers-elsewhere", "do not ask Lambda whether functions follow the sources")
  .option("--json", "print one JSON object last on standard output")
  .action(async (views: string[], options: BackfillOptions) => {
    process.exitCode = await backfill(views, options);
  });

function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number > 0) return number;
  throw new InvalidArgumentError("give a whole number from 1 on.");
}

function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

program
  .command("verify")
  .description("compare views with what their sources say now, beside the live pipeline")
  .argument("[view...]", "names of the views; all where none is given")
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--sample <share>", "only a share of the rows, like 1%")
  .option("--key <json>", `only what belongs to one item or row, like '["o-1"]'`)
  .option("--repair", "put right what is wrong, where nobody has changed it meanwhile")
  .option(
    "--settle-seconds <n>",
    "pause between two looks at a suspect: longer than the views are behind",
    wholeNumber,
    5,
  )
  .option("--json", "print one JSON object last on standard output")
  .action(async (views: string[], options: VerifyCommandOptions) => {
    process.exitCode = await verifyViews(views, options);
  });

const quarantine = program
  .command("quarantine")
  .description("look at changes that views could not take");
quarantine
  .command("list")
  .description("what is in quarantine, by view and error")
  .argument("[view]", "one view only; '*' for records that could not be read")
  .option("--json", "print one JSON object last on standard output")
  .action((view: string | undefined, options: QuarantineOptions) => quarantineList(view, options));
quarantine
  .command("show")
  .description("everything of one item: records, error and stack")
  .argument("<view>")
  .argument("<key>", `the item's key, like '["o-1"]' or o-1`)
  .option("--json", "print one JSON object last on standard output")
  .action(async (view: string, key: string, options: QuarantineOptions) => {
    process.exitCode = (await quarantineShow(view, key, options)) ? 0 : 1;
  });

program
  .command("redrive")
  .description("bring quarantined items up to date with their source, and release them")
  .argument("[view]", "one view only; '*' for records that could not be read")
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--key <key>", `one item only, like '["o-1"]' or o-1`)
  .option("--error <code>", "only items with this error, as quarantine list names it")
  .option("--all", "everything in quarantine")
  .option("--dry-run", "tell what would be done, and write nothing")
  .option("--rate <items>", "most items a second", wholeNumber)
  .option("--discard", "print and then give up what can never be redriven")
  .option("--yes", "do not ask before that")
  .option("--json", "print one JSON object last on standard output")
  .action(async (view: string | undefined, options: RedriveCommandOptions) => {
    process.exitCode = (await redrive(view, options)) ? 0 : 1;
  });

program
  .command("status")
  .description(
    "how views are doing: lag, counts, fences, lost streams; exit 1 if something needs you",
  )
  .argument("[view...]", "the views (default: all)")
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--watch", "go on telling until stopped")
  .option("--json", "print one JSON object, each time, on standard output")
  .action(async (views: string[], options: StatusOptions) => {
    process.exitCode = (await status(views, options)) ? 0 : 1;
  });

program
  .command("plan")
  .description(
    "what the declarations would change, and what they cost; exit 1 if something would change",
  )
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--changes-per-second <n>", "of each source (default: as measured, or 1)", amount)
  .option("--item-bytes <n>", "size of a row (default: 512)", wholeNumber)
  .option(
    "--groups-per-change <n>",
    "groups of a batch for each of its changes (default: 1)",
    amount,
  )
  .option("--writes <view=n...>", "rows a change writes in a view (default: as measured, or 1)")
  .option("--price <name=dollars...>", "another price of writes, reads, requests or gbSecond")
  .option("--json", "print one JSON object on standard output")
  .action(async (options: PlanOptions) => {
    process.exitCode = (await plan(options)) ? 0 : 1;
  });

program
  .command("switch")
  .description("let readers read another version of a view, all at once; back is the same")
  .argument("<view>", "the view, without a version")
  .option("--to <version>", "the version to read (default: the newest declared)", wholeNumber)
  .option("--anyway", "also to a version that nobody is known to have backfilled")
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--json", "print one JSON object on standard output")
  .action((view: string, options: SwitchVersionOptions) => switchTo(view, options));

program
  .command("drop")
  .description("delete what a version of a view holds that is neither read nor declared any more")
  .argument("<view>", "the view, without a version")
  .requiredOption("--version <version>", "the version to drop", wholeNumber)
  .option("--yes", "delete; without it only tells what would be deleted")
  .option("--pipeline <file>", "the declarations", "pipeline.ts")
  .option("--json", "print one JSON object on standard output")
  .action((view: string, options: DropVersionOptions) => drop(view, options));

function amount(text: string): number {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("give a number of 0 or more.");
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("give a whole number.");
}

try {
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = report(thrown);
}
// Handlers keep connections open for the next invocation; there is none here.
process.exit();

/** Says what went wrong, in one message where it is a mistake or an outage, and answers with the exit code. */
function report(thrown: unknown): number {
  // Commander has said by itself what is wrong with the usage; asking for help is nothing wrong.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const known = isMillraceError(thrown);
  console.error(pc.red(known ? messageOf(thrown) : ((thrown as Error).stack ?? String(thrown))));
  return known && thrown.code === "configuration" ? 2 : 1;
}
