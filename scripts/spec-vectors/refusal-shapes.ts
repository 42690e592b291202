import type { RefusalCode } from '../../src/protocol/refusal.ts';

/** A request as it is sent, and what comes back. */
export type WireRequest = {
  method: 'PUT' | 'POST' | 'GET';
  path: string;
  headers: Record<string, string | undefined>;
  /** base64url */
  body?: string;
  /** How many bytes of the body are sent before the sender holds on or cuts the connection. */
  stopAfter?: number;
  afterwards?: 'hold' | 'cut';
};

export type Expectation =
  | { answer: 'none' }
  | { status: number; answer: 'problem'; code: RefusalCode; retryable: boolean }
  | {
      status: number;
      answer: 'receipt';
      event: 'RelayAcceptance' | 'RelayRejection';
      reason?: string;
      erds?: string;
      outcome?: 'placed' | 'deferred';
      nextEligibleAt?: string;
      /** Index of the step whose answer this one repeats, byte for byte. */
      same?: number;
    };

export type Step = { request: WireRequest; expect: Expectation };

export type Given =
  | 'impatient'
  | 'one-a-minute'
  | 'little-memory'
  | 'database-away'
  | 'disk-full'
  | 'draining';

export type RefusalCase = { code: RefusalCode; name: string; given?: Given; steps: Step[] };
