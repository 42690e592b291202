import { createServer } from 'node:net';
import path from 'node:path';
import { type ApiClient, createApiClient } from '../api-client/index.ts';
import { createInstitution, type Institution, type ProgramStarter } from './institution.ts';
import type { Timeline } from './timeline.ts';

export type Party = {
  institution: Institution;
  operator: ApiClient;
  integrator: ApiClient;
  vault: ApiClient;
};

/** Three institutions, not started yet. */
export async function createInstitutions(
  starter: ProgramStarter,
  folder: string,
): Promise<[Institution, Institution, Institution]> {
  const [portA, portB, portC] = await freePorts(3);
  const make = (name: string, port: number | undefined, dataDir: string) =>
    createInstitution(starter, { name, port: port as number, dataDir: path.join(folder, dataDir) });
  return [
    make('Banque A', portA, 'banque-a'),
    make('Assurance B', portB, 'assurance-b'),
    make('Télécom C', portC, 'telecom-c'),
  ];
}

export type Parties = { a: Party; b: Party; c: Party };

/** Starts all of them, and gives each a caller for each job. */
export async function startParties(
  [a, b, c]: [Institution, Institution, Institution],
  timeline: Timeline,
): Promise<Parties> {
  await Promise.all(
    [a, b, c].map(async (institution) => {
      await institution.start();
      timeline.say(institution.name, `started at ${institution.url}, with a database and keys of its own`);
    }),
  );
  return { a: await partyOf(a), b: await partyOf(b), c: await partyOf(c) };
}

async function partyOf(institution: Institution): Promise<Party> {
  const caller = async (role: string) =>
    createApiClient({ baseUrl: institution.url, token: await institution.token(role) });
  const [operator, integrator, vault] = await Promise.all([
    caller('operator'),
    caller('integrator'),
    caller('vault'),
  ]);
  return { institution, operator, integrator, vault };
}

/** Ports that were free a moment ago. Held open together, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
