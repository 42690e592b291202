import { certificate, invoice } from './data.ts';
import { type Contribution, payslip } from './payslip-data.ts';
import { statement } from './statement-data.ts';

/** Rates are hundredths of a percent; halves round up, as French tax and payroll practice has it. */
export const share = (cents: number, rate: number): number => Math.round((cents * rate) / 10_000);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const invoiceSums = () => {
  const lines = invoice.lines.map((line) => ({ ...line, netCents: line.quantity * line.unitPriceCents }));
  const netCents = sum(lines.map((line) => line.netCents));
  const rates = [...new Set(lines.map((line) => line.vatRate))];
  // VAT is due on the total of each rate, not line by line, so that roundings do not pile up.
  const vat = rates.map((rate) => {
    const baseCents = sum(lines.filter((line) => line.vatRate === rate).map((line) => line.netCents));
    return { rate, baseCents, vatCents: rate === null ? 0 : share(baseCents, rate) };
  });
  const vatCents = sum(vat.map((entry) => entry.vatCents));
  return { lines, vat, netCents, vatCents, totalCents: netCents + vatCents };
};

export const statementSums = () => {
  const amounts = statement.operations.map((operation) => operation.amountCents);
  const creditCents = sum(amounts.filter((amount) => amount > 0));
  const debitCents = -sum(amounts.filter((amount) => amount < 0));
  let balance: number = statement.openingCents;
  const balances = amounts.map((amount) => {
    balance += amount;
    return balance;
  });
  return {
    creditCents,
    debitCents,
    balances,
    closingCents: statement.openingCents + creditCents - debitCents,
  };
};

export const certificateSums = () => {
  const lines = certificate.premium.map((line) => ({
    ...line,
    taxCents: share(line.baseCents, line.taxRate),
  }));
  const baseCents = sum(lines.map((line) => line.baseCents));
  const taxCents = sum(lines.map((line) => line.taxCents));
  const totalCents = baseCents + taxCents + certificate.guaranteeFundCents;
  return { lines, baseCents, taxCents, totalCents, instalmentCents: totalCents / certificate.instalments };
};

export const payslipSums = () => {
  const baseSalaryCents = Math.round((payslip.hoursHundredths * payslip.hourlyRateTenThousandths) / 10_000);
  const bonusCents = share(baseSalaryCents, payslip.seniorityBonusRate);
  const grossCents = baseSalaryCents + bonusCents;
  const ceilingCents = payslip.socialSecurityCeilingCents;
  const all: readonly Contribution[] = payslip.contributions.flatMap((group) => group.lines);
  const healthCoverCents = sum(
    all.filter((line) => line.base === 'ceiling').map((line) => share(ceilingCents, line.employerRate ?? 0)),
  );
  const csgCents = share(grossCents, payslip.csgShareOfGross) + healthCoverCents;
  const bases = { gross: grossCents, ceiling: ceilingCents, csg: csgCents };
  const groups = payslip.contributions.map((group) => ({
    label: group.label,
    lines: group.lines.map((line) => ({
      ...line,
      baseCents: bases[line.base],
      employeeCents: share(bases[line.base], line.employeeRate ?? 0),
      employerCents: share(bases[line.base], line.employerRate ?? 0),
    })),
  }));
  const lines = groups.flatMap((group) => group.lines);
  const employeeCents = sum(lines.map((line) => line.employeeCents));
  const employerCents = sum(lines.map((line) => line.employerCents));
  const deductibleCents = sum(lines.filter((line) => line.deductible).map((line) => line.employeeCents));
  const netBeforeTaxCents = grossCents - employeeCents;
  // What the employer pays for health cover is income, for the tax as for the CSG.
  const taxableCents = grossCents - deductibleCents + healthCoverCents;
  const incomeTaxCents = share(taxableCents, payslip.incomeTaxRate);
  const before = payslip.yearToDateBefore;
  return {
    baseSalaryCents,
    bonusCents,
    grossCents,
    groups,
    employeeCents,
    employerCents,
    netBeforeTaxCents,
    taxableCents,
    incomeTaxCents,
    netPaidCents: netBeforeTaxCents - incomeTaxCents,
    employerCostCents: grossCents + employerCents,
    yearToDate: {
      grossCents: before.grossCents + grossCents,
      taxableCents: before.taxableCents + taxableCents,
      incomeTaxCents: before.incomeTaxCents + incomeTaxCents,
    },
    leaveLeftHundredths: payslip.leave.acquiredHundredths - payslip.leave.takenHundredths,
  };
};
