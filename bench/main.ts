// `npm run bench -- push | slots | memory | growth | crash`; see bench/README.md.
import { killChildren } from './child.ts';
import { withBench } from './context.ts';
import { benchCrash } from './crash.ts';
import { benchGrowth } from './growth.ts';
import { benchMemory } from './memory.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { benchPush } from './push.ts';
import { reportOf, tableOf } from './report.ts';
import { benchSlots } from './slots/slots.ts';

const BENCH_OF = {
  push: benchPush,
  slots: benchSlots,
  memory: benchMemory,
  growth: benchGrowth,
  crash: benchCrash,
} as const;

function readOptions(): Options | undefined {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return undefined;
  }
}

async function run(options: Options): Promise<void> {
  const startMs = performance.now();
  const report = await withBench(options, async (bench) =>
    reportOf(options, bench.store, await BENCH_OF[options.bench](bench)),
  );
  process.stderr.write(`${options.bench} took ${((performance.now() - startMs) / 1000).toFixed(0)} s\n`);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : tableOf(report));
}

// The store stops with this process, and the load and the nodes when their line to it is cut.
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.once(signal, () => {
    killChildren();
    process.exit(128 + number);
  });
}

const options = readOptions();
if (options === undefined) {
  process.exitCode = 2;
} else {
  try {
    await run(options);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  }
}
