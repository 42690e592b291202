import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { CoalescingSocket } from '../../src/db/coalescing-socket.ts';
import { tempDir } from '../support/temp-dir.ts';

type Listening = { socket: CoalescingSocket; received: Promise<string>; writes: () => number };

async function connected(t: Test): Promise<Listening> {
  const file = path.join(await tempDir(t), 'socket');
  let server: Server | undefined;
  const received = new Promise<string>((resolve) => {
    server = createServer((peer: Socket) => {
      let text = '';
      peer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      peer.on('end', () => resolve(text));
    });
  });
  await new Promise<void>((resolve) => server?.listen(file, resolve));
  const socket = new CoalescingSocket();
  t.teardown(() => {
    socket.destroy();
    server?.close();
  });
  let writes = 0;
  const writev = socket._writev?.bind(socket);
  socket._writev = (chunks, done) => {
    writes++;
    writev?.(chunks, done);
  };
  await new Promise<void>((resolve) => socket.connect(file, resolve));
  return { socket, received, writes: () => writes };
}

function statement(socket: CoalescingSocket, text: string): void {
  socket.cork();
  socket.write(`${text} `);
  socket.write('sync ');
  socket.uncork();
}

t.test('statements of one turn are one write, in their order', async (t) => {
  const { socket, received, writes } = await connected(t);
  for (const text of ['begin', 'insert', 'commit']) statement(socket, text);
  t.equal(writes(), 0, 'not before the turn is over');
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(writes(), 1);
  statement(socket, 'select');
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(writes(), 2);
  socket.end();
  t.equal(await received, 'begin sync insert sync commit sync select sync ');
});

t.test('an end in the turn of a statement sends that first', async (t) => {
  const { socket, received } = await connected(t);
  statement(socket, 'terminate');
  socket.end();
  t.equal(await received, 'terminate sync ');
});
