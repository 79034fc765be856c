import type { HostFinding, HostReport, Mend } from '@cvault/protocol';
import type { SerialQueue } from './serial-queue.ts';

/** Something on the host that is not as the agent set it up, or that keeps packets from devices. */
export interface Fault extends HostFinding {
  /** Puts it right. Absent: the agent cannot, and tells. */
  readonly mend?: () => Promise<void>;
  /** What only the control plane can say anew was lost with it: the agent's epoch ends once it is mended. */
  readonly endsEpoch?: boolean;
}

/** Looks at one part of the host. */
export type Keeper = () => Promise<readonly Fault[]>;

export interface GuardOptions {
  readonly keepers: Readonly<Record<string, Keeper>>;
  /** Runs one batch at a time: nothing is mended while devices change. */
  readonly queue: SerialQueue;
  readonly onEndOfEpoch: (why: string) => void;
}

/** As many mends are told again to whoever connects; the control plane knows them by their numbers. */
const TOLD_MENDS = 64;
/** A fault that cannot be mended is believed when two looks in a row find it. */
const SECOND_LOOK_MS = 500;
/** Somebody who undoes a mend as often as this in a row goes on doing so: the operator is told. */
const CONTESTED_AFTER = 4;
/** How long those who watch have to hear of the mend that ends an epoch. */
const LAST_WORDS_MS = 300;

/**
 * Keeps the host as the agent set it up: looks, mends what it can, and reports the rest. Looks go on beside the batches,
 * since they take a hundred milliseconds; only where something is to be mended, it is looked at again between two batches.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #keepers: Map<string, Keeper>;
  readonly #listeners = new Set<(report: HostReport) => void>();
  readonly #suspected = new Map<string, HostFinding>();
  /** How many looks in a row mended a code. */
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

  /** Adds a part of the host to be looked at. */
  keep(name: string, keeper: Keeper): void {
    this.#keepers.set(name, keeper);
  }

  /** Hears of every change of the report. Answers how to stop that. */
  onReport(listener: (report: HostReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Notes something that was mended elsewhere. */
  noteMended({ code, detail }: HostFinding): void {
    this.#mended = [...this.#mended, { number: ++this.#mends, code, detail }].slice(-TOLD_MENDS);
    this.#tell();
  }

  /** Looks once, after the look that is under way. */
  async look(): Promise<void> {
    while (this.#looking !== undefined) await this.#looking;
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Looks until what was found is believed: what only one look found is looked for again. */
  async examine(): Promise<void> {
    await this.look();
    if (this.#suspected.size === 0) return;
    await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
    await this.look();
  }

  /** Looks in a moment; many calls in that moment are one look, and one that comes during a look causes another. */
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
    // One after the other: they start processes, and nobody waits for them.
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

  /** Looks again, since nothing changes now, and mends. Answers what is left. */
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

  /** What is found twice in a row is a problem; what is not found any more is none. */
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
