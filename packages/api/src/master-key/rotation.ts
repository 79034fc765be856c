import type { Items } from '../platform/jobs/items.ts';
import type { SealedColumn, Vault } from '../platform/crypto/vault.ts';

/** A column of sealed values. */
export interface TableColumn {
  readonly table: string;
  readonly column: string;
}

export interface SealedValue {
  readonly id: string;
  readonly at: SealedColumn;
  readonly record: Buffer;
}

/** The progress of one column. */
interface SealedProgress extends TableColumn {
  readonly total: number;
  /** Values sealed with the current master key. */
  readonly current: number;
}

/** All sealed values. */
export interface SealedStore {
  readonly columns: readonly TableColumn[];
  progress(version: number): Promise<SealedProgress[]>;
  /** Values of other versions, ordered by row id, after `afterId`. */
  outdated(
    column: TableColumn,
    version: number,
    afterId: string | null,
    limit: number,
  ): Promise<SealedValue[]>;
  /** Replaces the old record; false if it has changed. */
  replace(column: TableColumn, value: SealedValue, record: Buffer): Promise<boolean>;
}

export interface MasterKeyStatus {
  /** Version of the current master key. */
  readonly version: number;
  readonly columns: readonly SealedProgress[];
  /** No value needs a retired key. */
  readonly done: boolean;
}

/** Small, so that no batch occupies a connection for long and a kill loses little. */
const BATCH = 100;

export interface MasterKeyRotationDeps {
  readonly store: SealedStore;
  readonly vault: Vault;
  /** A record that no known key opens becomes a failing item and stays unchanged. */
  readonly items: Items;
}

/**
 * Reseals everything with the current master key. The records themselves hold the progress, so it can be
 * interrupted, restarted and run in several processes. A value that was changed meanwhile is kept.
 */
export function createMasterKeyRotation({ store, vault, items }: MasterKeyRotationDeps) {
  function resealOne(column: TableColumn, value: SealedValue): Promise<boolean> {
    const { at, record } = value;
    return store.replace(column, value, vault.seal(at, vault.open(at, record).reveal()));
  }

  async function status(): Promise<MasterKeyStatus> {
    const columns = await store.progress(vault.version);
    return {
      version: vault.version,
      columns,
      done: columns.every(({ total, current }) => total === current),
    };
  }

  /**
   * Processes everything once; failing values wait for the next run. Returns how many values it sealed.
   * @param forMs approximate time limit
   * @param stop ends the run after the current batch
   */
  async function reseal(forMs: number, stop?: AbortSignal): Promise<number> {
    const until = performance.now() + forMs;
    let sealed = 0;
    for (const column of store.columns) {
      let afterId: string | null = null;
      while (performance.now() < until && stop?.aborted !== true) {
        const values: SealedValue[] = await store.outdated(column, vault.version, afterId, BATCH);
        for (const value of values) {
          const item = `${value.at.column} of ${value.id}`;
          if ((await items.attempt(item, () => resealOne(column, value))) === true) sealed++;
        }
        if (values.length < BATCH) break;
        afterId = values.at(-1)!.id;
      }
    }
    return sealed;
  }

  return {
    status,
    reseal,

    /** Reseals and returns the progress. */
    async run(forMs = Infinity, stop?: AbortSignal): Promise<MasterKeyStatus> {
      await reseal(forMs, stop);
      return status();
    },
  };
}

export type MasterKeyRotation = ReturnType<typeof createMasterKeyRotation>;
