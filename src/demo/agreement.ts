import type { AgreementTerms, SlotGrant } from '../protocol/agreement/terms.ts';
import { DOCUMENT_TYPES } from '../protocol/schemas/document.ts';
import { poll } from './poll.ts';
import type { Party } from './setup.ts';
import type { Timeline } from './timeline.ts';

/** Units that one side may be ahead by: few, so that the demo can get there. */
export const TOLERANCE = 6;
const WEIGHTS = { service: 0, advice: 1, offer: 3, survey: 2 } as const;

const ANSWER_TIMEOUT_MS = 30_000;

const SLOT: SlotGrant = {
  slot: 'home-card',
  placement: 'home',
  categories: ['service', 'advice', 'offer'],
  locales: ['fr', 'en'],
  capacity: 20,
  caps: [{ scope: 'category', max: 1, per: 1, unit: 'day', counts: 'placed' }],
  human: { kind: 'thread' },
  titleMaxChars: 80,
  bodyMaxChars: 600,
};

/** A slot in which offers are capped, or one without caps. */
function slotOf(capped: boolean): SlotGrant {
  return capped ? SLOT : { ...SLOT, caps: [] };
}

function termsOf([a, b]: readonly [Party, Party], capped: boolean): AgreementTerms {
  const grant = {
    documents: {
      types: Object.keys(DOCUMENT_TYPES),
      perMonth: 10_000_000,
      bytesPerMonth: 1_000_000_000_000,
    },
    slots: [slotOf(capped)],
  };
  return {
    effectiveFrom: '2026-01-01T00:00:00Z',
    drainDays: 14,
    noticeDays: 30,
    hosts: { [a.institution.url]: grant, [b.institution.url]: grant },
    weights: WEIGHTS,
    imbalance: { tolerance: TOLERANCE, policy: 'throttle', serviceFloorPerMonth: 100 },
    answers: { humanHours: 48 },
    statement: { period: 'month' },
  };
}

/** One side proposes, the other accepts; both hold what both signed once this resolves. */
export async function agree(
  [a, b]: readonly [Party, Party],
  timeline: Timeline,
  { capped = false }: { capped?: boolean } = {},
): Promise<string> {
  const terms = termsOf([a, b], capped);
  const { id } = await a.operator.post<{ id: string }>('/v1/agreements', { peer: b.institution.url, terms });
  await untilState(b, id, 'open');
  await b.operator.post(`/v1/agreements/${id}/accept`);
  await Promise.all([untilState(a, id, 'agreed'), untilState(b, id, 'agreed')]);
  timeline.say(
    b.institution.name,
    `signed the agreement that ${a.institution.name} had proposed: ${id.slice(0, 10)}…`,
  );
  return id;
}

async function untilState({ operator }: Party, id: string, state: string): Promise<void> {
  await poll(
    async () => {
      const { agreements } = await operator.get<{ agreements: { id: string; state: string }[] }>(
        '/v1/agreements',
      );
      return agreements.find((one) => one.id === id && one.state === state);
    },
    `the agreement as ${state}`,
    ANSWER_TIMEOUT_MS,
  );
}
