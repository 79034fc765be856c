import type { Items } from '../platform/jobs/items.ts';
import type { SealedColumn, Vault } from '../platform/crypto/vault.ts';

/** A column that holds sealed values. */
export interface TableColumn {
  readonly table: string;
  readonly column: string;
}

export interface SealedValue {
  readonly id: string;
  readonly at: SealedColumn;
  readonly record: Buffer;
}

/** How far one column has come. */
interface SealedProgress extends TableColumn {
  readonly total: number;
  /** Those of the current master key. */
  readonly current: number;
}

/** Every sealed value that there is. */
export interface SealedStore {
  readonly columns: readonly TableColumn[];
  progress(version: number): Promise<SealedProgress[]>;
  /** Values of other versions than this one, in the order of their rows' ids, after `afterId`. */
  outdated(
    column: TableColumn,
    version: number,
    afterId: string | null,
    limit: number,
  ): Promise<SealedValue[]>;
  /** Puts the new record in the place of the old one; false where that is not there any more. */
  replace(column: TableColumn, value: SealedValue, record: Buffer): Promise<boolean>;
}

export interface MasterKeyStatus {
  /** Of the current master key. */
  readonly version: number;
  readonly columns: readonly SealedProgress[];
  /** Nothing needs a retired key any more. */
  readonly done: boolean;
}

/** Small, so that no batch occupies a connection for long and a kill loses little. */
const BATCH = 100;

export interface MasterKeyRotationDeps {
  readonly store: SealedStore;
  readonly vault: Vault;
  /** A record that no key we have opens is a failing item; it stays as it is. */
  readonly items: Items;
}

/**
 * Seals everything anew with the current master key. How far it has come is in the records themselves, so it may end
 * anywhere, begin again anywhere, and run in several processes at once: a value that was changed meanwhile stays.
 */
export function createMasterKeyRotation({ store, vault, items }: MasterKeyRotationDeps) {
  async function reseal(column: TableColumn, value: SealedValue): Promise<void> {
    const { at, record } = value;
    await store.replace(column, value, vault.seal(at, vault.open(at, record).reveal()));
  }

  async function status(): Promise<MasterKeyStatus> {
    const columns = await store.progress(vault.version);
    return {
      version: vault.version,
      columns,
      done: columns.every(({ total, current }) => total === current),
    };
  }

  return {
    status,

    /**
     * Goes through everything once; what is left is for the next time.
     * @param forMs about how long it may take at most
     * @param stopping ends it after the batch that is under way
     */
    async run(forMs = Infinity, stopping?: AbortSignal): Promise<MasterKeyStatus> {
      const until = performance.now() + forMs;
      for (const column of store.columns) {
        let afterId: string | null = null;
        while (performance.now() < until && stopping?.aborted !== true) {
          const values: SealedValue[] = await store.outdated(column, vault.version, afterId, BATCH);
          for (const value of values) {
            await items.attempt(`${value.at.column} of ${value.id}`, () => reseal(column, value));
          }
          if (values.length < BATCH) break;
          afterId = values.at(-1)!.id;
        }
      }
      return status();
    },
  };
}

export type MasterKeyRotation = ReturnType<typeof createMasterKeyRotation>;
