/**
 * What two institutions learn of their relationship in some calendar months (UTC). Each side works it out from its own
 * books: all that is counted stands in receipts that both hold, or was told by one to the other, so that they agree.
 */

/** One direction: what one institution's customers see of the other in its vault. */
export type Direction = {
  /** Customers to whom at least one message was placed. */
  reach: number;
  /** Messages that were taken, edits not counted. */
  contacts: number;
  contactsPerCustomerAndMonth: number | undefined;
  /** Of the months of which the host told anything: customers who saw a message, and who opened one. Percent. */
  displayedPercent: number | undefined;
  openedPercent: number | undefined;
  documents: number;
  /** Of customers who got any. */
  documentsPerCustomer: number | undefined;
  /** Absent where fewer customers were reached than may be told of. */
  humanAnswers: HumanAnswers | undefined;
  /** Customers who ended the link or took back their consent to be contacted; absent like the one before. */
  optOuts: number | undefined;
  months: { month: string; contacts: number; reach: number }[];
};

export type HumanAnswers = {
  asked: number;
  answered: number;
  medianHours: number | undefined;
  p90Hours: number | undefined;
  /** Answered after more than 15 days, or not yet after as long. */
  over15DaysPercent: number | undefined;
};

/** What the books say of one direction. */
export type DirectionFacts = {
  months: { month: string; contacts: number; reach: number }[];
  reach: number;
  told: { customers: number; displayed: number | undefined; opened: number | undefined }[];
  documents: number;
  documentCustomers: number;
  /** Customers who asked for a person, by the receipts: Unix seconds. */
  asks: { askedS: number; answeredS: number | undefined }[];
  optOuts: number;
};

const HOUR_S = 3600;
const SLOW_S = 15 * 24 * HOUR_S;

/** @param k customers at least, for what says something of them */
export function reportDirection(facts: DirectionFacts, given: { k: number; nowS: number }): Direction {
  const { months, reach, documents, documentCustomers, told } = facts;
  const contacts = sum(months.map((month) => month.contacts));
  const enough = reach >= given.k;
  return {
    reach,
    contacts,
    contactsPerCustomerAndMonth: ratio(contacts, sum(months.map((month) => month.reach))),
    displayedPercent: shareOf(told.map(({ customers, displayed }) => ({ customers, did: displayed }))),
    openedPercent: shareOf(told.map(({ customers, opened }) => ({ customers, did: opened }))),
    documents,
    documentsPerCustomer: ratio(documents, documentCustomers),
    humanAnswers: enough ? answersOf(facts.asks, given.nowS) : undefined,
    optOuts: enough ? facts.optOuts : undefined,
    months,
  };
}

/** Of the months in which this figure was told. */
function shareOf(months: readonly { customers: number; did: number | undefined }[]): number | undefined {
  const told = months.filter(({ did }) => did !== undefined);
  return percent(sum(told.map(({ did }) => did ?? 0)), sum(told.map(({ customers }) => customers)));
}

function answersOf(asks: DirectionFacts['asks'], nowS: number): HumanAnswers {
  const waits = asks.flatMap(({ askedS, answeredS }) =>
    answeredS === undefined ? [] : [answeredS - askedS],
  );
  const slow = asks.filter(({ askedS, answeredS }) => (answeredS ?? nowS) - askedS > SLOW_S);
  return {
    asked: asks.length,
    answered: waits.length,
    medianHours: hours(quantile(waits, 0.5)),
    p90Hours: hours(quantile(waits, 0.9)),
    over15DaysPercent: percent(slow.length, asks.length),
  };
}

/** The nearest-rank quantile: a value that was really there. */
export function quantile(values: readonly number[], q: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

/** The months from one to another, both included: `YYYY-MM`. */
export function monthsBetween(from: string, to: string): string[] {
  const months: string[] = [];
  const [year = 0, month = 0] = from.split('-').map(Number);
  for (let index = 0; months.at(-1) !== to && index < 1200; index++) {
    months.push(new Date(Date.UTC(year, month - 1 + index, 1)).toISOString().slice(0, 7));
  }
  return months;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const hours = (seconds: number | undefined) => (seconds === undefined ? undefined : round(seconds / HOUR_S));
const round = (value: number) => Math.round(value * 10) / 10;
const ratio = (a: number, b: number) => (b === 0 ? undefined : round(a / b));
const percent = (a: number, b: number) => (b === 0 ? undefined : round((100 * a) / b));
