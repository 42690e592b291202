import { DOCUMENT_TYPES } from '../protocol/schemas/document.ts';
import { poll } from './poll.ts';
import type { Party } from './setup.ts';
import type { Timeline } from './timeline.ts';

/** Each side trusts the other's federation key, compared out of band: here, by asking the other's own operator. */
export async function makePeers(a: Party, b: Party, timeline: Timeline): Promise<void> {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const pin = await federationKey(other);
    await one.operator.post('/v1/peers', { url: other.institution.url, pin });
    timeline.say(
      one.institution.name,
      `made ${other.institution.name} a peer, pinned to its federation key ${pin.slice(0, 10)}…`,
    );
  }
}

async function federationKey({ operator }: Party): Promise<string> {
  const { keys } = await operator.get<{ keys: { kid: string; purpose: string; state: string }[] }>(
    '/v1/keys',
  );
  const key = keys.find(({ purpose, state }) => purpose === 'federation' && state === 'active');
  if (key === undefined) throw new Error('a node without a federation key');
  return key.kid;
}

type Started = { link: string; token: string };
type Redemption = {
  status: 'pending' | 'confirmed' | 'complete' | 'refused';
  code?: string;
  reason?: string;
};

const REDEEM_TIMEOUT_MS = 30_000;

const SESSION_A = 'session-that-started-it';
const SESSION_B = 'session-that-agreed';

const CONSENT = {
  jurisdiction: 'FR',
  method: 'web',
  purposes: ['document_delivery', 'contact'],
  policyUrl: 'https://banque-a.example/confidentialite',
  services: ['document_delivery'],
  sensitive: false,
} as const;

/** One person, as each institution knows them: their own number there, and a name with most of it hidden. */
export type Customer = { holder: string; at: (party: Party) => string };

/**
 * The customer's way: one institution's site starts a link, the customer authenticates at the other one and agrees there,
 * and brings the one-time code back into the session that started it.
 */
export async function linkCustomer(
  a: Party,
  b: Party,
  customer: Customer,
  timeline: Timeline,
): Promise<string> {
  const scopes = Object.fromEntries(
    [a, b].map(({ institution }) => [
      institution.url,
      {
        documents: Object.keys(DOCUMENT_TYPES),
        readReceipts: true,
        contact: ['service', 'advice', 'offer'],
        engagement: 'individual',
      },
    ]),
  );
  const started = await a.integrator.post<Started>('/v1/links', {
    customer: customer.at(a),
    peer: b.institution.url,
    scopes,
    holder: customer.holder,
    returnUrl: 'https://banque-a.example/coffre/retour',
    session: SESSION_A,
    consent: CONSENT,
  });
  timeline.say(a.institution.name, 'its customer asks for a link; a token goes with them');
  const asked = await b.integrator.post<{ holder: string }>('/v1/links/inspect', { token: started.token });
  timeline.say(b.institution.name, `shows who asks what, for ${asked.holder}; the customer agrees`);
  await b.integrator.post('/v1/links/redeem', {
    token: started.token,
    customer: customer.at(b),
    session: SESSION_B,
    consent: CONSENT,
  });
  const code = await completionCode(b, started.link);
  await a.integrator.post(`/v1/links/${started.link}/complete`, {
    customer: customer.at(a),
    session: SESSION_A,
    code,
  });
  timeline.say(a.institution.name, 'the code came back into the session that started it: the link is active');
  return started.link;
}

async function completionCode(b: Party, link: string): Promise<string> {
  return poll(
    async () => {
      const redemption = await b.integrator.post<Redemption>(`/v1/links/${link}/redemption`, {
        session: SESSION_B,
      });
      if (redemption.status === 'refused') throw new Error(`the link was refused: ${redemption.reason}`);
      return redemption.code;
    },
    'the confirmation of the link',
    REDEEM_TIMEOUT_MS,
  );
}
