/** What one host's vault may take from the other institution. A missing member grants nothing. */
export type LinkScopes = {
  documents?: string[];
  contact?: string[];
  engagement?: 'none' | 'aggregate' | 'individual';
  readReceipts?: boolean;
};

/** By host id. */
export type LinkScopesByHost = Record<string, LinkScopes>;

const ENGAGEMENT_ORDER = ['none', 'aggregate', 'individual'] as const;

/** Only what both halves grant. */
export function intersectScopes(a: LinkScopesByHost, b: LinkScopesByHost): LinkScopesByHost {
  const both: LinkScopesByHost = {};
  for (const host of Object.keys(a)) {
    const left = a[host];
    const right = Object.hasOwn(b, host) ? b[host] : undefined;
    if (left === undefined || right === undefined) continue;
    both[host] = intersectHostScopes(left, right);
  }
  return both;
}

function intersectHostScopes(a: LinkScopes, b: LinkScopes): LinkScopes {
  const engagement =
    ENGAGEMENT_ORDER[
      Math.min(
        ENGAGEMENT_ORDER.indexOf(a.engagement ?? 'none'),
        ENGAGEMENT_ORDER.indexOf(b.engagement ?? 'none'),
      )
    ];
  return {
    documents: (a.documents ?? []).filter((type) => b.documents?.includes(type) === true),
    contact: (a.contact ?? []).filter((category) => b.contact?.includes(category) === true),
    engagement: engagement ?? 'none',
    readReceipts: a.readReceipts === true && b.readReceipts === true,
  };
}

/** Whether scopes name no other host than these. */
export function namesOnly(scopes: LinkScopesByHost, hosts: readonly string[]): boolean {
  return Object.keys(scopes).every((host) => hosts.includes(host));
}

/** Whether `scopes` grant nothing that `bounds` don't. */
export function isWithinScopes(scopes: LinkScopesByHost, bounds: LinkScopesByHost): boolean {
  return Object.entries(scopes).every(([host, asked]) => {
    const bound: LinkScopes = (Object.hasOwn(bounds, host) ? bounds[host] : undefined) ?? {};
    const within = intersectHostScopes(asked, bound);
    return (
      within.documents?.length === (asked.documents?.length ?? 0) &&
      within.contact?.length === (asked.contact?.length ?? 0) &&
      within.engagement === (asked.engagement ?? 'none') &&
      within.readReceipts === (asked.readReceipts === true)
    );
  });
}
