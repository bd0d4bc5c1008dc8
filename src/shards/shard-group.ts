import { VacateError } from '../base/vacate-error.js';
import type { BlockId, Pfn } from '../mm/units.js';
import type { StrategyProgress } from '../strategies/strategy.js';
import { atATime } from './at-a-time.js';
import type { Shard, ShardFacts, ShardVerb, ShardVerbs } from './shard.js';

/*
 * A large machine is several NUMA nodes, and work that stays within a node touches nothing of the others. So each node is a
 * machine of its own here, a shard, that a thread of its own builds and keeps; pages move within their node.
 *
 * - A job is first planned, from summaries of all nodes, and then done by each node for itself. So many nodes work at a
 *   time as there are threads; plan and results are put together in the order of nodes. Neither can depend on who was
 *   first, so results, and each node's every byte, are the same for any number of threads.
 * - A thread that breaks down takes its node with it, and no other: the node is reported as lost, the others finish.
 * - A job that is stopped is undone in every node as the node's own strategy undoes it.
 */

/** A node of a group, with where its memory lies beside that of the others. */
export interface ShardNode {
  readonly node: number;
  readonly facts: ShardFacts;
  readonly firstPfn: Pfn;
  readonly firstBlock: BlockId;
  /** Why nobody can use the node any more; null if it is well. */
  readonly lost: string | null;
}

/** How the nodes of a machine are driven together. */
export interface GroupOptions {
  /** Aborted, it stops what is under way, in every node. */
  readonly signal?: AbortSignal | undefined;
  /** So many nodes work at a time; as was said when the group was opened, if absent. */
  readonly threads?: number;
  /** Told now and then where the job of a node stands. */
  readonly onProgress?: (node: number, progress: StrategyProgress) => void;
}

/** What a verb asks of one node, and how long that will take beside the others. */
export interface Ask<V extends ShardVerb> {
  readonly request: ShardVerbs[V]['request'];
  readonly weight: number;
}

interface Member extends Omit<ShardNode, 'lost'> {
  readonly shard: Shard;
  lost: string | null;
}

/** Nodes that do one job together. One job at a time. */
export class ShardGroup {
  readonly #members: Member[] = [];

  private constructor(readonly nrThreads: number) {}

  /**
   * Has every shard build its machine.
   *
   * @throws VacateError as building a machine does, or kind 'usage' if memory blocks differ in size; kind 'stopped' if
   *   the signal was aborted. No shard is left open then.
   */
  static async open(shards: readonly Shard[], nrThreads: number, options: GroupOptions = {}): Promise<ShardGroup> {
    const group = new ShardGroup(nrThreads);
    const asks = shards.map(() => ({ request: null, weight: 1 }));
    try {
      const opened = await askAll(shards, nrThreads, 'open', asks, options);
      for (const [node, answer] of opened.entries()) group.#add(shards[node]!, node, answer);
      return group;
    } catch (error) {
      await Promise.all(shards.map((shard) => shard.close()));
      throw error;
    }
  }

  #add(shard: Shard, node: number, answer: Answer<ShardFacts>): void {
    if (answer.kind === 'not-begun') throw new VacateError('stopped', 'the machine was not built: it was stopped');
    if (answer.kind === 'failed') throw answer.error;
    const facts = answer.value;
    const before = this.#members.at(-1);
    const { blockPages } = before?.facts ?? facts;
    if (facts.blockPages !== blockPages)
      throw new VacateError(
        'usage',
        `memory blocks of ${facts.name} have ${facts.blockPages} pages and those of ${before?.facts.name} ${blockPages}; ` +
          'give all nodes blocks of one size',
      );
    const firstBlock = before === undefined ? 0 : before.firstBlock + before.facts.blockState.length;
    this.#members.push({ shard, node, facts, firstPfn: firstBlock * blockPages, firstBlock, lost: null });
  }

  get nodes(): readonly ShardNode[] {
    return this.#members.map(({ shard: _shard, ...node }) => node);
  }

  /**
   * Asks all nodes for which there is something to ask, so many at a time as there are threads, and waits for all of
   * them: answers by node, null where nothing was asked, the node is lost, or the signal was aborted before it began.
   *
   * @throws VacateError that the first node in order threw; the others have come to their own end by then.
   */
  async ask<V extends ShardVerb>(
    verb: V,
    askOf: (node: ShardNode) => Ask<V> | null,
    options: GroupOptions = {},
  ): Promise<(ShardVerbs[V]['answer'] | null)[]> {
    const asks = this.#members.map((member) => (member.lost === null ? askOf(member) : null));
    const shards = this.#members.map(({ shard }) => shard);
    const answers = await askAll(shards, options.threads ?? this.nrThreads, verb, asks, options);
    const errors: VacateError[] = [];
    for (const [node, answer] of answers.entries()) {
      if (answer.kind !== 'failed') continue;
      if (VacateError.is(answer.error)) errors.push(answer.error);
      else await this.#lose(this.#members[node]!, answer.error);
    }
    if (errors[0] !== undefined) throw errors[0];
    return answers.map((answer) => (answer.kind === 'answered' ? answer.value : null));
  }

  async #lose(member: Member, error: unknown): Promise<void> {
    member.lost = error instanceof Error ? error.message : String(error);
    await member.shard.close();
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ shard }) => shard.close()));
  }
}

/** The same request for every node; what a node has to do grows with its pages. */
export function byPages<Request>(request: Request): (node: ShardNode) => { request: Request; weight: number } {
  return ({ facts }) => ({ request, weight: facts.nrPfns });
}

type Answer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'not-begun' };

async function askAll<V extends ShardVerb>(
  shards: readonly Shard[],
  nrThreads: number,
  verb: V,
  asks: readonly (Ask<V> | null)[],
  { signal, onProgress }: GroupOptions,
): Promise<Answer<ShardVerbs[V]['answer']>[]> {
  const answers = shards.map((): Answer<ShardVerbs[V]['answer']> => ({ kind: 'not-begun' }));
  const pieces = asks.flatMap((ask, node) => {
    if (ask === null) return [];
    const run = async () => {
      if (signal?.aborted === true) return;
      try {
        const tell = (progress: StrategyProgress) => onProgress?.(node, progress);
        const value = await shards[node]!.call(verb, ask.request, { signal, onProgress: tell });
        answers[node] = { kind: 'answered', value };
      } catch (error) {
        answers[node] = { kind: 'failed', error };
      }
    };
    return [{ weight: ask.weight, run }];
  });
  await atATime(nrThreads, pieces);
  return answers;
}
