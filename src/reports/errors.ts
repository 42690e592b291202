/** What the institution API refuses of reports. */
export const reportProblems = {
  'report.input': { status: 400, title: 'These months cannot be reported', retryable: false },
} as const;

export type ReportProblemCode = keyof typeof reportProblems;
