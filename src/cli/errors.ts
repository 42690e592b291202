import { ApiError } from '../api-client/index.ts';
import { CliError, EXIT } from './context.ts';
import { asRunHere } from './invocation.ts';
import { printable } from './output.ts';

export type DescribedError = {
  code: string;
  message: string;
  hint?: string;
  exitCode: number;
  /** Whether stdout has its answer already. */
  answered: boolean;
};

/** What to do about what the node answers, where the title alone leaves one guessing. */
const HINTS: Readonly<Record<string, string>> = {
  'node.unreachable': 'is it running? `intervault start` starts it, `intervault doctor` tells what is wrong',
  'node.draining': 'the node is stopping; try again once it has started',
  'auth.expired': 'make another token: `intervault token create --role …`',
  'auth.invalid':
    'the token is of another node or issuer, or the data directory is not that of the node that answers',
  'auth.forbidden': 'use a token of another role; docs/access.md lists who may do what',
  'federation.off': 'set INTERVAULT_PUBLIC_URL to the public https address of this node and start it again',
  'peer.not_found': '`intervault peer list` shows them all',
  'peer.exists': '`intervault peer show` tells its state; a suspended one is resumed, not added again',
  'peer.unreachable': 'can this machine reach it? try: curl -v <url>/.well-known/openid-federation',
  'peer.pin': 'a thumbprint has 43 characters; `intervault peer discover URL` shows it',
  'document.unknown': '`intervault document list` and `intervault document inbox` show what there is',
  'link.unknown': '`intervault link list` shows them all',
  'link.not_found': '`intervault link list` shows them all',
  'link.scope': 'the link does not allow this type: `intervault link show` tells what it allows',
  'agreement.scope': '`intervault agreement show` tells what the agreement with this peer covers',
  'agreement.not_found': '`intervault agreement list` shows them all',
  'agreement.peer':
    '`intervault peer list` shows them; a suspended one is resumed, an unknown one is added, before anything is agreed',
  'agreement.exists': 'add --amend: the proposal then replaces the newest version',
  'agreement.outdated':
    '`intervault agreement list` shows the newest version; --amend without an id names it, and without --amend nothing is replaced',
  'agreement.ended':
    'an agreement that somebody has terminated is not amended: without --amend it is the proposal of a new one',
  'agreement.own': 'you may withdraw it: `intervault agreement decline`',
  'agreement.open':
    '`intervault agreement list --state open` shows it: your own is withdrawn with `intervault agreement decline`; the peer’s is accepted or declined by you, or answered with --counter',
  'agreement.closed': '`intervault agreement show` tells what became of it',
  'agreement.expired': 'ask the peer to propose it again, or propose it yourself',
  'agreement.notice':
    '`intervault agreement show` tells the notice; without --ends-at it ends as soon as the notice allows',
  'agreement.unknown': 'only what both sides have signed can be terminated: a proposal is declined',
  'key.rotation_running':
    '`intervault keys list` shows the key that is waiting; retire it first to start over',
  'database.unavailable': '`intervault doctor` tells what is wrong with the database',
};

/** Errors of startup, of keys and of the node carry a stable code and mostly a hint; the rest is ours to repair. */
export function describeError(error: unknown): DescribedError {
  if (error instanceof ApiError) return describeProblem(error);
  const { code, hint, exitCode } = error as { code?: unknown; hint?: unknown; exitCode?: unknown };
  return {
    code: typeof code === 'string' ? code : 'internal.error',
    message: error instanceof Error ? error.message : String(error),
    ...(typeof hint === 'string' && { hint: asRunHere(hint) }),
    exitCode: typeof exitCode === 'number' ? exitCode : EXIT.failed,
    answered: error instanceof CliError && error.answered,
  };
}

function describeProblem({ code, message, status, problem }: ApiError): DescribedError {
  const { pointer, reason, requestId, retryable } = problem;
  const at = typeof pointer === 'string' && !message.includes(pointer) ? ` (at ${pointer})` : '';
  const cause = typeof reason === 'string' ? ` (${reason})` : '';
  const hints = [
    HINTS[code],
    status >= 500 && typeof requestId === 'string' && `the log of the node says more, under ${requestId}`,
    retryable === true && status !== 0 && 'the same command may succeed later',
  ].filter((hint): hint is string => typeof hint === 'string');
  return {
    code: printable(code),
    message: printable(`${message}${at}${cause}`),
    ...(hints.length > 0 && { hint: asRunHere(hints.join('; ')) }),
    exitCode:
      status === 0 ? EXIT.unreachable : status === 401 || status === 403 ? deniedOr(code) : EXIT.failed,
    answered: false,
  };
}

/** Links refuse with 403 as well, for reasons that no other token would change. */
function deniedOr(code: string): number {
  return code.startsWith('auth.') ? EXIT.denied : EXIT.failed;
}
