/** How a step of another CPU ended. */
export const DONE = 0;
/** The task sleeps, on a lock or a migration entry: it is as if it had not come yet. */
export const SLEEPS = 1;
export type StepResult = 0 | 1;

/** Something that must not be, in words. */
export class Violation extends Error {}

/** What a step may touch, besides the CPU that takes it. */
export type Reach =
  | 'everything'
  | 'going-on'
  | 'lookup'
  | 'load'
  | 'store'
  | 'free-lists'
  | 'page'
  | 'file-page'
  | 'page-and-lru'
  | 'page-and-holds'
  | 'page-and-memory';

/** A step that another CPU may take: it begins an operation, or goes on with one. */
export interface Step {
  /** Place in the world's list of steps. */
  readonly id: number;
  /** In the kernel's words. */
  readonly name: string;
  /** The CPU that must be idle, or the one that goes on; 0 if any CPU will do. */
  readonly cpu: number;
  /** Page of the world that it is about; -1 for all. */
  readonly page: number;
  /** Process that it is about; -1 where that does not matter. */
  readonly slot: number;
  /** How far it reaches, for the question which steps can change places (independence.ts). */
  readonly touches: Reach;
  /** True if it begins something, which costs one of the operations that a world allows. */
  readonly begins: boolean;
  /** False if it cannot be taken back: it is no state of the machine alone that changes. */
  readonly again: boolean;
  /** May it be taken now, on that CPU? */
  enabled(cpu: number): boolean;
  perform(cpu: number): StepResult;
}

/** A step without its place in the list. */
export type Draft = Omit<Step, 'id' | 'slot' | 'again'> & { readonly slot?: number };
