import type { Bench } from './context.ts';
import { benchEndToEnd } from './end-to-end.ts';
import { benchReceive } from './receive.ts';
import { startCeiling } from './receiver.ts';
import type { Result } from './report.ts';
import { benchSend } from './send.ts';

/** Receiving, sending, and both together. */
export async function benchPush(bench: Bench): Promise<Result> {
  const { only } = bench.options;
  const results: Result[] = [];
  const ceiling = await startCeiling(bench);
  if (only.includes('receive')) results.push(await benchReceive(bench, ceiling));
  if (only.includes('send')) results.push(await benchSend(bench));
  if (only.includes('end_to_end')) results.push(await benchEndToEnd(bench, ceiling));
  return {
    figures: Object.assign({}, ...results.map(({ figures }) => figures)),
    details: Object.assign({}, ...results.map(({ details }) => details)),
  };
}
