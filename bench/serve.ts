import type { Commands } from './child.ts';

type Asked = { id: number; name: string; argument: unknown };

/**
 * Answers the commands of the process that started this one, and ends with it, however it went. `cleanUp` runs
 * before the end.
 */
export function serveCommands(commands: Commands, cleanUp: () => Promise<void> = async () => {}): void {
  const send = (message: object) => {
    if (process.connected) process.send?.(message);
  };
  process.on('message', async ({ id, name, argument }: Asked) => {
    try {
      const command = commands[name];
      if (command === undefined) throw new Error(`there is no command ${name}`);
      send({ id, ok: true, value: await command(argument as never) });
    } catch (error) {
      send({ id, ok: false, value: error instanceof Error ? (error.stack ?? error.message) : error });
    }
  });
  // Ctrl-C reaches the whole process group; the one who started this process says when to stop.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.once('disconnect', () => {
    cleanUp().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  });
  send({ id: 0, ok: true, value: undefined });
}
