import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Test } from 'tap';

export type Handler = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  forward: () => void,
) => void | Promise<void>;

/** A real HTTP hop in front of a node: it forwards, until it is told to misbehave. */
export type Hop = {
  readonly url: string;
  /** Where it forwards to. */
  target: string | undefined;
  /** What happens to an exchange's PUT; forwards where absent. */
  onPut: Handler | undefined;
  onClose: Handler | undefined;
  /** What happens to any other request. */
  onOther: Handler | undefined;
  /** PUTs seen. */
  readonly puts: number;
  readonly closings: number;
};

export async function startHop(t: Test): Promise<Hop> {
  const sockets = new Set<Socket>();
  const state: Record<'onPut' | 'onClose' | 'onOther', Handler | undefined> & { target: string | undefined } =
    {
      target: undefined,
      onPut: undefined,
      onClose: undefined,
      onOther: undefined,
    };
  let puts = 0;
  let closings = 0;

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (state.target === undefined) {
      incoming.socket.destroy();
      return;
    }
    const onward = request(
      new URL(incoming.url ?? '/', state.target),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      },
    );
    onward.on('error', () => outgoing.destroy());
    incoming.on('error', () => onward.destroy());
    incoming.pipe(onward);
  }

  // As long as the node's own: a connection that the hop closed first would look like a peer that fails.
  const server: Server = createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    const go = () => forward(incoming, outgoing);
    const isClose = incoming.method === 'POST' && incoming.url?.endsWith('/close') === true;
    if (incoming.method === 'PUT') puts++;
    if (isClose) closings++;
    const handler = incoming.method === 'PUT' ? state.onPut : isClose ? state.onClose : state.onOther;
    if (handler === undefined) go();
    else void handler(incoming, outgoing, go);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    get target() {
      return state.target;
    },
    set target(value) {
      state.target = value;
    },
    get onPut() {
      return state.onPut;
    },
    set onPut(value) {
      state.onPut = value;
    },
    get onClose() {
      return state.onClose;
    },
    set onClose(value) {
      state.onClose = value;
    },
    get onOther() {
      return state.onOther;
    },
    set onOther(value) {
      state.onOther = value;
    },
    get puts() {
      return puts;
    },
    get closings() {
      return closings;
    },
  };
}

/** Holds the exchanges of one act back; everything else passes. Returns what lets each of them go on, as they come. */
export function holdAct(hop: Hop, held: string): (() => void)[] {
  const waiting: (() => void)[] = [];
  hop.onPut = (incoming, _outgoing, forward) => {
    const [, claims = ''] = String(incoming.headers['ivx-envelope']).split('.');
    const { act } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { act: string };
    if (act === held) waiting.push(forward);
    else forward();
  };
  return waiting;
}
