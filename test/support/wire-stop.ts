import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hop } from './hop.ts';

/** Where a PUT can be stopped: before anything of it arrives, half way through its body, or once it is answered. */
export type WirePoint = 'sent' | 'half' | 'answered';

export type StoppedOnTheWay = {
  /** Resolves once a PUT stands there. */
  there: Promise<void>;
  /** Lets it go on. */
  go(): void;
};

/** Stops the next PUT that passes the hop at one point of its way; all others pass. */
export function stopOnTheWay(hop: Hop, point: WirePoint): StoppedOnTheWay {
  const there = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  hop.onPut = async (incoming, outgoing, forward) => {
    hop.onPut = undefined;
    if (point === 'sent') {
      there.resolve();
      await gone.promise;
    } else if (point === 'half') {
      stopHalfWay(incoming, there.resolve, gone.promise);
    } else {
      keepAnswer(outgoing, there.resolve, gone.promise);
    }
    forward();
  };
  return {
    there: there.promise,
    go() {
      hop.onPut = undefined;
      gone.resolve();
    },
  };
}

/** Headers and the first half of the body go on, the rest waits. */
function stopHalfWay(incoming: IncomingMessage, reached: () => void, gone: Promise<void>): void {
  const size = Number(incoming.headers['content-length']);
  const pipe = incoming.pipe.bind(incoming);
  incoming.pipe = ((onward: NodeJS.WritableStream) => {
    let seen = 0;
    const pass = (chunk: Buffer) => {
      onward.write(chunk);
      seen += chunk.length;
      if (seen < size / 2) return;
      incoming.off('data', pass);
      incoming.pause();
      reached();
      void gone.then(() => pipe(onward));
    };
    incoming.on('data', pass);
    return onward;
  }) as typeof incoming.pipe;
}

function keepAnswer(outgoing: ServerResponse, reached: () => void, gone: Promise<void>): void {
  const write = outgoing.write.bind(outgoing) as (chunk: unknown) => boolean;
  const end = outgoing.end.bind(outgoing) as () => typeof outgoing;
  const kept: unknown[] = [];
  outgoing.write = ((chunk: unknown) => {
    kept.push(chunk);
    return true;
  }) as typeof outgoing.write;
  outgoing.end = (() => {
    reached();
    void gone.then(() => {
      for (const chunk of kept) write(chunk);
      end();
    });
    return outgoing;
  }) as typeof outgoing.end;
}
