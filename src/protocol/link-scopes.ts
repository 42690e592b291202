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
