import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { type ContactNote, saveContacts } from './store.ts';

export type Contact =
  | { direction: 'in'; ok: boolean }
  /** `problem`: a stable code, kept until a try succeeds. */
  | { direction: 'out'; ok: true }
  | { direction: 'out'; ok: false; problem: string };

export type Contacts = {
  note(entityId: string, contact: Contact): void;
  onInbound(listener: (entityId: string) => void): () => void;
  flush(): Promise<void>;
};

/** When each peer last answered or called: kept in memory, since it changes with each exchange, and saved now and then. */
export function createContacts(deps: { db: Database; clock: Clock }): Contacts {
  const listeners = new Set<(entityId: string) => void>();
  let unsaved = new Map<string, ContactNote>();

  function noteOf(entityId: string): ContactNote {
    let note = unsaved.get(entityId);
    if (note === undefined) {
      note = {
        entityId,
        inboundAt: undefined,
        outboundAt: undefined,
        failingSince: undefined,
        problem: null,
      };
      unsaved.set(entityId, note);
    }
    return note;
  }

  return {
    note(entityId, contact) {
      const note = noteOf(entityId);
      const at = new Date(deps.clock.nowMs());
      if (contact.direction === 'in') {
        if (!contact.ok) return;
        note.inboundAt = at;
        for (const listener of listeners) listener(entityId);
      } else if (contact.ok) {
        note.outboundAt = at;
        note.failingSince = null;
        note.problem = null;
      } else {
        note.failingSince ??= at;
        note.problem = contact.problem;
      }
    },
    onInbound(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async flush() {
      if (unsaved.size === 0) return;
      const notes = [...unsaved.values()].sort((a, b) => (a.entityId < b.entityId ? -1 : 1));
      unsaved = new Map();
      try {
        await deps.db.transact((tx) => saveContacts(tx, notes));
      } catch (error) {
        for (const note of notes) {
          const newer = unsaved.get(note.entityId);
          unsaved.set(note.entityId, newer === undefined ? note : merge(note, newer));
        }
        throw error;
      }
    },
  };
}

function merge(older: ContactNote, newer: ContactNote): ContactNote {
  const told = newer.failingSince !== undefined;
  return {
    entityId: newer.entityId,
    inboundAt: newer.inboundAt ?? older.inboundAt,
    outboundAt: newer.outboundAt ?? older.outboundAt,
    failingSince: told ? newer.failingSince : older.failingSince,
    problem: told ? newer.problem : older.problem,
  };
}
