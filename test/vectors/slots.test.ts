import t from 'tap';
import type {
  ContactShape,
  PlacingCase,
  PlacingFactsShape,
  QuietCase,
  RoundingCase,
  WindowCase,
} from '../../scripts/spec-vectors/slot-placing.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { REFUSALS } from '../../src/protocol/refusal.ts';
import { findSchemaProblem } from '../../src/protocol/schemas/validators.ts';
import type { Contact } from '../../src/protocol/slot/caps.ts';
import {
  type Placing,
  type PlacingFacts,
  placeMessage,
  roundUpToHour,
} from '../../src/protocol/slot/placing.ts';
import { quietUntil } from '../../src/protocol/slot/quiet-hours.ts';
import { fitsFrom } from '../../src/protocol/slot/windows.ts';
import { readVectors } from './read.ts';

type ManifestCase = { name: string; act: string; manifest: string; expect: string; pointer?: string };

const vectors = readVectors<{
  manifests: ManifestCase[];
  usual: PlacingFactsShape;
  placing: PlacingCase[];
  quiet: QuietCase[];
  windows: WindowCase[];
  rounding: RoundingCase[];
}>('slots');

const ACTS = ['slot.message', 'slot.withdraw', 'slot.reply', 'slot.engagement'];
const ms = (instant: string) => Date.parse(instant);
const instant = (atMs: number) => new Date(atMs).toISOString();

t.test('manifests', async (t) => {
  for (const { name, act, manifest, expect, pointer } of vectors.manifests) {
    const parsed = parseManifest(Buffer.from(manifest), act);
    t.equal(parsed.ok ? 'accepted' : parsed.reason, expect, `${act}: ${name}`);
    if (pointer !== undefined) t.equal(parsed.ok ? undefined : parsed.detail, pointer, `${act}: ${name}`);
  }
  for (const act of ACTS) {
    const expected = new Set(vectors.manifests.filter((one) => one.act === act).map((one) => one.expect));
    t.same([...expected].sort(), ['accepted', 'manifest.invalid'], act);
  }
});

const contactOf = ({ slot, category, at }: ContactShape): Contact => ({ slot, category, atMs: ms(at) });

function humanOf({ grant, slot }: PlacingFactsShape): PlacingFacts['slot']['human'] {
  if (grant?.human === undefined) return 'none';
  return grant.human.kind === 'web' && slot.unreachable ? 'unreachable' : 'declared';
}

const muteEnd = (until: string) => (until === 'always' ? Number.POSITIVE_INFINITY : ms(until));

function factsOf(given: PlacingCase): PlacingFacts {
  const one = { ...vectors.usual, ...given };
  const { mutedUntil, calm, quiet, zone } = one.customer;
  return {
    nowMs: ms(one.now),
    message: one.message,
    grant: one.grant ?? undefined,
    slot: { paused: one.slot.paused, human: humanOf(one) },
    scopes: one.link,
    activeUntilMs: one.active.map(ms),
    placed: one.placed.map(contactOf),
    displayed: one.displayed.map(contactOf),
    humanOverdue: one.humanOverdue,
    image: one.image ?? undefined,
    account: undefined,
    customer: {
      mutedUntilMs: mutedUntil === undefined ? undefined : muteEnd(mutedUntil),
      calm,
      displaysMs: calm?.displays.map(ms) ?? [],
      quiet,
      zone,
    },
  };
}

function shapeOf(placing: Placing): PlacingCase['expect'] {
  if (placing.kind === 'placed') return { outcome: 'placed' };
  const { nextEligibleAtMs: from } = placing;
  return {
    ...(placing.kind === 'deferred' ? { outcome: 'deferred' } : { refused: placing.code }),
    ...(from !== undefined && { from: instant(from), nextEligibleAt: instant(roundUpToHour(from)) }),
  };
}

t.test('what the host decides', async (t) => {
  for (const one of vectors.placing) t.same(shapeOf(placeMessage(factsOf(one))), one.expect, one.name);
  for (const { name, message } of [{ name: 'usual', ...vectors.usual }, ...vectors.placing]) {
    if (message !== undefined) t.equal(findSchemaProblem('slot.message', message), undefined, name);
  }
  const told = new Set(
    vectors.placing.map(({ expect }) => ('refused' in expect ? expect.refused : expect.outcome)),
  );
  const decided = Object.keys(REFUSALS).filter((code) => /^(slot|message)\./.test(code));
  // These are about another message that the one at hand names.
  const named = ['message.edit', 'message.ended'];
  t.same(
    [...told].sort(),
    ['placed', 'deferred', 'link.scope', ...decided.filter((code) => !named.includes(code))].sort(),
    'every answer has a case',
  );
});

t.test('quiet hours', async (t) => {
  for (const { name, hours, at, until } of vectors.quiet) {
    const end = quietUntil(hours, ms(at));
    t.equal(end === undefined ? null : instant(end), until, name);
  }
});

t.test('windows', async (t) => {
  for (const { name, limit, times, now, from } of vectors.windows) {
    const fits = fitsFrom(times.map(ms), limit, ms(now));
    t.equal(fits === undefined ? null : instant(fits), from, name);
  }
});

t.test('times are told by the hour', async (t) => {
  for (const { from, nextEligibleAt } of vectors.rounding)
    t.equal(instant(roundUpToHour(ms(from))), nextEligibleAt, from);
});
