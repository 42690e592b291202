import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import type { TlsOptions } from './server.ts';

/** The certificate and the key that the configuration names; undefined for plain HTTP, behind a proxy. */
export async function readTls(config: Config): Promise<TlsOptions | undefined> {
  const { tlsCertFile, tlsKeyFile } = config;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  const [cert, key] = await Promise.all([readFile(tlsCertFile), readFile(tlsKeyFile)]);
  return { cert, key };
}

/** Starts listening where the configuration says; tells where that is, since port 0 takes any. */
export async function listen(app: FastifyInstance, config: Config): Promise<{ host: string; port: number }> {
  await app.listen({ host: config.listenHost, port: config.port });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
  return { host: address.address, port: address.port };
}
