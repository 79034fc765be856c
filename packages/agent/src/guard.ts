import type { HostFinding, HostReport, Mend } from '@cvault/protocol';
import type { SerialQueue } from './serial-queue.ts';

/** A part of the host that differs from the agent's setup or keeps packets from devices. */
export interface Fault extends HostFinding {
  /** Puts it right. Absent: the agent cannot, and reports it. */
  readonly mend?: () => Promise<void>;
  /** State was lost that only the control plane can send again: the agent's epoch ends after the mend. */
  readonly endsEpoch?: boolean;
}

/** Checks one part of the host. */
export type Keeper = () => Promise<readonly Fault[]>;

export interface GuardOptions {
  readonly keepers: Readonly<Record<string, Keeper>>;
  /** Runs one batch at a time: nothing is mended while devices change. */
  readonly queue: SerialQueue;
  readonly onEndOfEpoch: (why: string) => void;
}

/** The number of mends sent again to each new watcher. The control plane recognises them by their numbers. */
const TOLD_MENDS = 64;
/** A fault that cannot be mended is believed when two checks in a row find it. */
const SECOND_LOOK_MS = 500;
/** After this many mends in a row of the same fault, the operator is notified: somebody keeps undoing them. */
const CONTESTED_AFTER = 4;
/** How long watchers have to receive the mend that ends an epoch. */
const LAST_WORDS_MS = 300;

/**
 * Keeps the host as the agent set it up: checks it, mends faults, and reports the rest. Checks take a hundred
 * milliseconds and run beside the batches. Only when there is something to mend does it check again between two
 * batches.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #keepers: Map<string, Keeper>;
  readonly #listeners = new Set<(report: HostReport) => void>();
  readonly #suspected = new Map<string, HostFinding>();
  /** How many checks in a row mended each code. */
  readonly #mendedInARow = new Map<string, number>();
  #problems: readonly HostFinding[] = [];
  #mended: readonly Mend[] = [];
  #mends = 0;
  #looking: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#keepers = new Map(Object.entries(options.keepers));
  }

  get report(): HostReport {
    return { problems: [...this.#problems], mended: [...this.#mended] };
  }

  /** Adds a part of the host to check. */
  keep(name: string, keeper: Keeper): void {
    this.#keepers.set(name, keeper);
  }

  /** Calls the listener on every change of the report. Returns a function that stops it. */
  onReport(listener: (report: HostReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Records a mend that was made elsewhere. */
  noteMended({ code, detail }: HostFinding): void {
    this.#mended = [...this.#mended, { number: ++this.#mends, code, detail }].slice(-TOLD_MENDS);
    this.#tell();
  }

  /** Checks once, after the running check. */
  async look(): Promise<void> {
    while (this.#looking !== undefined) await this.#looking;
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Checks until findings are confirmed: a fault found by one check only is checked again. */
  async examine(): Promise<void> {
    await this.look();
    if (this.#suspected.size === 0) return;
    await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
    await this.look();
  }

  /** Checks in a moment. Calls within that moment share one check; a call during a check causes another. */
  lookSoon(afterMs: number): void {
    if (this.#stopped) return;
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.look()
        .catch(() => undefined)
        .finally(() => {
          const again = this.#again;
          this.#again = false;
          if (again) this.lookSoon(afterMs);
        });
    }, afterMs).unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking?.catch(() => undefined);
  }

  async #look(): Promise<void> {
    let faults = await this.#faults();
    if (faults.some(({ mend }) => mend !== undefined)) {
      faults = await this.#options.queue.run(() => this.#mendAll());
    } else {
      this.#mendedInARow.clear();
    }
    this.#judge(faults);
  }

  async #faults(): Promise<Fault[]> {
    const found: Fault[] = [];
    // One after the other: they start processes, and nothing waits for them.
    for (const [name, keeper] of this.#keepers) {
      try {
        found.push(...(await keeper()));
      } catch (error) {
        const words = error instanceof Error ? error.message : 'it failed';
        found.push({ code: `${name}_unreadable`, detail: `Looking at it failed: ${words}.` });
      }
    }
    return found;
  }

  /** Checks again, since nothing changes now, and mends. Returns the faults that remain. */
  async #mendAll(): Promise<Fault[]> {
    const left: Fault[] = [];
    const codes = new Set<string>();
    let endOfEpoch: string | undefined;
    for (const { mend, ...fault } of await this.#faults()) {
      if (mend === undefined) {
        left.push(fault);
        continue;
      }
      codes.add(fault.code);
      const times = (this.#mendedInARow.get(fault.code) ?? 0) + 1;
      this.#mendedInARow.set(fault.code, times);
      if (times >= CONTESTED_AFTER) {
        left.push({ ...fault, detail: `${fault.detail} It comes back as often as it is mended.` });
      }
      try {
        await mend();
      } catch (error) {
        const words = error instanceof Error ? error.message : 'it failed';
        left.push({ ...fault, detail: `${fault.detail} Mending it failed: ${words}.` });
        continue;
      }
      if (times < CONTESTED_AFTER) this.noteMended(fault);
      if (fault.endsEpoch === true) endOfEpoch = fault.detail;
    }
    for (const code of this.#mendedInARow.keys()) if (!codes.has(code)) this.#mendedInARow.delete(code);
    if (endOfEpoch !== undefined) {
      const why = endOfEpoch;
      setTimeout(() => this.#options.onEndOfEpoch(why), LAST_WORDS_MS);
    }
    return left;
  }

  /** A fault found twice in a row is a problem; a fault no longer found is none. */
  #judge(faults: readonly Fault[]): void {
    const byCode = new Map(faults.map(({ code, detail }) => [code, { code, detail }]));
    const known = new Set(this.#problems.map(({ code }) => code));
    const problems = [...byCode.values()].filter(({ code }) => known.has(code) || this.#suspected.has(code));
    const doubtful = [...byCode.values()].filter(
      ({ code }) => !known.has(code) && !this.#suspected.has(code),
    );
    this.#suspected.clear();
    for (const finding of doubtful) this.#suspected.set(finding.code, finding);
    if (doubtful.length > 0) {
      setTimeout(() => this.lookSoon(0), SECOND_LOOK_MS).unref();
    }
    problems.sort((one, other) => (one.code < other.code ? -1 : 1));
    if (JSON.stringify(problems) === JSON.stringify(this.#problems)) return;
    this.#problems = problems;
    this.#tell();
  }

  #tell(): void {
    const { report } = this;
    for (const listener of this.#listeners) listener(report);
  }
}
