import { type AddressInfo, connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildHttpApp, type HttpAppOptions } from '../../src/http/app.ts';
import type { ParseJson } from '../../src/http/json-body.ts';
import { createLogger } from '../../src/http/logger.ts';
import { mergeProblems, type ProblemTable } from '../../src/http/problem.ts';
import { httpProblems } from '../../src/http/problems.ts';

export type LogLine = Record<string, unknown>;

export function captureLog(level = 'trace'): { logger: Logger; lines: LogLine[]; text: () => string } {
  const written: string[] = [];
  const lines: LogLine[] = [];
  const logger = createLogger(level, {
    write(line: string) {
      written.push(line);
      lines.push(JSON.parse(line) as LogLine);
    },
  });
  return { logger, lines, text: () => written.join('') };
}

/** Stands in for the protocol's strict parser, which has tests of its own. */
export const parseJson: ParseJson = (bytes) => {
  try {
    return { ok: true, value: JSON.parse(Buffer.from(bytes).toString('utf8')) };
  } catch {
    return { ok: false, reason: 'json.syntax' };
  }
};

export async function buildTestApp(
  options: Partial<HttpAppOptions> & { tables?: readonly ProblemTable[] } = {},
): Promise<FastifyInstance> {
  const { tables = [], ...rest } = options;
  return buildHttpApp({
    logger: captureLog().logger,
    problems: mergeProblems(httpProblems, ...tables),
    parseJson,
    ...rest,
  });
}

export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

/** Writes bytes as they are, collects what comes back until the server ends the connection or `untilMs`. */
export function rawExchange(
  port: number,
  text: string | readonly string[],
  { pauseMs = 5, untilMs = 10_000 }: { pauseMs?: number; untilMs?: number } = {},
): Promise<{ answer: string; closed: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answer, closed });
    };
    const timer = setTimeout(() => finish(false), untilMs);
    socket.setEncoding('latin1');
    socket.on('data', (data) => {
      answer += String(data);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => finish(true));
    const parts = typeof text === 'string' ? [text] : [...text];
    const writeNext = () => {
      const part = parts.shift();
      if (part === undefined || socket.destroyed) return;
      socket.write(part, 'latin1');
      setTimeout(writeNext, pauseMs);
    };
    socket.on('connect', writeNext);
  });
}
