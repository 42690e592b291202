export { createDatabase, type Database, type Reader, type Tx } from './database.ts';
export { startEmbeddedPostgres } from './embedded/index.ts';
export { DatabaseExhausted, DatabaseUnavailable } from './errors.ts';
export { createGroupCommit, type GroupCommit } from './group-commit.ts';
export { insertRows } from './insert-rows.ts';
export {
  type DatabaseInspection,
  findEmbeddedPostgres,
  inspectDatabase,
  newestMigration,
  readMigration,
} from './inspect.ts';
export { migrate } from './migrate.ts';
export { openDatabase } from './open-database.ts';
export { type Connection, createPool, createPools, type Pools } from './pool.ts';
export { type ByIds, type ByRows, queryByIds, queryByRows } from './prepared.ts';
export { readNow } from './read-now.ts';
export { createSweeper, type Sweeper } from './sweeper.ts';
export type { Tables } from './tables.ts';
export { together } from './together.ts';
