/** Why a database could not be brought up, and what the operator can do about it. */
export type StartupErrorCode =
  | 'db.embedded_missing'
  | 'db.embedded_namespace'
  | 'db.embedded_start'
  | 'db.data_dir_locked'
  | 'db.newer_than_node'
  | 'db.migration_changed'
  | 'db.migration_failed'
  | 'db.migration_files';

export type StartupError = Error & { readonly code: StartupErrorCode; readonly hint: string };

export function startupError(
  code: StartupErrorCode,
  message: string,
  hint: string,
  cause?: unknown,
): StartupError {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  return Object.assign(error, { name: 'StartupError', code, hint });
}

export function isStartupError(error: unknown): error is StartupError {
  return error instanceof Error && error.name === 'StartupError';
}
