export { createDatabase, type Database, type Reader, type Tx } from './database.ts';
export { startEmbeddedPostgres } from './embedded/index.ts';
export { DatabaseExhausted, DatabaseUnavailable } from './errors.ts';
export { createGroupCommit, type GroupCommit } from './group-commit.ts';
export { insertRows } from './insert-rows.ts';
export { migrate } from './migrate.ts';
export { type Connection, createPool } from './pool.ts';
export type { Tables } from './tables.ts';
