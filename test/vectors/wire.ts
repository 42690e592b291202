import { connect, type Socket } from 'node:net';
import type { WireRequest } from '../../scripts/spec-vectors/refusal-shapes.ts';
import { answerBreaches } from '../support/openapi.ts';

export type WireAnswer = { status: number; contentType: string; body: Buffer };

/** A request that is under way, written by hand so that it can stop or break where a vector says so. */
export type Sent = {
  answer: Promise<WireAnswer>;
  end(): void;
};

const HEAD_END = Buffer.from('\r\n\r\n');
const ANSWER_TIMEOUT_MS = 15_000;

/** Every answer is held against openapi.yaml. `beforeHead` runs once half of the header is on its way. */
export async function send(
  port: number,
  request: WireRequest,
  beforeHead?: () => Promise<void>,
): Promise<Sent> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const answer = readAnswer(socket).then((one) => asContract(request, one));
  // Whoever waits for no answer still has one that may fail.
  answer.catch(() => {});

  socket.write(`${request.method} ${request.path} HTTP/1.1\r\nhost: b.example\r\n`);
  await beforeHead?.();
  const headers = Object.entries(request.headers).filter((header) => header[1] !== undefined);
  if (request.method === 'POST') headers.push(['content-length', '0']);
  socket.write(`${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);

  const body = Buffer.from(request.body ?? '', 'base64url');
  const part = request.stopAfter === undefined ? body : body.subarray(0, request.stopAfter);
  if (request.headers['transfer-encoding'] === 'chunked') {
    if (part.length > 0) {
      socket.write(`${part.length.toString(16)}\r\n`);
      socket.write(Buffer.concat([part, Buffer.from('\r\n')]));
    }
    if (request.afterwards === undefined) socket.write('0\r\n\r\n');
  } else if (part.length > 0) {
    socket.write(part);
  }
  if (request.afterwards === 'cut') {
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
  }
  return { answer, end: () => socket.destroy() };
}

function asContract({ method, path }: WireRequest, answer: WireAnswer): WireAnswer {
  const { status, contentType, body } = answer;
  const type = contentType === '' ? null : contentType;
  const breaches = answerBreaches({ method, target: path }, { status, type, body });
  if (breaches.length > 0) throw new Error(`against openapi.yaml: ${breaches.join('; ')}`);
  return answer;
}

function readAnswer(socket: Socket): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => socket.destroy(new Error('no answer came')), ANSWER_TIMEOUT_MS).unref();
    const look = () => {
      const answer = parseAnswer(received);
      if (answer === undefined) return;
      clearTimeout(timer);
      resolve(answer);
      socket.destroy();
    };
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      look();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection ended without an answer')));
  });
}

/** The answers of a node have a length; interim ones (1xx) are passed over. */
function parseAnswer(received: Buffer): WireAnswer | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const rest = received.subarray(headEnd + HEAD_END.length);
  if (status < 200) return parseAnswer(rest);
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  if (rest.length < length) return undefined;
  return {
    status,
    contentType: /^content-type: (.+)$/im.exec(head)?.[1]?.trim() ?? '',
    body: rest.subarray(0, length),
  };
}
