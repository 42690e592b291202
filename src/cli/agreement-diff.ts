import { type AgreementDetails, agreementPath, FIND_OPERATION, findAgreementId } from './agreement-shapes.ts';
import { diffTerms, inReadingOrder } from './agreement-terms.ts';
import { connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError, EXIT } from './context.ts';
import { printable } from './output.ts';

/** What the first version changes against the other, else against the one it replaces, else against the one it counters. */
export async function tellDiff(
  context: CliContext,
  [given, other]: readonly [string, string | undefined],
  options: NodeOptions,
): Promise<void> {
  const { api } = await connectNode(context, options, ['getAgreement', FIND_OPERATION]);
  const read = (id: string) => api.get<AgreementDetails>(agreementPath(id));
  const version = await read(await findAgreementId(api, given));
  const against =
    other === undefined ? (version.replaces ?? version.declines) : await findAgreementId(api, other);
  if (against === undefined) {
    throw new CliError('usage.diff', 'this version is a first one: it replaces nothing to compare it with', {
      hint: 'name the other version: `intervault agreement diff ID OTHER`',
      exitCode: EXIT.usage,
    });
  }
  const changes = diffTerms(inReadingOrder((await read(against)).terms), inReadingOrder(version.terms));
  if (options.json === true) {
    context.out(JSON.stringify({ agreement: version.id, against, changes }));
    return;
  }
  context.err(
    `${changes.length === 0 ? 'the terms are those' : 'changes'} of ${version.id} against ${against}`,
  );
  for (const { pointer, slot, from, to } of changes) {
    context.out(
      printable(
        `${pointer}${slot === undefined ? '' : ` (${slot})`}  ${valueText(from)} -> ${valueText(to)}`,
      ),
    );
  }
}

const valueText = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));
