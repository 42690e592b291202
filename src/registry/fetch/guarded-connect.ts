import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressPolicy, isAllowedAddress } from './address.ts';

export type ResolvedAddress = { address: string; family: number };

/** All addresses of a host name. */
export type Lookup = (hostname: string) => Promise<ResolvedAddress[]>;

/** A peer's name led to an address this node doesn't connect to. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  readonly code = 'fetch.address';
}

const CONNECT_TIMEOUT_MS = 5_000;

export const resolveAll: Lookup = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses);
    });
  });

/**
 * A connector for undici that judges the addresses themselves, after the name was resolved and before a byte is sent:
 * checking the name, or resolving it twice, would leave a gap for an answer that changes in between. A name with one
 * refused address among its addresses is refused whole.
 */
export function createGuardedConnector(options: {
  policy: AddressPolicy;
  lookup?: Lookup | undefined;
  timeoutMs?: number;
}): buildConnector.connector {
  const { policy, lookup = resolveAll } = options;

  const guardedLookup: LookupFunction = (hostname, wanted, callback) => {
    lookup(hostname).then(
      (addresses) => {
        const first = addresses[0];
        if (first === undefined || !addresses.every(({ address }) => isAllowedAddress(address, policy))) {
          callback(new AddressRefused(`${hostname} has an address that is not allowed`), '');
        } else if (wanted.all === true) {
          callback(null, addresses);
        } else {
          callback(null, first.address, first.family);
        }
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };

  const connect = buildConnector({
    lookup: guardedLookup,
    timeout: options.timeoutMs ?? CONNECT_TIMEOUT_MS,
    allowH2: false,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  } as buildConnector.BuildOptions);

  return (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // Node resolves no literal, so the lookup above would never see it.
    if (isIP(host) !== 0 && !isAllowedAddress(host, policy)) {
      callback(new AddressRefused(`${host} is not allowed`), null);
      return;
    }
    connect(target, (error, socket) => {
      if (error !== null) {
        callback(error, null);
      } else if (!isAllowedAddress(socket.remoteAddress ?? '', policy)) {
        socket.destroy();
        callback(new AddressRefused(`${target.hostname} led to an address that is not allowed`), null);
      } else {
        callback(null, socket);
      }
    });
  };
}
