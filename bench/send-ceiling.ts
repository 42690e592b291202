// Run as a process of its own: the least that any sender has to do for each push, and nothing else. One signature, one
// request over keep-alive HTTP/1.1, its answer read. It shares no code with the node.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { Pool } from 'undici';
import { serveCommands } from './serve.ts';

const SIGNED_BYTES = 700;

const { privateKey } = generateKeyPairSync('ed25519');

const commands = {
  /** Sends to paths that the peer knows, over and over, for `seconds`. */
  async send(plan: {
    origin: string;
    jtis: string[];
    bodyBytes: number;
    connections: number;
    seconds: number;
  }): Promise<{ answered: number; elapsedMs: number }> {
    const pool = new Pool(plan.origin, { connections: plan.connections, pipelining: 1 });
    const claims = randomBytes(SIGNED_BYTES / 2).toString('hex');
    const body = randomBytes(plan.bodyBytes);
    const startMs = performance.now();
    const untilMs = startMs + plan.seconds * 1000;
    let sent = 0;
    let answered = 0;
    async function connection(): Promise<void> {
      while (performance.now() < untilMs) {
        const jti = plan.jtis[sent++ % plan.jtis.length];
        const signature = sign(null, Buffer.from(`${claims}${sent}`, 'latin1'), privateKey);
        const response = await pool.request({
          method: 'PUT',
          path: `/federation/v1/exchanges/${jti}`,
          headers: {
            'ivx-envelope': `${claims}.${signature.toString('base64url')}`,
            'content-type': 'application/ivx-exchange',
          },
          body,
        });
        await response.body.arrayBuffer();
        if (response.statusCode === 201) answered++;
      }
    }
    await Promise.all(Array.from({ length: plan.connections }, connection));
    const elapsedMs = performance.now() - startMs;
    await pool.close();
    return { answered, elapsedMs };
  },
};
export type SendCeilingCommands = typeof commands;

serveCommands(commands);
