import type { Direction } from '../protocol/report/relationship.ts';
import type { RelationshipReport } from './service.ts';

/** One figure of the report, under a name that stays. Undefined where it is not told. */
export type FigureRow = {
  section: 'hosted' | 'granted' | 'reciprocity' | 'universality';
  figure: string;
  unit: 'count' | 'percent' | 'hours' | 'units' | 'ratio';
  value: number | undefined;
};

const row = (
  section: FigureRow['section'],
  unit: FigureRow['unit'],
  figure: string,
  value: number | undefined,
): FigureRow => ({ section, figure, unit, value });

function directionRows(section: 'hosted' | 'granted', direction: Direction): FigureRow[] {
  const { humanAnswers: answers } = direction;
  return [
    row(section, 'count', 'reach', direction.reach),
    row(section, 'count', 'contacts', direction.contacts),
    row(section, 'ratio', 'contactsPerCustomerAndMonth', direction.contactsPerCustomerAndMonth),
    row(section, 'percent', 'displayedPercent', direction.displayedPercent),
    row(section, 'percent', 'openedPercent', direction.openedPercent),
    row(section, 'count', 'documents', direction.documents),
    row(section, 'ratio', 'documentsPerCustomer', direction.documentsPerCustomer),
    row(section, 'count', 'humanAsked', answers?.asked),
    row(section, 'count', 'humanAnswered', answers?.answered),
    row(section, 'hours', 'humanMedianHours', answers?.medianHours),
    row(section, 'hours', 'humanP90Hours', answers?.p90Hours),
    row(section, 'percent', 'humanOver15DaysPercent', answers?.over15DaysPercent),
    row(section, 'count', 'optOuts', direction.optOuts),
  ];
}

/** All figures of a report but those of single months, in the order in which they are shown. */
export function figureRows({ hosted, granted, reciprocity, universality }: RelationshipReport): FigureRow[] {
  return [
    ...directionRows('hosted', hosted),
    ...directionRows('granted', granted),
    row('reciprocity', 'units', 'hostedUnits', reciprocity?.hosted),
    row('reciprocity', 'units', 'grantedUnits', reciprocity?.granted),
    row('reciprocity', 'units', 'balance', reciprocity?.balance),
    row('reciprocity', 'units', 'tolerance', reciprocity?.tolerance),
    row('universality', 'count', 'customers', universality?.customers),
    row('universality', 'percent', 'percent', universality?.percent),
  ];
}

/** RFC 4180. An empty value is a figure that is not told. */
export function reportCsv(report: RelationshipReport): string {
  const { from, to } = report;
  // An address may hold a comma.
  const peer = `"${report.peer.id}"`;
  const lines = figureRows(report).map(({ section, figure, unit, value }) =>
    [peer, from, to, section, figure, unit, value ?? ''].join(','),
  );
  const months = (['hosted', 'granted'] as const).flatMap((section) =>
    report[section].months.flatMap(({ month, contacts, reach }) => [
      [peer, month, month, section, 'contacts', 'count', contacts].join(','),
      [peer, month, month, section, 'reach', 'count', reach].join(','),
    ]),
  );
  return `${['peer,from,to,section,figure,unit,value', ...lines, ...months].join('\r\n')}\r\n`;
}
