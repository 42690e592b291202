import type { Bench } from '../context.ts';
import type { Result } from '../report.ts';
import { benchAccept } from './accept.ts';
import { benchFeed } from './feed.ts';
import { benchGrowth, grow } from './growth.ts';
import { sizeOf } from './setting.ts';

/** Messages into slots with their entries in the ledger, what they cost as they grow in number, and the customers' feeds. */
export async function benchSlots(bench: Bench): Promise<Result> {
  const { only } = bench.options;
  const entityIds = await bench.load.ask('addGuests', sizeOf(bench).pairs);
  const results: Result[] = [];
  if (only.includes('accept')) results.push(await benchAccept(bench, entityIds));
  if (only.includes('growth') || only.includes('feed')) {
    const grown = await grow(bench, entityIds);
    if (only.includes('growth')) results.push(await benchGrowth(bench, grown, entityIds));
    if (only.includes('feed')) results.push(await benchFeed(bench, grown.host, grown.setting));
  }
  return {
    figures: Object.assign({}, ...results.map(({ figures }) => figures)),
    details: Object.assign({}, ...results.map(({ details }) => details)),
  };
}
