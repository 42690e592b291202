import type { Language } from './data.ts';

/** One line of `examples/documents/index.json`: what a sender would put in the push's manifest. */
export type IndexEntry = {
  readonly file: string;
  /** The protocol's document type code. */
  readonly type: 'billing.invoice' | 'statement.account' | 'payroll.payslip' | 'certificate.insurance';
  readonly title: string;
  /** Says nothing about the content, for where a notification could be read over a shoulder. */
  readonly publicTitle?: string;
  /** `YYYY-MM-DD`. */
  readonly issuedAt: string;
  readonly language: Language;
  /** First and last day, both included. */
  readonly period?: { readonly from: string; readonly to: string };
  readonly amount?: { readonly value: string; readonly currency: 'EUR' };
};

export type SampleDocument = { readonly entry: IndexEntry; readonly render: () => Promise<Buffer> };

/** Cents as the protocol's decimal string: `24360` is `{value: "243.60", currency: "EUR"}`. */
export const euros = (cents: number): { value: string; currency: 'EUR' } => ({
  value: (cents / 100).toFixed(2),
  currency: 'EUR',
});
