/** Who may call what: operation of openapi.yaml by role. A test walks every cell of the table. */

export const ROLES = ['operator', 'integrator', 'vault', 'auditor'] as const;

export type Role = (typeof ROLES)[number];

export type AccessTable = Readonly<Record<string, readonly Role[]>>;

export const ACCESS = {
  submitDocument: ['integrator'],
  getDocument: ['operator', 'integrator', 'auditor'],
} as const satisfies AccessTable;

export function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}

/** Closed: an operation that the table doesn't list is allowed to nobody. */
export function isAllowed(access: AccessTable, operationId: string, role: Role): boolean {
  return Object.hasOwn(access, operationId) && access[operationId]?.includes(role) === true;
}
