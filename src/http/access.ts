/** Who may call what: operation of openapi.yaml by role. A test walks every cell of the table. */

/** Of the institution's own people and programs. */
export const INSTITUTION_ROLES = ['operator', 'integrator', 'vault', 'auditor'] as const;

/** A customer calls from a browser, in a session that the vault opened for them, and about nobody else. */
export const ROLES = [...INSTITUTION_ROLES, 'customer'] as const;

export type InstitutionRole = (typeof INSTITUTION_ROLES)[number];
export type Role = (typeof ROLES)[number];

export type AccessTable = Readonly<Record<string, readonly Role[]>>;

export const ACCESS = {
  getNode: ['operator', 'integrator', 'vault', 'auditor'],

  submitDocument: ['integrator'],
  putDocumentContent: ['integrator'],
  listDocuments: ['operator', 'integrator', 'auditor'],
  getDocument: ['operator', 'integrator', 'auditor'],
  getDocumentContent: ['integrator'],
  getDocumentEvidence: ['operator', 'integrator', 'auditor'],
  retryDocument: ['operator'],
  cancelDocument: ['operator', 'integrator'],
  listDocumentTypes: ['operator', 'integrator', 'vault', 'auditor'],

  listInbox: ['vault', 'operator', 'auditor'],
  countInbox: ['vault', 'operator', 'auditor'],
  getInboxDocument: ['vault', 'operator', 'auditor'],
  getInboxContent: ['vault'],
  controlInboxDocument: ['vault', 'operator', 'auditor'],
  consignDocuments: ['vault'],
  consignDocument: ['vault'],
  refuseDocument: ['vault'],
  notifyDocuments: ['vault'],
  notifyDocument: ['vault'],
  failNotification: ['vault'],
  openDocument: ['vault'],
  getInboxEvidence: ['vault', 'operator', 'auditor'],
  deleteInboxDocument: ['vault'],
  restoreInboxDocument: ['vault'],
  eraseInboxDocument: ['operator'],
  recallDocument: ['integrator'],
  eraseDocument: ['operator'],
  getInboxJournal: ['vault', 'operator', 'auditor'],
  getCustomerJournal: ['vault', 'operator', 'auditor'],

  startLink: ['integrator', 'vault'],
  inspectLinkToken: ['integrator', 'vault'],
  declineLinkToken: ['integrator', 'vault'],
  redeemLinkToken: ['integrator', 'vault'],
  getRedemption: ['integrator', 'vault'],
  completeLink: ['integrator', 'vault'],
  listLinks: ['operator', 'integrator', 'vault', 'auditor'],
  searchLinks: ['operator', 'integrator', 'vault', 'auditor'],
  getLink: ['operator', 'integrator', 'vault', 'auditor'],
  pauseLink: ['integrator', 'vault'],
  resumeLink: ['integrator', 'vault'],
  revokeLink: ['operator', 'integrator', 'vault'],
  restoreLink: ['integrator', 'vault'],
  setLinkScopes: ['integrator', 'vault'],
  eraseLink: ['operator', 'integrator', 'vault'],
  getLinkJournal: ['operator', 'integrator', 'vault', 'auditor'],

  listPeers: ['operator', 'integrator', 'vault', 'auditor'],
  getPeer: ['operator', 'integrator', 'vault', 'auditor'],
  discoverPeer: ['operator'],
  addPeer: ['operator'],
  suspendPeer: ['operator'],
  resumePeer: ['operator'],
  removePeer: ['operator'],
  repinPeer: ['operator'],
  refreshPeer: ['operator'],

  proposeAgreement: ['operator'],
  acceptAgreement: ['operator'],
  declineAgreement: ['operator'],
  terminateAgreement: ['operator'],
  listAgreements: ['operator', 'integrator', 'vault', 'auditor'],
  getAgreement: ['operator', 'integrator', 'vault', 'auditor'],
  getAgreementEvidence: ['operator', 'auditor'],

  listLedgerAccounts: ['operator', 'auditor'],
  getLedgerAccount: ['operator', 'auditor'],
  reconcileLedger: ['operator', 'auditor'],
  listLedgerEntries: ['operator', 'auditor'],
  getLedgerEntryEvidence: ['operator', 'auditor'],
  reverseLedgerEntry: ['operator'],
  listLedgerStatements: ['operator', 'auditor'],
  createLedgerStatement: ['operator'],
  getLedgerStatement: ['operator', 'auditor'],
  countersignLedgerStatement: ['operator'],
  listLedgerDisputes: ['operator', 'auditor'],
  getLedgerForks: ['operator', 'auditor'],
  resumeLedger: ['operator'],

  listSlots: ['operator', 'integrator', 'vault', 'auditor'],
  pauseSlot: ['operator', 'vault'],
  resumeSlot: ['operator', 'vault'],
  sendMessage: ['integrator'],
  preflightMessage: ['integrator'],
  listMessages: ['operator', 'integrator', 'auditor'],
  getMessage: ['operator', 'integrator', 'auditor'],
  getMessageEvidence: ['operator', 'integrator', 'auditor'],
  withdrawMessage: ['integrator'],
  getRelationshipReport: ['operator', 'auditor'],
  listEngagement: ['operator', 'integrator', 'auditor'],
  listReplies: ['operator', 'integrator', 'auditor'],
  getReply: ['integrator'],
  getReplyEvidence: ['operator', 'integrator', 'vault', 'auditor'],
  answerReply: ['integrator'],
  openCustomerSession: ['vault'],
  getFeed: ['vault', 'customer'],
  getFeedImage: ['vault', 'customer'],
  recordEngagement: ['vault', 'customer'],
  sayReply: ['vault', 'customer'],
  undoReply: ['vault', 'customer'],
  listThreads: ['vault', 'customer'],
  getThread: ['vault', 'customer'],
  setProviders: ['vault'],
  listLearned: ['vault', 'customer'],
  getCustomerContact: ['vault', 'customer'],
  setCustomerContact: ['vault', 'customer'],
  muteGuest: ['vault', 'customer'],
  unmuteGuest: ['vault', 'customer'],

  listKeys: ['operator', 'auditor'],
  rotateKey: ['operator'],
  retireKey: ['operator'],
  revokeKey: ['operator'],
  listKekEpochs: ['operator', 'auditor'],
  rotateKek: ['operator'],
} as const satisfies AccessTable;

export function isInstitutionRole(value: unknown): value is InstitutionRole {
  return INSTITUTION_ROLES.some((role) => role === value);
}

/** Closed: an operation that the table doesn't list is allowed to nobody. */
export function isAllowed(access: AccessTable, operationId: string, role: Role): boolean {
  return Object.hasOwn(access, operationId) && access[operationId]?.includes(role) === true;
}
