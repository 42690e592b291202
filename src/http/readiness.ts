/** Why a node is ready or not, check by check. */
export type Readiness = Readonly<{
  /** `check` may take `timeoutMs` at most; `detail` is read by operators and holds nothing secret. */
  add: (name: string, check: () => CheckResult | Promise<CheckResult>, timeoutMs?: number) => void;
  /** Runs all checks side by side. Callers that ask meanwhile share the run. */
  look: () => Promise<ReadinessReport>;
}>;

export type CheckResult = Readonly<{ ok: boolean; detail?: string }>;

export type ReadinessReport = {
  status: 'ready' | 'not_ready';
  reasons: { check: string; ok: boolean; detail: string }[];
};

type Check = {
  name: string;
  run: () => CheckResult | Promise<CheckResult>;
  timeoutMs: number;
  /** A check that outlived its time isn't started again beside itself. */
  pending: boolean;
};

const DEFAULT_TIMEOUT_MS = 2000;

export function createReadiness(
  onFailure: (check: string, error: unknown) => void = () => undefined,
): Readiness {
  const checks: Check[] = [];
  let running: Promise<ReadinessReport> | undefined;

  async function look(): Promise<ReadinessReport> {
    const reasons = await Promise.all(
      checks.map(async (check) => ({ check: check.name, ...(await runCheck(check, onFailure)) })),
    );
    return { status: reasons.every(({ ok }) => ok) ? 'ready' : 'not_ready', reasons };
  }

  return Object.freeze({
    add(name, run, timeoutMs = DEFAULT_TIMEOUT_MS) {
      if (checks.some((check) => check.name === name)) throw new Error(`readiness check ${name} exists`);
      checks.push({ name, run, timeoutMs, pending: false });
    },
    look() {
      running ??= look().finally(() => {
        running = undefined;
      });
      return running;
    },
  } satisfies Readiness);
}

async function runCheck(
  check: Check,
  onFailure: (check: string, error: unknown) => void,
): Promise<{ ok: boolean; detail: string }> {
  if (check.pending) return { ok: false, detail: 'the last look has not ended yet' };
  check.pending = true;
  const result = (async () => check.run())()
    .catch((error: unknown): CheckResult => {
      onFailure(check.name, error);
      return { ok: false, detail: 'the check failed, the log says why' };
    })
    .finally(() => {
      check.pending = false;
    });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(
      () => resolve({ ok: false, detail: `no answer within ${check.timeoutMs} ms` }),
      check.timeoutMs,
    );
  });
  const { ok, detail } = await Promise.race([result, late]);
  clearTimeout(timer);
  return { ok, detail: detail ?? (ok ? 'ok' : 'not ok') };
}
