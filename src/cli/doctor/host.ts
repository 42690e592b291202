import { X509Certificate } from 'node:crypto';
import { readFile, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config.ts';
import { readNodeFile } from '../node-file.ts';
import { formatBytes, formatDuration } from '../output.ts';
import { type Finding, failed, messageOf, ok, skipped, warning } from './finding.ts';

const GIB = 1024 ** 3;
const DISK_FAILS_BYTES = GIB;
const DISK_WARNS_BYTES = 10 * GIB;
const REQUEST_TIMEOUT_MS = 3_000;

/** Whether a node runs on this data directory, and what it says of itself. */
export async function checkNode(config: Config): Promise<{ findings: Finding[]; up: boolean }> {
  const file = await readNodeFile(config.dataDir);
  if (file === undefined) {
    const hint = 'start it: intervault start';
    return { findings: [skipped('node', `no node runs on ${config.dataDir}`, hint)], up: false };
  }
  try {
    const answer = await fetch(`${file.managementUrl}/readyz`, {
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const report = (await answer.json()) as { reasons: { check: string; ok: boolean; detail: string }[] };
    const red = report.reasons.filter((reason) => !reason.ok);
    const running = `runs as process ${file.pid}, ${file.url}`;
    const findings =
      red.length === 0
        ? [ok('node', `${running}, ready`)]
        : red.map(({ check, detail }) =>
            failed('node', `${running}, not ready: ${check}: ${detail}`, 'the log of the node says more'),
          );
    return { findings, up: true };
  } catch (error) {
    const detail = `process ${file.pid} does not answer at ${file.managementUrl}: ${messageOf(error)}`;
    const hint = 'it was killed, or hangs: look at its log, and start it again';
    return { findings: [failed('node', detail, hint)], up: false };
  }
}

/** Free space where the keys are, and with the embedded PostgreSQL everything else. */
export async function checkDisk(config: Config): Promise<Finding> {
  const check = 'disk';
  const { dataDir } = config;
  const folder = (await stat(dataDir).catch(() => undefined)) ? dataDir : path.dirname(dataDir);
  try {
    const disk = await statfs(folder);
    const freeBytes = disk.bavail * disk.bsize;
    const holds =
      config.databaseUrl === undefined ? 'keys and database' : 'keys; the database has its own disk';
    const detail = `${formatBytes(freeBytes)} free for ${dataDir} (${holds})`;
    const hint = 'make room: a full disk stops everything that is to be kept';
    if (freeBytes < DISK_FAILS_BYTES) return failed(check, detail, hint);
    const warns = config.databaseUrl === undefined && freeBytes < DISK_WARNS_BYTES;
    return warns ? warning(check, detail, hint) : ok(check, detail);
  } catch (error) {
    return failed(check, `${folder} can't be looked at: ${messageOf(error)}`, 'check INTERVAULT_DATA_DIR');
  }
}

const CERTIFICATE_WARNS_MS = 21 * 86_400_000;

/** The certificate this node serves, if it ends TLS itself. */
export async function checkCertificate(config: Config, nowMs: number): Promise<Finding> {
  const check = 'certificate';
  const { tlsCertFile, tlsKeyFile } = config;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    return skipped(check, 'none here: a proxy ends TLS');
  }
  try {
    const certificate = new X509Certificate(await readFile(tlsCertFile));
    await readFile(tlsKeyFile);
    const leftMs = certificate.validToDate.getTime() - nowMs;
    const hint = `renew it, put the new one at ${tlsCertFile}, and start the node again`;
    if (leftMs <= 0) return failed(check, `expired ${formatDuration(-leftMs)} ago`, hint);
    const host = config.publicUrl === undefined ? undefined : new URL(config.publicUrl).hostname;
    if (host !== undefined && !certificate.checkHost(host) && !certificate.checkIP(host)) {
      return failed(check, `it is not for ${host}, but for ${certificate.subjectAltName ?? 'nobody'}`, hint);
    }
    const detail = `valid for another ${formatDuration(leftMs)}`;
    return leftMs < CERTIFICATE_WARNS_MS ? warning(check, detail, hint) : ok(check, detail);
  } catch (error) {
    return failed(check, messageOf(error), 'both files must be PEM, and readable for the node’s account');
  }
}
