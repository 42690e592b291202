import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { routePattern } from './logger.ts';

export type HttpMetrics = Readonly<{
  duration: Histogram<'route' | 'method' | 'status_class'>;
  inFlight: Gauge;
}>;

/** A registry of its own for each node, so that two in one process don't share counts. */
export type Metrics = Readonly<{ registry: Registry; http: HttpMetrics }>;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];

/** `processMetrics`: memory, event loop and garbage collection of this process beside what the rooms count. */
export function createMetrics({ processMetrics = true }: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'intervault_http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer, by route pattern',
    labelNames: ['route', 'method', 'status_class'] as const,
    buckets: SECONDS,
    registers: [registry],
  });
  const inFlight = new Gauge({
    name: 'intervault_http_requests_in_flight',
    help: 'Requests being answered',
    registers: [registry],
  });
  return { registry, http: { duration, inFlight } };
}

/** Counts every request of a listener, those that are refused early and those that break off included. */
export function installHttpMetrics(app: FastifyInstance, { duration, inFlight }: HttpMetrics): void {
  app.addHook('onRequest', (request, reply, done) => {
    const startMs = performance.now();
    let open = true;
    const end = (statusClass: string) => {
      if (!open) return;
      open = false;
      inFlight.dec();
      duration.observe(
        { route: routePattern(request), method: request.method, status_class: statusClass },
        (performance.now() - startMs) / 1000,
      );
    };
    inFlight.inc();
    reply.raw
      .once('finish', () => end(`${Math.floor(reply.raw.statusCode / 100)}xx`))
      .once('close', () => end('aborted'));
    done();
  });
}
